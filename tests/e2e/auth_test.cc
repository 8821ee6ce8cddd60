// Credentials as a user has them: OAuth2 tokens of the demo API and of a Node server that is not
// ours, API keys, tokens that a login gives, client certificates per class that nginx demands.

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "common/net/authority.h"
#include "tests/e2e/cluster.h"
#include "tests/support/nginx.h"

namespace sfp::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

const json::object& Endpoint(const json::object& report, const std::string& name) {
  for (const json::value& row : report.at("endpoints").as_array()) {
    if (row.at("name").as_string() == name) return row.as_object();
  }
  throw std::runtime_error("no endpoint " + name);
}

bool NoNode() { return std::system("command -v node > /dev/null") != 0; }

// tests/e2e/oauth2.mjs
class Node {
 public:
  Node() : process_({"node", std::string(SFP_SOURCE_DIR) + "/tests/e2e/oauth2.mjs"}) {
    EXPECT_TRUE(Eventually([&] { return process_.out().find('\n') != std::string::npos; }))
        << process_.err();
    url_ = process_.out().substr(13, process_.out().find('\n') - 13);
  }
  const std::string& url() const { return url_; }
  json::object Stop() {
    process_.Signal(SIGTERM);
    EXPECT_EQ(process_.Wait(seconds(10)), 0);
    const std::string said = process_.out();
    return json::parse(said.substr(said.find('{'))).as_object();
  }

 private:
  Process process_;
  std::string url_;
};

// Every text that a run leaves behind.
std::string AllFiles(const std::filesystem::path& folder) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) all += Content(entry.path());
  }
  return all;
}

