// A secret must never be read anywhere, whatever else is wrong on its line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "hunter2";
const Variables kVariables = {{"SECRET", kSecret}, {"N", "7"}, {"HOST", "api.example"}};

TEST(Secrets, NoFindingShowsOne) {
  const std::string cases[] = {
      "target: {url: x, auth: {basic: {user: bob, password: hunter2}}}",
      "target: {url: x, auth: {basic: {user: hunter2, password: bob, extra: 1}}}",
      "target: {url: x, auth: {basic: {user: bob, pasword: hunter2}}}",
      "target: {url: x, auth: {basic: {user: bob, pass: hunter2}}}",
      "target: {url: x, auth: {basic: {user:hunter2, password: y}}}",
      "target: {url: x, auth: {basic: {user: a, password:hunter2}}}",
      "target: {url: x, auth: hunter2}",
      "target: {url: x, auth: [hunter2]}",
      "target: {url: x, auth: {bearer: hunter2 a}}",
      "target: {url: x, auth: {bearer: \"hunter2\", basic: hunter2}}",
      "target: {url: x, auth: {bearer: 'hunter2''s'}, timeout: 5}",
      "target: {url: x, auth: {bearer: \"a\\\"hunter2\"}, timeout: 5}",
      "target: {url: x, Auth: {bearer: hunter2}}",
      "target: {url: x, authentication: {bearer: hunter2}}",
      "auth: {bearer: hunter2}",
      "auth: hunter2",
      "target: {url: x, auth: {oauth2: {token_url: x, client_id: a, client_secret: hunter2}}}",
      "target: {url: x, auth: {oauth2: {token_url: x, client_secrt: hunter2}}}",
      "target: {url: x, auth: {oauth2: hunter2}}",
      "target: {url: x, auth: {api_key: {header: a, value: hunter2, valu: hunter2}}}",
      "target: {url: x, auth: {api_key: hunter2}}",
      "users: {u: {auth: {bearer: hunter2 a}}}",
      "users: {u: {auth: hunter2}}",
      "users: {u: {auth: {api_key: {header: \"a b\", value: hunter2}}}}",
      "target: {url: x, auth: {basic: {user: a, password: hunter2, password: hunter2}}}",
      "target: {url: x, auth: {basic: {user: \"a:hunter2\", password: b}}}",
      "target: {url: \"https://bob:hunter2@h\"}",
      "target: {url: \"https://h\", headers: {Authorization: Bearer hunter2, \"B B\": x}}",
      "target: {url: \"https://h\", headers: {Cookie: hunter2, accept: x, Accept: y}}",
      "target:\n  auth:\n    bearer: |\n      hunter2\n      more\n  timeout: 5\n",
      "target:\n  auth:\n    bearer:\n      \"x\n      hunter2\"\n    basic: 1\n",
      "target: {url: \"${SECRET}\"}",
      "target: {url: \"ftp://${SECRET}/x\"}",
      "target: {url: \"http://h\", timeout: \"${SECRET}\", base_path: \"${SECRET}\"}",
      "target: {url: \"http://h\", tls: {ca: \"${SECRET}\", verify: \"${SECRET}\"}}",
      "target: {url: \"http://h\", headers: {A: \"${SECRET}{{x\", B: \"{{${SECRET}}}\"}}",
      "load: {users: \"${SECRET}\"}",
      "load: {sweep: {users: [\"${SECRET}\"]}}",
      "data: {d: {csv: \"${SECRET}.csv\", column: \"${SECRET}\", pick: \"${SECRET}\"}}",
      "thresholds: [\"${SECRET}\", \"${SECRET}: avg < 1s\", \"p95 < ${SECRET}\"]",
      "users: {u: {on_start: [\"${SECRET}\"], tasks: {t: {get: \"${SECRET}\", json: "
      "\"${SECRET}\"}}}}",
      "users: {u: {tasks: {t: {post: /, collect: {c: {json: \"${SECRET}\", match: "
      "\"(${SECRET}\"}}}}}}",
      // Broken YAML has no tree to tell what is secret.
      "target: {url: x, auth: {bearer: hunter2, basic: [}}",
      "target:\n  auth:\n    basic:\n      user: hunter2: x\n",
      "target:\n  auth: {basic: {user: a,\n    password:\n      hunter2: x: y}}\n",
      "target:\n  auth: {bearer: hunter2}\n  auth: {bearer: hunter2}\nname: {\n",
  };
  // A short one is hidden by its place alone, a long one in any text.
  for (const std::string secret : {kSecret, "q7Zx"}) {
    for (std::string text : cases) {
      for (std::size_t at; (at = text.find(kSecret)) != std::string::npos && secret != kSecret;) {
        text.replace(at, std::string(kSecret).size(), secret);
      }
      const Loaded loaded = ParseText(text + "\n", {{"SECRET", secret}});
      EXPECT_FALSE(loaded.diagnostics.empty()) << text;
      EXPECT_THAT(Printed(loaded), Not(HasSubstr(secret))) << text;
      for (const Diagnostic& diagnostic : loaded.diagnostics) {
        EXPECT_THAT(diagnostic.source_line, Not(HasSubstr(secret))) << text;
      }
    }
  }
}

