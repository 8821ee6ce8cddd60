// Against Node's HTTP server: what its chunks, hints, timeouts and broken sockets look like here.

#include <gtest/gtest.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/net/authority.h"
#include "tests/integration/http/harness.h"
#include "tests/support/process.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::Phase;

std::string Request(const std::string& path, const std::string& headers = "",
                    const std::string& version = "1.1", const std::string& body = "") {
  const std::string method = body.empty() ? "GET " : "POST ";
  return method + path + " HTTP/" + version + "\r\nHost: api.test\r\n" + headers + "\r\n" + body;
}

class Node : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    key_ = *net::GenerateSelfSigned(std::vector<std::string>{"api.test"});
    client_ = *net::GenerateSelfSigned(std::vector<std::string>{"client.test"});
    process_ = std::make_unique<test::Process>(
        std::vector<std::string>{"node", SFP_SOURCE_DIR "/tests/support/node_server.mjs"},
        test::Process::Options{.environment = {{"TLS_CERT", key_.cert_pem},
                                               {"TLS_KEY", key_.key_pem},
                                               {"CLIENT_CA", client_.cert_pem}}});
    test::Eventually(
        [] { return process_->out().find('\n') != std::string::npos || !process_->running(); });
  }
  static void TearDownTestSuite() { process_.reset(); }

  void SetUp() override {
    if (process_->Wait(std::chrono::seconds(0)) == 127) GTEST_SKIP() << "node is not installed";
    ASSERT_TRUE(process_->running()) << process_->err();
  }

  static std::uint16_t Port(const std::string& name) {
    const std::string line = process_->out();
    const std::size_t at = line.find("\"" + name + "\":");
    std::uint16_t port = 0;
    if (at != std::string::npos) {
      std::from_chars(line.data() + at + name.size() + 3, line.data() + line.size(), port);
    }
    return port;
  }

  static Destination Secure(const std::string& name) {
    Destination destination = To("127.0.0.1", Port(name));
    net::TlsContext::ClientOptions options{.ca_pem = key_.cert_pem};
    if (name == "mutual") {
      options.cert_pem = client_.cert_pem;
      options.key_pem = client_.key_pem;
    }
    destination.tls = *net::TlsContext::Client(options);
    destination.server_name = "api.test";
    return destination;
  }

  static std::unique_ptr<test::Process> process_;
  static net::CertifiedKey key_, client_;
};
std::unique_ptr<test::Process> Node::process_;
net::CertifiedKey Node::key_, Node::client_;

Outcome Ask(Harness& harness, engine::Connection& connection, const std::string& request) {
  return harness.Run(connection, {.bytes = request,
                                  .keep_body = true,
                                  .keep_headers = true,
                                  .timeout = std::chrono::seconds(5)});
}

struct Row {
  std::string request;
  int status = 200;
  std::string body = "hello";
  bool kept = true;
};

std::vector<Row> Good() {
  return {
      {Request("/length")},
      {Request("/chunked")},
      {Request("/hints")},
      {Request("/cookies"), 302, ""},
      {Request("/nowhere"), 404, ""},
      {Request("/echo", "Content-Length: 5\r\n", "1.1", "hello")},
      {Request("/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", "1.1", "hello")},
      {Request("/echo", "Transfer-Encoding: chunked\r\n", "1.1", "5\r\nhello\r\n0\r\n\r\n")},
      {Request("/close"), 200, "hello", false},
      {Request("/length", "Connection: close\r\n"), 200, "hello", false},
      {Request("/length", "", "1.0"), 200, "hello", false},
      {Request("/chunked", "", "1.0"), 200, "hello", false},
      {Request("/length", "Connection: keep-alive\r\n", "1.0")},
  };
}

TEST_F(Node, AnswersAndKeepsTheConnectionWhereItSaysSo) {
  for (const char* server : {"plain", "tls", "mutual"}) {
    Harness harness(server == std::string("plain") ? To("127.0.0.1", Port("plain"))
                                                   : Secure(server));
    for (const Row& row : Good()) {
      SCOPED_TRACE(server + (": " + row.request));
      const std::uint64_t before = harness.counters().connects;
      auto connection = harness.Connect();
      for (int i = 0; i < 3; ++i) {
        const Outcome outcome = Ask(harness, *connection, row.request);
        EXPECT_TRUE(outcome.ok()) << outcome.failure.message;
        EXPECT_EQ(outcome.sample.status, row.status);
        EXPECT_EQ(outcome.body, row.body);
        EXPECT_EQ(outcome.sample.bytes_sent, row.request.size());
        EXPECT_FALSE(outcome.sample.reconnected);
      }
      EXPECT_EQ(harness.counters().connects - before, row.kept ? 1u : 3u);
    }
  }
}

