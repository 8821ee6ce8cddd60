// Against nginx, as a real server between us and most APIs: files, conditional requests, gzip in
// chunks, its limits on kept connections, TLS.

#include "tests/support/nginx.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/net/authority.h"
#include "tests/integration/http/harness.h"

namespace sfp::http {
namespace {

using stats::FailureKind;

constexpr char kServer[] = R"(
    if_modified_since before;
    ssl_session_cache builtin;
    location /gzip/ { alias www/; gzip on; gzip_types *; gzip_min_length 1; }
    location /three/ { alias www/; keepalive_requests 3; }
    location /short/ { alias www/; keepalive_timeout 30ms; }
    location /nothing { return 444; }
)";

std::string Text() {
  std::string text;
  while (text.size() < 20'000) text += "line " + std::to_string(text.size()) + "\n";
  text.resize(20'000);
  return text;
}

class Nginx : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::Nginx::Installed()) return;
    key_ = *net::GenerateSelfSigned(std::vector<std::string>{"api.test"});
    server_ = std::make_unique<test::Nginx>(test::NginxSetup{.files = {{"file.txt", Text()}},
                                                             .server = kServer,
                                                             .cert_pem = key_.cert_pem,
                                                             .key_pem = key_.key_pem});
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "nginx is not installed";
    ASSERT_TRUE(server_->process().running()) << server_->process().err();
  }

  static Destination Plain() { return To("127.0.0.1", server_->port()); }
  static Destination Secure() {
    Destination destination = To("127.0.0.1", server_->tls_port());
    destination.tls = *net::TlsContext::Client({.ca_pem = key_.cert_pem});
    destination.server_name = "api.test";
    return destination;
  }

  static std::unique_ptr<test::Nginx> server_;
  static net::CertifiedKey key_;
};
std::unique_ptr<test::Nginx> Nginx::server_;
net::CertifiedKey Nginx::key_;

Outcome Ask(Harness& harness, engine::Connection& connection, const std::string& line,
            const std::string& headers = "") {
  const std::string request = line + " HTTP/1.1\r\nHost: api.test\r\n" + headers + "\r\n";
  return harness.Run(connection,
                     {.bytes = request, .head = line.starts_with("HEAD"), .keep_body = true});
}