TEST(Secrets, HidingMovesTheCaretWithItsText) {
  const Loaded loaded = ParseText(
      "target: {url: \"http://h\", auth: {bearer: hunter2-hunter2}, timeout: 5}\n" + kUsers);
  EXPECT_EQ(Printed(loaded),
            "c.yaml:1:69: 'timeout' takes a duration such as 250ms, 5s or 1m30s, not '5', did you "
            "mean '5s'?\n"
            "  target: {url: \"http://h\", auth: {bearer: ***}, timeout: 5}\n"
            "                                                          ^\n");
}

const std::string kGood =
    "target:\n"
    "  url: https://${HOST}:8443\n"
    "  auth: {basic: {user: bob, password: hunter2}}\n"
    "  headers: {X-Key: \"a${SECRET}b\", Authorization: Bearer hunter2, X-Plain: visible}\n"
    "load: {users: \"${N}\"}\n"
    "users: {u: {tasks: {t: {post: \"/?k=${SECRET}\", json: {password: hunter2, n: 1}}}}}\n";

TEST(Secrets, TheResolvedPlanHasStarsInTheirPlace) {
  const Loaded loaded = ParseText(kGood, kVariables);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const std::string& yaml = loaded.config->resolved_yaml;
  EXPECT_THAT(yaml, Not(HasSubstr(kSecret)));
  EXPECT_THAT(yaml, Not(HasSubstr("bob")));
  EXPECT_THAT(yaml, Not(HasSubstr("api.example")));
  EXPECT_THAT(yaml, HasSubstr("url: \"https://***:8443\""));
  EXPECT_THAT(yaml, HasSubstr("password: \"***\""));
  EXPECT_THAT(yaml, HasSubstr("X-Key: \"a***b\""));
  EXPECT_THAT(yaml, HasSubstr("Authorization: \"***\""));
  EXPECT_THAT(yaml, HasSubstr("X-Plain: \"visible\""));
  EXPECT_THAT(yaml, HasSubstr("post: \"/?k=***\""));
  EXPECT_THAT(yaml, HasSubstr("json: {password: \"***\", \"n\": 1}"));
  EXPECT_THAT(yaml, HasSubstr("users: 7\n"));  // a number is no secret
}

TEST(Secrets, TheScenarioHasTheRealValues) {
  const Loaded loaded = ParseText(kGood, kVariables);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const v1::Target& target = loaded.config->scenario.target();
  EXPECT_EQ(target.url(), "https://api.example:8443");
  EXPECT_EQ(target.auth().basic().password(), kSecret);
  EXPECT_EQ(target.headers(0).value(), "ahunter2b");
  const v1::Task& task = loaded.config->scenario.users(0).tasks(0);
  EXPECT_EQ(task.path(), "/?k=hunter2");
  EXPECT_EQ(task.body().json(), "{\"password\":\"hunter2\",\"n\":1}");
}

