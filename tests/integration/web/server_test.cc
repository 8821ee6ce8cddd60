// The master's web side over real sockets, with a backend that only remembers.

#include "master/web/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "tests/support/probe.h"
#include "tests/support/process.h"
#include "tests/unit/results/journal.h"

namespace sfp::web {
namespace {

using support::Probe;
using ::testing::HasSubstr;
using ::testing::Not;

class RememberingBackend final : public Backend {
 public:
  RunStatus GetStatus() override { return status; }
  Defaults GetDefaults() override { return {}; }
  std::vector<WorkerRow> GetWorkers() override { return {{.name = "w", .state = "ready"}}; }
  const results::Results* GetResults() override { return results; }
  std::vector<LogLine> GetLog(std::uint64_t after) override {
    std::vector<LogLine> lines;
    for (std::uint64_t n = after + 1; n <= 3; ++n) lines.push_back({n, "now", "info", "line"});
    return lines;
  }
  std::vector<RunFolder> GetRuns() override { return runs; }
  Mark GetMark() override { return mark; }
  Status Start(const StartParams& params) override {
    started = params;
    if (status.state == "running") return absl::FailedPreconditionError("a run is on already");
    status.state = "running";
    return Ok();
  }
  Status Edit(const EditParams& params) override {
    edited = params;
    return Ok();
  }
  Status Stop() override {
    status.state = "stopping";
    return Ok();
  }
  Status Reset() override { return absl::FailedPreconditionError("no run has begun yet"); }

  RunStatus status;
  Mark mark;
  const results::Results* results = nullptr;
  std::vector<RunFolder> runs;
  std::optional<StartParams> started;
  std::optional<EditParams> edited;
};

// The loop's thread runs only while a request is asked, so that a test may look at the backend
// between.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : server_(loop_, {.port = 0}, backend_) { EXPECT_TRUE(server_.Listen().ok()); }

  support::Reply Ask(std::string_view method, std::string_view target, std::string_view fields = {},
                     std::string_view body = {}) {
    loop_.restart();
    std::thread thread([this] { loop_.run(); });
    Probe probe(server_.port());
    const auto reply = probe.Ask(method, target, fields, body);
    loop_.stop();
    thread.join();
    return reply ? *reply : support::Reply();
  }

  boost::asio::io_context loop_{1};
  RememberingBackend backend_;
  Server server_;
};

constexpr std::string_view kJson = "Content-Type: application/json\r\n";
constexpr std::string_view kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

TEST_F(ServerTest, LivesAndIsReadyWhenTheBackendIs) {
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/ready").status, 503);
  backend_.status.ready = true;
  EXPECT_EQ(Ask("GET", "/ready").status, 200);
}

TEST_F(ServerTest, ShowsThePageAndTheStatus) {
  backend_.status.users = 4711;
  const auto page = Ask("GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.Field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.Field("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.Field("Content-Security-Policy"), Not(HasSubstr("unsafe")));
  EXPECT_THAT(page.body, HasSubstr("/assets/app.js"));
  EXPECT_THAT(Ask("GET", "/assets/app.js").body, HasSubstr("EventSource"));
  const auto json = Ask("GET", "/api/v1/status?x=1");
  EXPECT_EQ(json.Field("Content-Type"), "application/json");
  EXPECT_THAT(json.body, HasSubstr(R"("users": 4711)"));
  const auto head = Ask("HEAD", "/api/v1/status");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Field("Content-Length"), std::to_string(json.body.size()));
}

TEST_F(ServerTest, StartsAndStops) {
  const auto reply = Ask("POST", "/api/v1/start", kJson, R"({"users":7})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr(R"("state": "running")"));
  ASSERT_TRUE(backend_.started);
  EXPECT_EQ(backend_.started->users, "7");
  const auto again = Ask("POST", "/api/v1/start", kJson);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body, "{\"error\":\"a run is on already\"}\n");
  EXPECT_THAT(Ask("POST", "/api/v1/stop", kJson).body, HasSubstr(R"("state": "stopping")"));
}

