// Against nginx, as a real server between us and most APIs: files, conditional requests, gzip in
// chunks, its limits on kept connections, TLS.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/http/harness.h"
#include "tests/support/process.h"

namespace sfp::http {
namespace {

using stats::FailureKind;

constexpr char kNginx[] = "/usr/sbin/nginx";

// Two ports that are free now; nginx can't choose its own.
std::vector<std::uint16_t> FreePorts() {
  std::vector<std::uint16_t> ports;
  std::vector<int> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(held.back(), reinterpret_cast<sockaddr*>(&address), size), 0);
    getsockname(held.back(), reinterpret_cast<sockaddr*>(&address), &size);
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int fd : held) close(fd);
  return ports;
}

bool Listens(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool listens = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return listens;
}

std::string Configuration(const std::string& folder, const std::vector<std::uint16_t>& ports) {
  const std::string plain = "127.0.0.1:" + std::to_string(ports[0]);
  const std::string tls = "127.0.0.1:" + std::to_string(ports[1]);
  std::string temporary;
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    temporary += std::string("  ") + kind + "_temp_path " + folder + "/" + kind + ";\n";
  }
  return "daemon off;\nmaster_process off;\npid " + folder + "/pid;\nerror_log stderr;\n" +
         "events { worker_connections 128; }\nhttp {\n  access_log off;\n" + temporary + "  root " +
         folder + "/www;\n  default_type text/plain;\n" +
         "  if_modified_since before;\n  ssl_certificate " + folder + "/cert.pem;\n" +
         "  ssl_certificate_key " + folder + "/key.pem;\n  ssl_session_cache builtin;\n" +
         "  server {\n    listen " + plain + ";\n    listen " + tls + " ssl;\n" +
         "    location /gzip/ { alias " + folder +
         "/www/; gzip on; gzip_types *; gzip_min_length 1; }\n" + "    location /three/ { alias " +
         folder + "/www/; keepalive_requests 3; }\n" + "    location /short/ { alias " + folder +
         "/www/; keepalive_timeout 30ms; }\n" + "    location /nothing { return 444; }\n  }\n}\n";
}

std::string Text() {
  std::string text;
  while (text.size() < 20'000) text += "line " + std::to_string(text.size()) + "\n";
  text.resize(20'000);
  return text;
}

class Nginx : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (access(kNginx, X_OK) != 0) return;
    key_ = *net::GenerateSelfSigned(std::vector<std::string>{"api.test"});
    folder_ = std::make_unique<test::TemporaryFolder>();
    std::filesystem::create_directory(folder_->path() / "www");
    folder_->Write("www/file.txt", Text());
    folder_->Write("cert.pem", key_.cert_pem);
    folder_->Write("key.pem", key_.key_pem);
    for (int attempt = 0; attempt < 3; ++attempt) {  // somebody may take a port first
      ports_ = FreePorts();
      const std::string file =
          folder_->Write("nginx.conf", Configuration(folder_->path().string(), ports_));
      process_ = std::make_unique<test::Process>(std::vector<std::string>{
          kNginx, "-e", "stderr", "-p", folder_->path().string(), "-c", file});
      if (test::Eventually([] { return Listens(ports_[1]) || !process_->running(); }) &&
          process_->running()) {
        return;
      }
    }
  }
  static void TearDownTestSuite() {
    process_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (process_ == nullptr) GTEST_SKIP() << "nginx is not installed";
    ASSERT_TRUE(process_->running()) << process_->err();
  }

  static Destination Plain() { return To("127.0.0.1", ports_[0]); }
  static Destination Secure() {
    Destination destination = To("127.0.0.1", ports_[1]);
    destination.tls = *net::TlsContext::Client({.ca_pem = key_.cert_pem});
    destination.server_name = "api.test";
    return destination;
  }

  static std::unique_ptr<test::TemporaryFolder> folder_;
  static std::unique_ptr<test::Process> process_;
  static std::vector<std::uint16_t> ports_;
  static net::CertifiedKey key_;
};
std::unique_ptr<test::TemporaryFolder> Nginx::folder_;
std::unique_ptr<test::Process> Nginx::process_;
std::vector<std::uint16_t> Nginx::ports_;
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

TEST_F(Nginx, SendsGzipInChunksWhichIsDecodedIfWanted) {
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
      if (decompress) {
        EXPECT_EQ(outcome.body, Text());
      } else {
        EXPECT_EQ(outcome.body.substr(0, 2), "\x1f\x8b");
      }
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
  destination.addresses = {At("127.0.0.1", ports_[1])};
  Harness harness(destination);
  auto connection = harness.Connect();
  EXPECT_EQ(Ask(harness, *connection, "GET /file.txt").sample.status, 400);
  Destination wrong = Secure();
  wrong.addresses = {At("127.0.0.1", ports_[0])};
  Harness tls(wrong);
  auto over_tls = tls.Connect();
  const Outcome outcome = Ask(tls, *over_tls, "GET /file.txt");
  EXPECT_EQ(outcome.failure.kind, FailureKind::kTlsHandshake);
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
