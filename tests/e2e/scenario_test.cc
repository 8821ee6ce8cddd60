// The scenario language against a server that is not ours (Node): methods, bodies, templates and
// their escaping, cookies, redirects, compression, bearer tokens, collected values; and what
// happens to requests that do not end.

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/e2e/cluster.h"
#include "tests/support/probe.h"

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

TEST(Scenario, EveryPartOfTheLanguageReachesARealServerAsWritten) {
  if (std::system("command -v node > /dev/null") != 0) GTEST_SKIP() << "there is no node";
  Process shop({"node", std::string(SFP_SOURCE_DIR) + "/tests/e2e/shop.mjs"});
  ASSERT_TRUE(Eventually([&] { return shop.out().find('\n') != std::string::npos; })) << shop.err();
  const std::string url = shop.out().substr(13, shop.out().find('\n') - 13);

  Master master({"target: {url: " + url +
                     R"(, auth: {bearer: "${SHOP_TOKEN}"}, decompress: true, redirects: 3,
         headers: {X-Trace: "on"}}
load: {users: 14, spawn_rate: 100, run_time: 4s}
data:
  number: {range: {from: 1, to: 9999, width: 4}, pick: unique}
  note: {values: ['a "quoted" & curious value']}
  item: {collected: {capacity: 5}}
  token: {collected: {scope: user}}
  order: {collected: {scope: user}}
  state: {collected: {scope: user}}
  remark: {collected: {scope: user}}
users:
  member:
    count: 2
    wait: {constant: 20ms}
    tasks:
      checkout:
        tags: [shop]
        steps:
          - {name: sign in, post: /session, json: {user: "{{number}}"}, expect: {status: 201}, collect: {token: {json: /token}}}
          - {get: "/cart?user={{number}}", headers: {X-Token: "{{token}}"}, expect: {status: [200, 404]}}
          - if: {status: 404}
            then: [{name: new cart, put: /cart, headers: {X-Token: "{{token}}"}}]
          - {think: {uniform: [1ms, 3ms]}}
          - {set: {remark: "for {{number}}", state: ""}}
          - group: pay
            steps:
              - {name: order, post: /order, json: {note: "{{remark}}"}, headers: {X-Token: "{{token}}"}, collect: {order: {json: /order/id}}}
              - repeat: 10
                until: {name: state, is: done}
                steps:
                  - {name: poll, get: "/order?id={{order}}", headers: {X-Token: "{{token}}"}, collect: {state: {json: /state}}}
          - {name: sign out, delete: /session, headers: {X-Token: "{{token}}"}}
  customer:
    weight: 3
    wait: {exponential: 20ms}
    on_start: [login]
    tasks:
      login: {weight: 0, get: "/login?user={{number}}", collect: {item: {json: "/items/*/id", pick: all}}}
      basket: {weight: 2, post: /basket, json: {item: "{{item}}", count: 2, gift: true, note: "{{note}}"}, expect: {status: 201}}
      form: {post: /form, form: {note: "{{note}}"}}
      text: {put: /text, body: "plain {{note}}", expect: {status: 204}}
      search: {patch: "/search?page=1", query: {q: "{{note}}"}}
  robot:
    weight: 1
    wait: {pacing: 50ms}
    tasks:
      gone: {delete: /gone, expect: {status: 4xx}}
      big: {head: /big}
      any: {options: /any}
      half: {steps: [{group: broken, steps: [{name: fine, options: /any}, {name: wrong, options: /any, expect: {status: 404}}]}]}
      loop: {get: /loop}
      away: {get: /away}
      unfollowed: {get: /loop, redirects: false, expect: {status: 307}}
)",
                 {"--local-workers", "2", "--headless"},
                 {{"SHOP_TOKEN", "secret-token"}}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  shop.Signal(SIGTERM);
  ASSERT_EQ(shop.Wait(seconds(10)), 0);
  const std::string said = shop.out();
  const json::object seen = json::parse(said.substr(said.find('{'))).as_object();
  EXPECT_TRUE(seen.at("complaints").as_array().empty()) << json::serialize(seen);
  // One connection per user, kept alive (users may have been started on both sides of a second).
  EXPECT_EQ(Int(seen.at("connections")), 14) << json::serialize(seen);

  const json::object report = master.Report();
  ExpectAddsUp(report);
  const auto count = [&](const char* route) { return Int(seen.at("counts").at(route)); };
  const auto requests = [&](const char* name) {
    return Int(Endpoint(report, name).at("requests"));
  };
  const auto failures = [&](const char* name) {
    return Int(Endpoint(report, name).at("failures"));
  };
  EXPECT_EQ(count("GET /login") + count("GET /home"), requests("login"));
  EXPECT_EQ(count("GET /login"), 9);
  EXPECT_EQ(count("POST /basket"), requests("basket"));
  EXPECT_EQ(count("POST /form"), requests("form"));
  EXPECT_EQ(count("PUT /text"), requests("text"));
  EXPECT_EQ(count("PATCH /search"), requests("search"));
  EXPECT_EQ(count("DELETE /gone"), requests("gone"));
  EXPECT_EQ(count("HEAD /big"), requests("big"));
  EXPECT_EQ(count("OPTIONS /any"), requests("any") + requests("fine") + requests("wrong"));
  EXPECT_GT(failures("wrong"), 0);
  EXPECT_EQ(failures("broken"), failures("wrong"));
  EXPECT_EQ(failures("broken"), requests("broken"));
  EXPECT_EQ(count("POST /session"), requests("sign in"));
  EXPECT_EQ(count("GET /cart"), requests("checkout 2"));
  EXPECT_EQ(count("PUT /cart"), requests("new cart"));
  EXPECT_EQ(count("POST /order"), requests("order"));
  EXPECT_EQ(count("GET /order"), requests("poll"));
  EXPECT_EQ(count("DELETE /session"), requests("sign out"));
  EXPECT_GT(requests("sign out"), 20);
  EXPECT_LE(requests("sign in") - requests("sign out"), 2);  // what the run's end broke off
  // A group is a row, not requests: the totals are what the server counted.
  EXPECT_EQ(Endpoint(report, "pay").at("method").as_string(), "GROUP");
  EXPECT_LE(requests("sign out"), requests("pay"));
  EXPECT_LE(requests("pay") + Int(Endpoint(report, "pay").at("skipped")), requests("order"));
  std::int64_t served = 0;
  for (const auto& [route, n] : seen.at("counts").as_object()) served += Int(n);
  EXPECT_EQ(served, Int(report.at("totals").at("requests")));
  EXPECT_EQ(count("GET /loop"), requests("loop") + requests("unfollowed"));
  for (const char* name :
       {"login", "basket", "form", "text", "search", "gone", "big", "any", "unfollowed", "sign in",
        "checkout 2", "new cart", "order", "poll", "sign out", "pay"}) {
    EXPECT_GT(requests(name), 0) << name;
    EXPECT_EQ(failures(name), 0) << name;
  }
  // A loop fails after three hops that were answered like any request: four requests for each
  // failure. The run's end takes each of the 12 users at most once out of the middle of a loop: up
  // to three hops that belong to no failure. A worker follows nobody away from its target; an
  // answer that comes behind the end is not looked at for where it leads.
  EXPECT_GT(failures("loop"), 0);
  EXPECT_GE(requests("loop"), failures("loop") * 4);
  EXPECT_LE(requests("loop"), failures("loop") * 4 + 3 * 12);
  EXPECT_GT(failures("away"), 0);
  EXPECT_GE(requests("away"), failures("away"));
  EXPECT_LE(requests("away"), failures("away") + 12);
  for (const json::value& failure : report.at("failures").as_array()) {
    const bool half = failure.at("endpoint").as_string() == "wrong" ||
                      failure.at("endpoint").as_string() == "broken";
    EXPECT_NE(failure.at("class").as_string() == "redirects", half) << json::serialize(failure);
  }
}