TEST_F(ServerTest, RefusesWhatIsWrongWithoutAskingTheBackend) {
  struct Case {
    std::string method, target, fields, body;
    int status;
  };
  const std::string json(kJson);
  const std::string own = "Origin: http://127.0.0.1:" + std::to_string(server_.port()) + "\r\n";
  for (const Case& expected : {
           Case{"GET", "/nothing", "", "", 404},
           Case{"GET", "/api/v1/start", "", "", 405},
           Case{"DELETE", "/api/v1/status", "", "", 405},
           Case{"POST", "/api/v1/start", "", "{}", 415},
           Case{"POST", "/api/v1/start", "Content-Type: text/plain\r\n", "{}", 415},
           Case{"POST", "/api/v1/start", json + "Origin: http://example.org\r\n", "{}", 403},
           Case{"POST", "/api/v1/start", json + "Origin: null\r\n", "{}", 403},
           Case{"POST", "/api/v1/start", json + own, R"({"usrs":1})", 400},
           Case{"POST", "/api/v1/stop", json + own, R"({"usrs":1})", 400},
           Case{"POST", "/api/v1/edit", json + own, R"({"users":"x"})", 400},
           Case{"POST", "/api/v1/start", std::string(kForm) + own, "users=1", 415},
           Case{"POST", "/api/v1/start", std::string(kForm) + "Sec-Fetch-Site: cross-site\r\n",
                "users=1", 403},
           Case{"POST", "/api/v1/reset", json, "", 409},
           Case{"GET", "/api/v1/series", "", "", 409},
           Case{"GET", "/api/v1/log?after=x", "", "", 400},
           Case{"GET", "/api/v1/reports/a", "", "", 404},
           Case{"POST", "/api/v1/start", json, std::string(65 * 1024, ' '), 413},
       }) {
    const auto reply = Ask(expected.method, expected.target, expected.fields, expected.body);
    EXPECT_EQ(reply.status, expected.status) << expected.method << " " << expected.target;
    EXPECT_THAT(reply.body, HasSubstr("\"error"));
  }
  EXPECT_FALSE(backend_.started);
  EXPECT_EQ(backend_.status.state, "idle");
  EXPECT_EQ(Ask("POST", "/api/v1/start", json + own, "{}").status, 200);
}

TEST_F(ServerTest, TakesAFormFromAScript) {
  EXPECT_EQ(Ask("POST", "/api/v1/start", kForm, "users=7&run_time=5m").status, 200);
  EXPECT_EQ(backend_.started->run_time, "5m");
  EXPECT_EQ(Ask("POST", "/api/v1/edit", kForm, "users=9").status, 200);
  EXPECT_EQ(backend_.edited->users, 9u);
}

TEST_F(ServerTest, SendsTheFilesOfARunAndNothingElse) {
  const test::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream(folder.path() / name) << content;
  };
  const std::string large(3'000'000, 'x');
  std::filesystem::create_directory(folder.path() / "run-1");
  write("secret", "no");
  write("run-1/report.json", "{}");
  write("run-1/report.html", "<html>");
  write("run-1/journal.pb", large);
  write("run-1/.hidden", "no");
  std::filesystem::create_directory(folder.path() / "run-1" / "folder");
  std::filesystem::create_symlink("../secret", folder.path() / "run-1" / "link");
  backend_.runs = {{"run-1", (folder.path() / "run-1").string()}};
  const std::string list = Ask("GET", "/api/v1/reports").body;
  EXPECT_THAT(list, HasSubstr(R"({"name": "report.json", "bytes": 2})"));
  for (const char* not_listed : {"hidden", "link", "folder", "secret"}) {
    EXPECT_THAT(list, Not(HasSubstr(not_listed)));
  }
  const auto json = Ask("GET", "/api/v1/reports/run-1/report.json");
  EXPECT_EQ(json.body, "{}");
  EXPECT_THAT(json.Field("Content-Disposition"), HasSubstr("attachment"));
  EXPECT_THAT(Ask("GET", "/api/v1/reports/run-1/report.html").Field("Content-Security-Policy"),
              HasSubstr("sandbox"));
  EXPECT_TRUE(Ask("GET", "/api/v1/reports/run-1/journal.pb").body == large);
  for (const char* trick :
       {"run-1/../secret", "run-1/%2e%2e%2fsecret", "run-1/..", "run-1/.hidden", "run-1/link",
        "run-1/folder", "../secret", "run-1//secret", "run-2/report.json", "run-1/report.json/",
        "run-1/report.json%00", "./run-1/report.json", "run-1/"}) {
    EXPECT_EQ(Ask("GET", std::string("/api/v1/reports/") + trick).status, 404) << trick;
  }
}