TEST_F(Node, GivesLocationAndEachCookie) {
  Harness harness(Port("plain"));
  auto connection = harness.Connect();
  const Outcome outcome = Ask(harness, *connection, Request("/cookies"));
  EXPECT_EQ(outcome.location, "/length");
  EXPECT_EQ(outcome.cookies, (std::vector<std::string>{"a=1; Path=/", "b=2"}));
}

TEST_F(Node, BreaksAtEachPoint) {
  struct Break {
    std::string path;
    FailureKind kind;
    std::string message;
    Phase phase;
  };
  const std::vector<Break> breaks = {
      {"/destroy", FailureKind::kClosedBeforeResponse,
       "Remote end closed connection without response", Phase::kFirstByte},
      {"/reset", FailureKind::kReset, "Connection reset by peer", Phase::kFirstByte},
      {"/destroy-header", FailureKind::kTruncated,
       "Response truncated: 0 of 10 body bytes received", Phase::kBody},
      {"/destroy-body", FailureKind::kTruncated, "Response truncated: 5 of 10 body bytes received",
       Phase::kBody},
      {"/destroy-chunk", FailureKind::kTruncated,
       "Response truncated: 5 body bytes of a chunked response received", Phase::kBody},
      {"/reset-body", FailureKind::kResetInResponse, "Connection reset by peer in the response",
       Phase::kBody},
  };
  Harness harness(Port("plain"));
  auto connection = harness.Connect();
  for (const Break& row : breaks) {
    SCOPED_TRACE(row.path);
    for (const bool reused : {false, true}) {
      if (reused) {
        EXPECT_TRUE(Ask(harness, *connection, Request("/length")).ok());
      }
      const Outcome outcome = Ask(harness, *connection, Request(row.path));
      EXPECT_EQ(outcome.failure.kind, row.kind) << stats::Name(outcome.failure.kind);
      EXPECT_EQ(outcome.failure.message, row.message);
      EXPECT_EQ(outcome.failure.phase, row.phase);
      EXPECT_EQ(outcome.failure.evidence.reused, reused);
    }
  }
}

TEST_F(Node, TellsABodyUntilTheEndFromATruncatedOne) {
  Harness plain(Port("plain"));
  auto connection = plain.Connect();
  EXPECT_EQ(Ask(plain, *connection, Request("/until-end")).body, "hello");
  Harness secure(Secure("tls"));  // Node ends TLS with close_notify
  auto over_tls = secure.Connect();
  const Outcome outcome = Ask(secure, *over_tls, Request("/until-end"));
  EXPECT_TRUE(outcome.ok()) << outcome.failure.message;
  EXPECT_EQ(outcome.body, "hello");
}

TEST_F(Node, ReplacesConnectionsThatItClosedWhileIdle) {
  for (const bool tls : {false, true}) {
    Harness harness(tls ? Secure("tls") : To("127.0.0.1", Port("plain")));
    auto connection = harness.Connect();
    EXPECT_TRUE(Ask(harness, *connection, Request("/idle")).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const Outcome second = Ask(harness, *connection, Request("/length"));
    EXPECT_TRUE(second.ok()) << second.failure.message;
    EXPECT_TRUE(second.sample.reconnected);
  }
}

TEST_F(Node, IsRefusedWithoutTheCertificateThatItDemands) {
  Destination destination = Secure("tls");
  destination.addresses = {At("127.0.0.1", Port("mutual"))};
  Harness harness(destination);
  auto connection = harness.Connect();
  const Outcome outcome = Ask(harness, *connection, Request("/length"));
  EXPECT_EQ(outcome.failure.kind, FailureKind::kTlsHandshake) << outcome.failure.message;
  EXPECT_EQ(outcome.failure.message, "TLS handshake failed: tlsv13 alert certificate required");
}

}  // namespace
}  // namespace sfp::http