TEST(Scenario, AnImportedDocumentIsCheckedAndRunsAgainstItsApi) {
  DemoApi api({"--speed", "20"});
  TemporaryFolder folder;
  const std::string path = folder.path() / "imported.yaml";
  const std::string document =
      std::string(SFP_SOURCE_DIR) + "/tests/unit/import/documents/staff-fee-privilege.yaml";
  const std::vector<std::string> command = {
      Binary("sfp-master"), "import", "openapi", document, "--out", path};
  Process import(command);
  ASSERT_EQ(import.Wait(seconds(20)), 0) << import.err();
  EXPECT_NE(import.err().find("set before a run: API_USER API_PASSWORD"), std::string::npos);
  Process again(command);
  EXPECT_EQ(again.Wait(seconds(20)), 2) << "an edited file would be lost";
  const std::string origin = api.url().substr(0, api.url().find('/', 8));
  Master master({Content(path),
                 {"--local-workers", "1", "--headless", "--host", origin, "--users", "10",
                  "--spawn-rate", "100", "--run-time", "4s"},
                 {{"API_USER", "user"}, {"API_PASSWORD", "password"}}});
  // Nobody has given it an id that exists: that task fails, the other one does not.
  EXPECT_EQ(master.process().Wait(seconds(60)), 1) << master.process().err();
  const json::object report = master.Report();
  ExpectAddsUp(report);
  const json::object& found = Endpoint(report, "getStaffFeePrivilege");
  EXPECT_GT(Int(found.at("requests")), 0);
  EXPECT_EQ(Int(found.at("failures")), 0) << json::serialize(report.at("failures"));
  const json::object& missed = Endpoint(report, "getStaffFeePrivilegeById");
  EXPECT_EQ(Int(missed.at("failures")), Int(missed.at("status").at("404")));
}