TEST(Auth, ATokenIsRenewedWhileTheRunIsOnAndNoRequestFails) {
  DemoApi api({"--speed", "20", "--oauth2", "--oauth2-lifetime", "2s", "--password", "the-secret"});
  std::string config = ExampleConfig(api.url(), 20);
  const std::size_t begin = config.find("auth:"), end = config.find('\n', begin);
  config.replace(begin, end - begin,
                 "auth: {oauth2: {token_url: \"" + api.url() +
                     "/oauth2/token\", client_id: user, client_secret: \"${SECRET}\"}}");
  config.erase(config.find("thresholds:"));
  config += "thresholds: [\"failures < 0.000001%\", \"oauth2 token: failures < 0.000001%\"]\n";
  Master master({config,
                 {"--local-workers", "2", "--headless", "--users", "10", "--spawn-rate", "100",
                  "--run-time", "5s"},
                 {{"SECRET", "the-secret"}}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0)
      << master.process().err() << master.process().out();
  const json::object served = api.Stop();
  const json::object report = master.Report();
  ExpectAddsUp(report);
  EXPECT_EQ(Int(served.at("requests")), Int(report.at("totals").at("started")));
  const json::object& tokens = Endpoint(report, "oauth2 token");
  EXPECT_TRUE(tokens.at("apart").as_bool());
  EXPECT_EQ(Int(served.at("oauth2").at("granted")), Int(tokens.at("started")));
  EXPECT_EQ(Int(served.at("oauth2").at("refused")), 0);
  EXPECT_EQ(Int(served.at("oauth2").at("expired")), 0);
  // Both workers: at first, and behind 1.6, 3.2 and 4.8 s.
  EXPECT_GE(Int(tokens.at("requests")), 6);
  EXPECT_NE(master.process().out().find("oauth2 token (apart)"), std::string::npos);
  const std::string said = AllFiles(master.out()) + master.process().out() + master.process().err();
  EXPECT_EQ(said.find("the-secret"), std::string::npos);
}

TEST(Auth, CredentialsOfEveryKindReachARealServerAsWritten) {
  if (NoNode()) GTEST_SKIP() << "there is no node";
  Node node;
  const std::string oauth2 =
      "client_id: load client, client_secret: \"${SECRET}\", scope: read write";
  Master master({"target: {url: \"" + node.url() + "\", auth: {oauth2: {token_url: \"" +
                     node.url() + "/token/forever\", " + oauth2 +
                     R"(}}}
load: {users: 12, spawn_rate: 100, run_time: 4s}
data: {token: {collected: {capacity: 1}}}
users:
  revoked: {wait: {constant: 20ms}, tasks: {forever: {get: /forever}}}
  text:
    wait: {constant: 100ms}
    auth: {oauth2: {token_url: ")" +
                     node.url() + "/token/text\", in: body, audience: \"https://api.example\", " +
                     oauth2 + R"(}}
    tasks: {text: {get: /text}}
  header: {wait: {constant: 100ms}, auth: {api_key: {header: X-API-Key, value: "${KEY}"}}, tasks: {in header: {get: /key/header}}}
  query: {wait: {constant: 100ms}, auth: {api_key: {query: key, value: "${KEY}"}}, tasks: {in query: {get: "/key/query?a=b"}}}
  bearer:
    wait: {constant: 100ms}
    auth: {bearer: "{{token}}"}
    on_start: [login]
    tasks:
      login: {weight: 0, post: /login, headers: {Authorization: none}, collect: {token: {json: /token}}}
      own: {get: /own}
      own header: {get: /own/header, headers: {Authorization: "Bearer {{token}}"}}
)",
                 {"--local-workers", "1", "--headless"},
                 {{"SECRET", "s3cret/with+odd:characters"}, {"KEY", "the & key"}}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  const json::object seen = node.Stop();
  const json::object report = master.Report();
  ExpectAddsUp(report);
  EXPECT_TRUE(seen.at("complaints").as_array().empty()) << json::serialize(seen);
  const json::object& answered = seen.at("answered").as_object();
  for (const char* route :
       {"/text", "/key/header", "/key/query", "/login", "/own", "/own/header"}) {
    EXPECT_TRUE(answered.contains(route)) << route;
    EXPECT_FALSE(seen.at("unauthorized").as_object().contains(route)) << route;
  }
  // One that names no life is used until the API refuses it, and then renewed, after a second at
  // the earliest.
  EXPECT_GT(Int(seen.at("unauthorized").at("/forever")), 0);
  EXPECT_GE(Int(seen.at("granted").at("forever")), 2);
  EXPECT_GT(Int(answered.at("/forever")), 20);
  EXPECT_EQ(Int(seen.at("granted").at("forever")),
            Int(Endpoint(report, "oauth2 token").at("started")));
  EXPECT_EQ(Int(seen.at("granted").at("text")), 1);
  EXPECT_EQ(Int(Endpoint(report, "oauth2 token text").at("requests")), 1);
  const std::string said = AllFiles(master.out()) + master.process().out() + master.process().err();
  for (const char* secret : {"s3cret", "the & key", "forever-1", "from-login"}) {
    EXPECT_EQ(said.find(secret), std::string::npos) << secret;
  }
}

TEST(Auth, WithoutATokenTheRunDoesNotBeginAndSaysWhy) {
  if (NoNode()) GTEST_SKIP() << "there is no node";
  Node node;
  const auto run = [&](const std::string& kind, const std::string& secret,
                       const std::string& worker_option) {
    Master master({"target: {url: \"" + node.url() +
                       "\", timeout: 500ms, auth: {oauth2: {token_url: \"" + node.url() +
                       "/token/" + kind + "\", client_id: load client, client_secret: \"" + secret +
                       "\", scope: read write}}}\n" + "users: {u: {tasks: {t: {get: /text}}}}\n",
                   {"--workers", "1", "--headless", "--users", "2", "--run-time", "3s"}});
    std::vector<std::string> options = {"--threads", "1"};
    if (!worker_option.empty()) options.insert(options.end(), {"--allow-target", worker_option});
    const auto worker = StartWorker(master.address(), options);
    EXPECT_EQ(master.process().Wait(seconds(60)), 3) << master.process().err();
    const std::string said = master.process().err() + master.process().out();
    EXPECT_EQ(said.find("wrong-secret"), std::string::npos) << said;
    return said;
  };
  const std::string secret = "s3cret/with+odd:characters";
  const std::string from = "oauth2: no token from " + node.url() + ": ";
  EXPECT_NE(run("text", "wrong-secret", "").find(from + "HTTP 401, invalid_client: who is '***'?"),
            std::string::npos);
  EXPECT_NE(run("silent", secret, "").find(from + "first byte: no answer within 500ms"),
            std::string::npos);
  EXPECT_NE(run("broken", secret, "").find(from + "the answer is not a JSON object"),
            std::string::npos);
  EXPECT_NE(run("text", secret, "127.0.0.1:1").find("is not in this worker's --allow-target"),
            std::string::npos);
  const json::object seen = node.Stop();
  EXPECT_TRUE(seen.at("answered").as_object().empty()) << json::serialize(seen);
  EXPECT_TRUE(seen.at("unauthorized").as_object().empty()) << json::serialize(seen);
}

TEST(Auth, ClassesShowCertificatesOfTheirOwn) {
  if (!Nginx::Installed()) GTEST_SKIP() << "nginx is not installed";
  const auto authority = net::Authority::Create({});
  ASSERT_TRUE(authority.ok());
  const auto server = authority->Issue({.names = {"localhost", "127.0.0.1"}}, {});
  const auto alice = authority->Issue({{"alice"}, net::Purpose::kClient}, {});
  const auto bob = authority->Issue({{"bob"}, net::Purpose::kClient}, {});
  ASSERT_TRUE(server.ok() && alice.ok() && bob.ok());
  TemporaryFolder files;
  const std::string ca = files.Write("ca.pem", authority->own().cert_pem);
  const auto write = [&](const std::string& name, const net::CertifiedKey& key) {
    return "{cert: " + files.Write(name + ".crt", key.cert_pem) +
           ", key: " + files.Write(name + ".key", key.key_pem) + "}";
  };
  NginxSetup setup;
  setup.cert_pem = server->cert_pem;
  setup.key_pem = server->key_pem;
  setup.server =
      "ssl_client_certificate " + ca +
      ";\nssl_verify_client optional;\n"
      "location / { return 200 \"$ssl_client_verify\"; }\n"
      "location /alice { if ($ssl_client_s_dn != \"CN=alice\") { return 403; } return 204; }\n"
      "location /bob { if ($ssl_client_s_dn != \"CN=bob\") { return 403; } return 204; }\n"
      "location /nobody { if ($ssl_client_verify != \"NONE\") { return 403; } return 204; }\n";
  const Nginx nginx(setup);
  Master master({"target: {url: \"https://localhost:" + std::to_string(nginx.tls_port()) +
                     "\", tls: {ca: " + ca + "}}\n" +
                     "load: {users: 6, spawn_rate: 100, run_time: 2s}\n"
                     "users:\n"
                     "  nobody: {wait: {constant: 50ms}, tasks: {nobody: {get: /nobody}}}\n"
                     "  alice: {wait: {constant: 50ms}, tls: " +
                     write("alice", *alice) +
                     ", tasks: {alice: {get: /alice}}}\n"
                     "  bob: {wait: {constant: 50ms}, tls: " +
                     write("bob", *bob) +
                     ", tasks: {bob: {get: /bob}}}\n"
                     "thresholds: [\"failures < 0.000001%\"]\n",
                 {"--local-workers", "1", "--headless"}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0)
      << master.process().err() << master.process().out();
  const json::object report = master.Report();
  for (const char* name : {"nobody", "alice", "bob"}) {
    EXPECT_GT(Int(Endpoint(report, name).at("requests")), 0) << name;
  }
}

}  // namespace
}  // namespace sfp::test