// More than a socket's buffers hold, so that the deaf one stands in the way if it can.
TEST_F(ServerTest, TellsPagesWhatIsNewAndLeavesOutThoseThatDoNotListen) {
  backend_.status.says = std::string(3'000'000, 'x');
  std::thread thread([this] { loop_.run(); });
  const std::string_view listen = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Probe deaf(server_.port());
  deaf.Send(listen);
  std::vector<std::unique_ptr<Probe>> pages;
  for (int i = 0; i < 5; ++i) {
    pages.push_back(std::make_unique<Probe>(server_.port()));
    pages.back()->Send(listen);
  }
  for (int i = 0; i < 3; ++i) {
    for (const auto& page : pages) {
      EXPECT_THAT(page->ReadUntil("\n\n"), HasSubstr(R"("state": "idle")")) << i;
    }
    const auto reply = Probe(server_.port()).Ask("GET", "/healthz");
    EXPECT_TRUE(reply && reply->status == 200);
  }
  loop_.stop();
  thread.join();
}

// The causes are looked for at most once a second; the counts are always those of now.
TEST_F(ServerTest, FailuresAreCountedBeforeAnybodyHasLookedForTheirCauses) {
  results::Journal journal;
  backend_.results = &journal.results;
  backend_.mark.second = 1;
  EXPECT_THAT(Ask("GET", "/api/v1/failures").body, HasSubstr(R"("failures": [])"));
  journal.Deliver(0, 0, {.succeeded = 5, .failed = 3});
  backend_.mark.second = 2;
  const std::string counted = Ask("GET", "/api/v1/failures").body;
  EXPECT_THAT(counted, HasSubstr(R"("message": "reset")"));
  EXPECT_THAT(counted, HasSubstr(R"("count": 3)"));
  EXPECT_THAT(counted, HasSubstr(R"("cause": null)"));
  backend_.mark.state = 1;  // then they are looked for at once
  const std::string explained = Ask("GET", "/api/v1/failures").body;
  EXPECT_THAT(explained, HasSubstr(R"("count": 3)"));
  EXPECT_THAT(explained, Not(HasSubstr(R"("cause": null)")));
  journal.Deliver(0, 1, {.failed = 4});
  backend_.mark.second = 3;
  const std::string more = Ask("GET", "/api/v1/failures").body;
  EXPECT_THAT(more, HasSubstr(R"("count": 3)"));
  EXPECT_THAT(more, HasSubstr(R"("count": 4)"));
}

// Its schemas are held to a real run's answers by tests/web.
TEST_F(ServerTest, TheOpenApiFileNamesEveryOperationAndNoOther) {
  std::set<std::string> expected, described;
  for (const Server::Route& route : Server::Routes()) {
    const bool of_the_page = route.path == "/" || route.path.starts_with("/assets/") ||
                             (route.method == "GET" && route.path == "/login");
    if (!of_the_page) expected.insert(std::string(route.method) + " " + std::string(route.path));
  }
  const auto reply = Ask("GET", "/api/v1/openapi.json");
  EXPECT_EQ(reply.Field("Content-Type"), "application/json");
  const boost::json::value file = boost::json::parse(reply.body);
  for (const auto& path : file.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      std::string method = operation.key();
      std::transform(method.begin(), method.end(), method.begin(), ::toupper);
      described.insert(method + " " + std::string(path.key()));
    }
  }
  EXPECT_EQ(described, expected);
}

TEST_F(ServerTest, AnswersToNoForeignName) {
  loop_.restart();
  std::thread thread([this] { loop_.run(); });
  Probe probe(server_.port());
  probe.Send("GET / HTTP/1.1\r\nHost: rebound.example.org\r\n\r\n");
  const auto reply = probe.Read();
  loop_.stop();
  thread.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 403);
}