std::string Sha256Of(const std::string& path) {
  Process sha256({"sha256sum", path});
  EXPECT_EQ(sha256.Wait(seconds(10)), 0);
  return sha256.out().substr(0, 64);
}

// Parts, compression, signatures and rows as Node's own parsers, zlib and crypto see them.
TEST(Scenario, ValuesBodiesAndExpectationsHoldAgainstARealServer) {
  if (std::system("command -v node > /dev/null") != 0) GTEST_SKIP() << "there is no node";
  Process shop({"node", std::string(SFP_SOURCE_DIR) + "/tests/e2e/shop.mjs"});
  ASSERT_TRUE(Eventually([&] { return shop.out().find('\n') != std::string::npos; })) << shop.err();
  const std::string url = shop.out().substr(13, shop.out().find('\n') - 13);
  const TemporaryFolder folder;
  constexpr int kRows = 40;
  std::ofstream accounts(folder.path() / "accounts.csv");
  accounts << "id,password,user\n";
  for (int i = 0; i < kRows; ++i) accounts << i << ",\"pw, \"\"u" << i << "\"\"\",u" << i << '\n';
  accounts.close();
  std::ofstream photo(folder.path() / "photo.bin", std::ios::binary);
  for (int i = 0; i < 100'000; ++i) photo.put(static_cast<char>(i * i >> 3));
  photo.close();
  std::ofstream(folder.path() / "empty.bin").close();
  const std::string at = folder.path().string();
  const std::string digest = Sha256Of(at + "/photo.bin");

  Master master({"target: {url: " + url + R"(}
load: {users: 12, spawn_rate: 100, run_time: 4s}
data:
  account: {csv: )" + at +
                     R"(/accounts.csv, columns: [user, password], pick: unique, exhausted: stop}
  token: {collected: {scope: user}}
  xsrf: {collected: {scope: user}}
  id: {collected: {scope: user}}
  code: {collected: {scope: user}}
users:
  member:
    wait: {constant: 20ms}
    tasks:
      enroll: {post: /enroll, form: {user: "{{account.user}}", password: "{{account.password}}"}}
  sender:
    wait: {constant: 20ms}
    tasks:
      upload:
        post: /upload
        multipart:
          title: "a \"title\"\n--{{uuid()}}"
          photo: {file: )" +
                     at + R"(/photo.bin, type: image/png, name: my photo.png}
          none: {file: )" +
                     at + R"(/empty.bin}
        expect: {json: {/digest: )" +
                     digest + R"(, /id: 7}, size: {least: 10, most: 1KB}, time: 30s}
      raw: {put: /raw, body: {file: )" +
                     at + R"(/photo.bin}, expect: {body: {contains: )" + digest + R"(}}}
      packed:
        post: /packed
        gzip: true
        headers: {X-Signature: "{{hmac_sha256('a \"key\"', base64('é & co'))}}"}
        json: {who: "é & co", at: "{{timestamp_ms()}}", n: 3, signature: "{{hmac_sha256('a \"key\"', base64('é & co'))}}"}
  visitor:
    wait: {constant: 20ms}
    tasks:
      ticket:
        steps:
          - name: take
            get: /ticket
            expect: {status: 202, body: {matches: "name=.csrf"}}
            collect: {token: {regex: 'value=.([^"]*)'}, xsrf: {cookie: xsrf}, id: {header: x-ticket-id}, code: {status: true}}
          - name: use
            post: "/ticket?csrf={{token}}"
            headers: {X-Xsrf: "{{xsrf}}", X-Ticket-Id: "{{id}}"}
            body: "was {{code}}"
            expect: {status: 201, header: {Location: "/tickets/{{id}}"}, json: {/id: "{{id}}"}}
      warned: {get: /state, expect: {json: {/state: ok}, otherwise: warn}}
      wrong: {get: /state, expect: {header: {X-None: {contains: a}}}}
)",
                 {"--local-workers", "2", "--headless"}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  shop.Signal(SIGTERM);
  ASSERT_EQ(shop.Wait(seconds(10)), 0);
  const std::string said = shop.out();
  const json::object seen = json::parse(said.substr(said.find('{'))).as_object();
  EXPECT_TRUE(seen.at("complaints").as_array().empty()) << json::serialize(seen);
  // Row u + 12 k belongs to user u; users 0, 3, 6 and 9 are members.
  EXPECT_EQ(seen.at("rows").as_object().size(), 14u);
  for (const auto& [user, times] : seen.at("rows").as_object()) EXPECT_EQ(Int(times), 1) << user;

  const json::object report = master.Report();
  ExpectAddsUp(report);
  for (const char* name : {"enroll", "upload", "raw", "packed", "take", "use", "warned"}) {
    EXPECT_GT(Int(Endpoint(report, name).at("requests")), 0) << name;
    EXPECT_EQ(Int(Endpoint(report, name).at("failures")), 0) << name;
  }
  ASSERT_EQ(report.at("failures").as_array().size(), 1u);
  const json::object& failure = report.at("failures").at(0).as_object();
  EXPECT_EQ(failure.at("class").as_string(), "expectation");
  EXPECT_EQ(failure.at("message").as_string(), "header X-None is missing, expected to contain 'a'");
  ASSERT_EQ(report.at("warnings").as_array().size(), 1u);
  const json::object& warning = report.at("warnings").at(0).as_object();
  EXPECT_EQ(warning.at("message").as_string(), "/state 'broken', expected 'ok'");
  EXPECT_EQ(Int(warning.at("count")), Int(Endpoint(report, "warned").at("requests")));
}

TEST(Scenario, TryShowsWhatEachTaskSendsAndGetsAndHidesSecrets) {
  DemoApi api({"--speed", "20"});
  TemporaryFolder folder;
  std::string config = ExampleConfig(api.url(), 1);
  config.replace(config.find("status: 400"), 11, "status: 418");
  const std::string path = folder.Write("try.yaml", config);
  Process all({Binary("sfp-master"), "try", "--config", path, "--seed", "1"});
  EXPECT_EQ(all.Wait(seconds(30)), 1) << all.err();
  const std::string said = all.out();
  for (const char* part : {"by_term: GET /v1/staff-fee-privilege?term=20", "> Authorization: ***",
                           "< 200 in ", "collected osu_id = ", "FAILED: HTTP 400",
                           "would wait 100ms to 5s", "4 tasks, 4 requests, 1 failed, 0 skipped"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
  }
  EXPECT_EQ(said.find("dXNlcjpwYXNzd29yZA"), std::string::npos) << said;
  api.Stop();

  // Nobody is there any more; and a name that no task has.
  Process none({Binary("sfp-master"), "try", "--config", path, "--task", "by_id"});
  EXPECT_EQ(none.Wait(seconds(30)), 1) << none.err();
  EXPECT_NE(none.out().find("Connection refused"), std::string::npos) << none.out();
  EXPECT_NE(none.out().find("2 tasks, 1 requests, 1 failed, 1 skipped"), std::string::npos)
      << none.out();
  Process wrong({Binary("sfp-master"), "try", "--config", path, "--task", "by_terms"});
  EXPECT_EQ(wrong.Wait(seconds(30)), 2);
  EXPECT_NE(wrong.err().find("did you mean 'by_term'?"), std::string::npos) << wrong.err();
}

TEST(Scenario, SetupAndTeardownAreDoneOnceAndAllUsersGetWhatTheSetupCollected) {
  if (std::system("command -v node > /dev/null") != 0) GTEST_SKIP() << "there is no node";
  Process shop({"node", std::string(SFP_SOURCE_DIR) + "/tests/e2e/shop.mjs"});
  ASSERT_TRUE(Eventually([&] { return shop.out().find('\n') != std::string::npos; })) << shop.err();
  const std::string url = shop.out().substr(13, shop.out().find('\n') - 13);
  const auto config = [&](const std::string& made, const std::string& run_time) {
    return "target: {url: " + url + "}\nload: {users: 6, spawn_rate: 100, run_time: " + run_time +
           R"(}
data: {shelf: {collected: {capacity: 10}}}
setup:
  make: {post: /shelves, expect: {status: )" +
           made + R"(}, collect: {shelf: {json: "/ids/*", pick: all}}}
users:
  reader: {wait: {constant: 20ms}, tasks: {look: {get: "/shelf?id={{shelf}}"}}}
teardown:
  remove: {delete: "/shelves?id={{shelf}}", expect: {status: 204}}
)";
  };
  Master whole({config("201", "2s"), {"--local-workers", "2", "--headless"}});
  EXPECT_EQ(whole.process().Wait(seconds(60)), 0) << whole.process().err();
  const json::object report = whole.Report();
  ExpectAddsUp(report);
  EXPECT_EQ(report.at("endpoints").as_array().size(), 1u);
  EXPECT_EQ(Int(Endpoint(report, "look").at("failures")), 0);
  EXPECT_EQ(Int(Endpoint(report, "look").at("skipped")), 0);
  EXPECT_FALSE(std::filesystem::exists(whole.out() / "setup.pb"));

  Master interrupted({config("201", "1h"), {"--local-workers", "1", "--headless"}});
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(interrupted.out() / "setup.pb"); }))
      << interrupted.process().err();
  interrupted.process().Signal(SIGTERM);
  EXPECT_EQ(interrupted.process().Wait(seconds(60)), 130) << interrupted.process().err();

  Master failing({config("200", "1s"), {"--local-workers", "1", "--headless"}});
  EXPECT_EQ(failing.process().Wait(seconds(60)), 3);
  EXPECT_NE(failing.process().err().find("setup: make: HTTP 201, expected 200"), std::string::npos)
      << failing.process().err();

  shop.Signal(SIGTERM);
  ASSERT_EQ(shop.Wait(seconds(10)), 0);
  const std::string said = shop.out();
  const json::object seen = json::parse(said.substr(said.find('{'))).as_object();
  EXPECT_TRUE(seen.at("complaints").as_array().empty()) << json::serialize(seen);
  EXPECT_EQ(Int(seen.at("counts").at("POST /shelves")), 3);    // the third one failed
  EXPECT_EQ(Int(seen.at("counts").at("DELETE /shelves")), 2);  // what was set up
  EXPECT_GT(Int(Endpoint(report, "look").at("requests")), 100);
}

TEST(Scenario, WhatDoesNotEndIsReportedInFlight) {
  DemoApi api({"--service-time", "60s", "--law", "constant"});
  std::string config = ExampleConfig(api.url(), 20);
  config.replace(config.find("load: {users"), 7, "load: {stop_timeout: 1s, ");
  config.erase(config.find("thresholds:"));  // with nothing measured none of them holds
  Master master({config,
                 {"--local-workers", "2", "--headless", "--users", "8", "--spawn-rate", "100",
                  "--run-time", "3s", "--strict"}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 4) << master.process().err();
  const json::object report = master.Report();
  ExpectAddsUp(report);
  EXPECT_EQ(Int(report.at("totals").at("started")), 8);
  EXPECT_EQ(Int(report.at("totals").at("requests")), 0);
  EXPECT_EQ(Int(report.at("totals").at("in_flight")), 8);
  EXPECT_TRUE(report.at("totals").at("response_ms").at("p50").is_null());
  // They were given up after the run and the stop timeout: a bound, neither nothing nor zero.
  const json::value& censored = report.at("totals").at("censored");
  EXPECT_EQ(Int(censored.at("of_known_age")), 8);
  EXPECT_GT(censored.at("at_least").at("p50").to_number<double>(), 3'000);
  EXPECT_NE(master.process().out().find("8 requests were given up"), std::string::npos)
      << master.process().out();
  EXPECT_EQ(report.at("run").at("verdict").as_string(), "invalid");
}

TEST(Scenario, AMasterThatStaysRunsAgainWhenAsked) {
  DemoApi api({"--speed", "20"});
  Master master({ExampleConfig(api.url(), 20),
                 {"--workers", "2", "--users", "4", "--spawn-rate", "100", "--run-time", "2s",
                  "--web", "127.0.0.1:0"}});
  const std::string address = master.address();
  const auto first = StartWorker(address), second = StartWorker(address);
  const auto says = [&](const std::string& text) {
    return Eventually([&] { return master.process().err().find(text) != std::string::npos; });
  };
  ASSERT_TRUE(says("the workers stay for the next run")) << master.process().err();
  ExpectAddsUp(master.Report());

  support::Probe web(master.web_port());
  const auto started = web.Ask("POST", "/api/v1/start", "Content-Type: application/json\r\n",
                               R"({"users": 6, "run_time": "1s"})");
  ASSERT_TRUE(started.has_value());
  EXPECT_EQ(started->status, 200) << started->body;
  const auto runs = master.out().parent_path() / "runs";
  ASSERT_TRUE(Eventually([&] {
    if (!std::filesystem::exists(runs)) return false;
    const auto run = std::filesystem::directory_iterator(runs)->path();
    return !Content(run / "report.json").empty();
  })) << master.process().err();
  EXPECT_TRUE(first->running());
  EXPECT_TRUE(second->running());
  master.process().Signal(SIGTERM);
  EXPECT_EQ(master.process().Wait(seconds(20)), 0) << master.process().err();
  EXPECT_EQ(first->Wait(seconds(10)), 0);
  EXPECT_EQ(second->Wait(seconds(10)), 0);
}

}  // namespace
}  // namespace sfp::test