TEST_F(Nginx, ServesFilesOnOneConnection) {
  for (const bool tls : {false, true}) {
    Harness harness(tls ? Secure() : Plain());
    auto connection = harness.Connect();
    for (int i = 0; i < 20; ++i) {
      const Outcome get = Ask(harness, *connection, "GET /file.txt");
      ASSERT_TRUE(get.ok()) << get.failure.message;
      EXPECT_EQ(get.sample.status, 200);
      EXPECT_EQ(get.body, Text());
      EXPECT_GT(get.sample.bytes_received, 20'000u);
      const Outcome head = Ask(harness, *connection, "HEAD /file.txt");
      EXPECT_TRUE(head.ok());
      EXPECT_EQ(head.sample.status, 200);
      EXPECT_EQ(head.sample.bytes_received, get.sample.bytes_received - 20'000);
      const Outcome unchanged = Ask(harness, *connection, "GET /file.txt",
                                    "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n");
      EXPECT_TRUE(unchanged.ok());
      EXPECT_EQ(unchanged.sample.status, 304);
      EXPECT_EQ(Ask(harness, *connection, "GET /nowhere").sample.status, 404);
    }
    EXPECT_EQ(harness.counters().connects, 1u);
    EXPECT_EQ(harness.counters().left_over, 0u);
  }
}

// Whoever asked for it: the target's `decompress`, or a header of the task alone.
TEST_F(Nginx, SendsGzipInChunksWhichIsDecodedForThoseThatLookIntoIt) {
  for (const bool decompress : {false, true}) {
    Destination destination = Plain();
    destination.decompress = decompress;
    Harness harness(destination);
    auto connection = harness.Connect();
    for (int i = 0; i < 2; ++i) {
      const Outcome outcome =
          Ask(harness, *connection, "GET /gzip/file.txt", "Accept-Encoding: gzip\r\n");
      ASSERT_TRUE(outcome.ok()) << outcome.failure.message;
      EXPECT_LT(outcome.sample.bytes_received, 12'000u);  // as on the wire
      EXPECT_EQ(outcome.body, Text());
    }
    EXPECT_EQ(Ask(harness, *connection, "HEAD /gzip/file.txt", "Accept-Encoding: gzip\r\n").body,
              "");
    EXPECT_EQ(harness.counters().connects, 1u);
  }
}

TEST_F(Nginx, AnnouncesTheLastOfThreeRequests) {
  Harness harness(Plain());
  auto connection = harness.Connect();
  for (int i = 0; i < 9; ++i) {
    const Outcome outcome = Ask(harness, *connection, "GET /three/file.txt");
    EXPECT_TRUE(outcome.ok()) << outcome.failure.message;
    EXPECT_FALSE(outcome.sample.reconnected);
  }
  EXPECT_EQ(harness.counters().connects, 3u);
}

TEST_F(Nginx, ClosesIdleConnectionsWhichAreReplaced) {
  for (const bool tls : {false, true}) {
    Harness harness(tls ? Secure() : Plain());
    auto connection = harness.Connect();
    EXPECT_FALSE(Ask(harness, *connection, "GET /short/file.txt").sample.reconnected);
    for (int i = 0; i < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      const Outcome outcome = Ask(harness, *connection, "GET /short/file.txt");
      EXPECT_TRUE(outcome.ok()) << outcome.failure.message;
      EXPECT_TRUE(outcome.sample.reconnected);
    }
    EXPECT_EQ(harness.counters().connects, 3u);
    EXPECT_EQ(harness.counters().tls_resumed, tls ? 2u : 0u);
  }
}

TEST_F(Nginx, ClosesWithoutAnAnswer) {
  Harness harness(Plain());
  auto connection = harness.Connect();
  const Outcome outcome = Ask(harness, *connection, "GET /nothing");
  EXPECT_EQ(outcome.failure.kind, FailureKind::kClosedBeforeResponse);
}

TEST_F(Nginx, SaysThatPlainRequestsMetATlsPort) {
  Destination destination = Plain();
  destination.addresses = {At("127.0.0.1", server_->tls_port())};
  Harness harness(destination);
  auto connection = harness.Connect();
  EXPECT_EQ(Ask(harness, *connection, "GET /file.txt").sample.status, 400);
  Destination wrong = Secure();
  wrong.addresses = {At("127.0.0.1", server_->port())};
  Harness tls(wrong);
  auto over_tls = tls.Connect();
  const Outcome outcome = Ask(tls, *over_tls, "GET /file.txt");
  EXPECT_EQ(outcome.failure.kind, FailureKind::kTlsProtocol);
  EXPECT_EQ(outcome.failure.message, "TLS handshake failed: wrong version number");
}

TEST_F(Nginx, ServesManyUsersAtOnce) {
  Harness harness(Plain());
  constexpr int kUsers = 60;
  constexpr int kEach = 20;
  const std::string bytes = "GET /file.txt HTTP/1.1\r\nHost: api.test\r\n\r\n";
  std::vector<std::unique_ptr<engine::Connection>> connections;
  std::vector<Receiver> receivers(kUsers);
  int good = 0;
  for (int user = 0; user < kUsers; ++user) {
    connections.push_back(harness.Connect(static_cast<std::uint64_t>(user)));
    receivers[user].then = [&, user] {
      good += receivers[user].outcome.failure.kind == FailureKind::kNone &&
              receivers[user].outcome.body.size() == 20'000;
      if (receivers[user].outcome.count < kEach) {
        connections[user]->Start({.bytes = bytes, .keep_body = true}, receivers[user]);
      }
    };
    connections[user]->Start({.bytes = bytes, .keep_body = true}, receivers[user]);
  }
  EXPECT_TRUE(harness.RunUntil([&] { return good == kUsers * kEach; })) << good;
  EXPECT_EQ(harness.counters().connects, static_cast<std::uint64_t>(kUsers));
}

}  // namespace
}  // namespace sfp::http