TEST(WebBeyondLoopback, NeedsTheTokenForEverythingButSignsOfLife) {
  boost::asio::io_context loop(1);
  RememberingBackend backend;
  backend.status.ready = true;
  Server server(loop, {.address = "0.0.0.0", .port = 0, .token = "0123456789abcdef"}, backend);
  ASSERT_TRUE(server.Listen().ok());
  std::thread thread([&] { loop.run(); });
  const auto status = [&](std::string_view method, std::string_view target,
                          std::string_view fields) {
    const auto reply = Probe(server.port()).Ask(method, target, fields, "");
    return reply ? reply->status : 0;
  };
  for (const char* target : {"/", "/api/v1/status", "/no/such/path", "/healthzz", "/metrics"}) {
    EXPECT_EQ(status("GET", target, ""), 401) << target;
    EXPECT_EQ(status("GET", target, "Authorization: Bearer 0123456789abcdeX\r\n"), 401) << target;
    EXPECT_EQ(status("GET", target, "Authorization: Basic 0123456789abcdef\r\n"), 401) << target;
    EXPECT_EQ(status("GET", target, "Authorization: Bearer\r\n"), 401) << target;
  }
  EXPECT_EQ(status("POST", "/api/v1/stop", kJson), 401);
  EXPECT_EQ(backend.status.state, RememberingBackend().status.state);
  EXPECT_EQ(status("GET", "/healthz", ""), 200);
  EXPECT_EQ(status("GET", "/ready", ""), 200);
  EXPECT_EQ(status("GET", "/api/v1/status", "Authorization: bearer 0123456789abcdef\r\n"), 200);
  const auto asked = Probe(server.port()).Ask("GET", "/", "");
  EXPECT_EQ(asked->Field("WWW-Authenticate"), "Bearer realm=\"sfp\"");
  EXPECT_THAT(asked->body, HasSubstr("<form method=\"post\" action=\"/login\""));
  loop.stop();
  thread.join();
}

TEST(WebBeyondLoopback, ABrowserLogsInAndItsRequestsMustComeFromOurPage) {
  boost::asio::io_context loop(1);
  RememberingBackend backend;
  Server server(loop, {.address = "0.0.0.0", .port = 0, .token = "0123456789abcdef"}, backend);
  ASSERT_TRUE(server.Listen().ok());
  std::thread thread([&] { loop.run(); });
  const auto ask = [&](std::string_view method, std::string_view target, const std::string& fields,
                       std::string_view body) {
    return Probe(server.port()).Ask(method, target, fields, body).value_or(support::Reply());
  };
  const std::string form(kForm), json(kJson);
  const auto wrong = ask("POST", "/login", form, "token=0123456789abcdeX");
  EXPECT_EQ(wrong.Field("Location"), "/login?wrong");
  EXPECT_EQ(wrong.Field("Set-Cookie"), "");
  EXPECT_EQ(ask("POST", "/login", form + "Origin: http://example.org\r\n", "token=0123456789abcdef")
                .status,
            403);
  const auto right = ask("POST", "/login", form, "token=0123456789abcdef");
  EXPECT_EQ(right.status, 303);
  const std::string set(right.Field("Set-Cookie"));
  EXPECT_THAT(set, HasSubstr("; HttpOnly; SameSite=Strict"));
  const std::string cookie = "Cookie: a=b; " + set.substr(0, set.find(';')) + "\r\n";
  EXPECT_EQ(ask("GET", "/api/v1/status", cookie, "").status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/status", "Cookie: sfp_session=\r\n", "").status, 401);
  EXPECT_EQ(ask("POST", "/api/v1/stop", cookie + json, "").status, 403) << "no origin";
  EXPECT_EQ(
      ask("POST", "/api/v1/stop", cookie + json + "Origin: http://example.org\r\n", "").status,
      403);
  const std::string own = "Origin: http://127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  EXPECT_EQ(ask("POST", "/api/v1/stop", cookie + json + own, "").status, 200);
  EXPECT_EQ(ask("POST", "/logout", cookie + own, "").status, 303);
  EXPECT_EQ(ask("GET", "/api/v1/status", cookie, "").status, 401);
  loop.stop();
  thread.join();
}

}  // namespace
}  // namespace sfp::web
