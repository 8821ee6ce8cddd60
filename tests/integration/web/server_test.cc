// The master's web side over real sockets, with a backend that only remembers.

#include "master/web/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/support/probe.h"

namespace sfp::web {
namespace {

using support::Probe;
using ::testing::HasSubstr;

class RememberingBackend final : public Backend {
 public:
  RunStatus GetStatus() override { return status; }
  Status Start(const StartParams& params) override {
    started = params;
    if (status.state == "running") return absl::FailedPreconditionError("a run is on already");
    status.state = "running";
    return Ok();
  }
  Status Stop() override {
    status.state = "stopping";
    return Ok();
  }

  RunStatus status;
  std::optional<StartParams> started;
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

TEST_F(ServerTest, LivesAndIsReadyWhenTheBackendIs) {
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/ready").status, 503);
  backend_.status.ready = true;
  EXPECT_EQ(Ask("GET", "/ready").status, 200);
}

TEST_F(ServerTest, ShowsTheStatusAsPageAndAsJson) {
  backend_.status.users = 4711;
  const auto page = Ask("GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.Field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.Field("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.body, HasSubstr("4711"));
  const auto json = Ask("GET", "/api/v1/status?x=1");
  EXPECT_EQ(json.Field("Content-Type"), "application/json");
  EXPECT_THAT(json.body, HasSubstr(R"("users":4711)"));
  const auto head = Ask("HEAD", "/api/v1/status");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Field("Content-Length"), std::to_string(json.body.size()));
}

TEST_F(ServerTest, StartsAndStops) {
  const auto reply = Ask("POST", "/api/v1/start", kJson, R"({"users":7})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr(R"("state":"running")"));
  ASSERT_TRUE(backend_.started);
  EXPECT_EQ(backend_.started->users, 7u);
  const auto again = Ask("POST", "/api/v1/start", kJson);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body, "{\"error\":\"a run is on already\"}\n");
  EXPECT_THAT(Ask("POST", "/api/v1/stop", kJson).body, HasSubstr(R"("state":"stopping")"));
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
  loop.stop();
  thread.join();
}

}  // namespace
}  // namespace sfp::web