TEST(Secrets, AreListedLongestFirstForRedact) {
  const Loaded loaded = ParseText(kGood, kVariables);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_THAT(loaded.config->secrets,
              testing::ElementsAre("Ym9iOmh1bnRlcjI=", "Bearer hunter2", "api.example", "hunter2"));
  EXPECT_EQ(
      Redact("GET https://api.example/?k=hunter2hunter2 as Bearer hunter2", loaded.config->secrets),
      "GET https://***/?k=****** as ***");
  EXPECT_EQ(Redact("nothing", {}), "nothing");
  EXPECT_EQ(Redact("a", {""}), "a");
}

TEST(Secrets, ADefaultIsNoneButUnderAuthEverythingIs) {
  const Loaded loaded = ParseText(
      "target: {url: \"${U:-http://default.example}\", auth: {bearer: \"${B:-fallback}\"}}\n" +
      kUsers);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_THAT(loaded.config->resolved_yaml, HasSubstr("http://default.example"));
  EXPECT_THAT(loaded.config->resolved_yaml, Not(HasSubstr("fallback")));
  EXPECT_EQ(loaded.config->secrets, std::vector<std::string>{"fallback"});
}

TEST(Secrets, WhereATokenComesFromIsNoneButWhatItIsGivenForIs) {
  const Loaded loaded = ParseText(
      "target:\n"
      "  url: https://api.example\n"
      "  auth:\n"
      "    oauth2: {token_url: \"https://idp.example/t\", client_id: load-test, client_secret: "
      "hunter2,\n"
      "             scope: all of it, in: body, tls: {server_name: idp}}\n"
      "data: {token: {collected: {}}}\n"
      "users:\n"
      "  a: {auth: {api_key: {header: X-Some-Key, value: hunter2}}, tasks: {t: {get: /}}}\n"
      "  b: {auth: {api_key: {query: some_key, value: \"hunter2{{token}}\"}}, tasks: {t: {get: "
      "/}}}\n"
      "  c:\n"
      "    auth: {bearer: \"{{token}}\"}\n"
      "    tasks:\n"
      "      t: {get: /, headers: {Authorization: \"Bearer {{token}}\"}, collect: {token: {json: "
      "/a}}}\n"
      "      s: {get: /, headers: {Authorization: \"Bearer hunter2{{token}}\"}}\n");
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const std::string& yaml = loaded.config->resolved_yaml;
  EXPECT_THAT(yaml, Not(HasSubstr(kSecret)));
  for (const char* shown :
       {"token_url: \"https://idp.example/t\"", "client_id: \"load-test\"",
        "client_secret: \"***\"", "scope: \"all of it\"", "in: body", "server_name: \"idp\"",
        "header: \"X-Some-Key\"", "query: \"some_key\"", "value: \"***\"", "bearer: \"{{token}}\"",
        "Authorization: \"Bearer {{token}}\"", "Authorization: \"***\""}) {
    EXPECT_THAT(yaml, HasSubstr(shown));
  }
  EXPECT_THAT(loaded.config->secrets, testing::Contains(kSecret));
  EXPECT_THAT(loaded.config->secrets, testing::Not(testing::Contains("load-test")));
  // The resolved plan is a valid configuration and its own resolved plan.
  const Loaded again = ParseText(yaml);
  ASSERT_TRUE(again.config) << Findings(again);
  EXPECT_EQ(again.config->resolved_yaml, yaml);
}

TEST(Secrets, TheExamplesCredentialsStayOutOfItsPlan) {
  std::ifstream in(std::string(SFP_SOURCE_DIR) + "/config-example.yaml");
  std::stringstream text;
  text << in.rdbuf();
  const Loaded loaded =
      ParseText(text.str(), {{"SFP_API_USER", "some-user"}, {"SFP_API_PASSWORD", kSecret}});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_EQ(loaded.config->scenario.target().auth().basic().password(), kSecret);
  EXPECT_THAT(loaded.config->resolved_yaml, Not(HasSubstr(kSecret)));
  EXPECT_THAT(loaded.config->resolved_yaml, Not(HasSubstr("some-user")));
}

}  // namespace
}  // namespace sfp::config
