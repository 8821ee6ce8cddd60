// TLS: who is trusted, who is refused and in which words, how connections end, resumption.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/net/authority.h"
#include "tests/integration/http/harness.h"
#include "tests/support/raw_server.h"

namespace sfp::http {
namespace {

using net::CertifiedKey;
using net::TlsContext;
using stats::FailureKind;
using stats::Phase;
using support::CloseNotify;
using support::Drain;
using support::RawServer;
using support::ReadRequest;
using support::Reset;
using support::Script;
using support::Send;
using support::SendPieces;
using support::Step;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const CertifiedKey& ServerKey() {
  static const CertifiedKey key =
      *net::GenerateSelfSigned(std::vector<std::string>{"api.test", "*.wild.test", "127.0.0.1"});
  return key;
}
const CertifiedKey& OtherKey() {
  static const CertifiedKey key = *net::GenerateSelfSigned(std::vector<std::string>{"other.test"});
  return key;
}

TlsContext ServerContext(bool tls12 = false, const std::string& client_ca = "") {
  return *TlsContext::Server({ServerKey().cert_pem, ServerKey().key_pem, client_ca, tls12});
}

Destination SecureTo(std::uint16_t port, const TlsContext::ClientOptions& options,
                     const std::string& name = "api.test") {
  Destination destination = To("127.0.0.1", port);
  destination.tls = *TlsContext::Client(options);
  destination.server_name = name;
  return destination;
}
Destination SecureTo(std::uint16_t port) {
  return SecureTo(port, {.verify = true, .ca_pem = ServerKey().cert_pem});
}

class Tls : public testing::TestWithParam<bool> {  // 1.2 only?
 protected:
  RawServer::Options Server(const std::string& client_ca = "") {
    return {.tls = ServerContext(GetParam(), client_ca)};
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Tls, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Tls12" : "Tls13"; });

TEST_P(Tls, KeepsItsConnectionAndMeasuresTheHandshake) {
  RawServer server({{ReadRequest(), Send(kOk), ReadRequest(), SendPieces(kOk, 1), Drain()}},
                   Server());
  Harness harness(SecureTo(server.port()));
  auto connection = harness.Connect();
  const Outcome first = harness.Get(*connection);
  ASSERT_TRUE(first.ok()) << first.failure.message;
  const Outcome second = harness.Get(*connection);
  ASSERT_TRUE(second.ok()) << second.failure.message;
  EXPECT_EQ(second.body, "ok");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(server.server_name(), "api.test");
  EXPECT_GT(first.phase(Phase::kConnect), Duration(0));
  EXPECT_GT(first.phase(Phase::kTls), Duration(0));
  EXPECT_EQ(second.phase(Phase::kTls), stats::kNotMeasured);
  EXPECT_EQ(first.sample.bytes_sent, sizeof(kGet) - 1);  // above TLS
  EXPECT_EQ(first.sample.bytes_received, sizeof(kOk) - 1);
}

TEST_P(Tls, CarriesLargeMessagesBothWays) {
  const std::string body(3'000'000, 'b');
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n";
  RawServer server({{ReadRequest(), Send(head + body), ReadRequest(), Send(kOk), Drain()}},
                   Server());
  Harness harness(SecureTo(server.port()));
  auto connection = harness.Connect();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3000000\r\n\r\n" + body;
  const Outcome outcome = harness.Run(*connection, {.bytes = request, .keep_body = true});
  ASSERT_TRUE(outcome.ok()) << outcome.failure.message;
  EXPECT_EQ(outcome.body, body);
  EXPECT_EQ(outcome.sample.bytes_sent, request.size());
  EXPECT_EQ(outcome.sample.bytes_received, head.size() + body.size());
  EXPECT_EQ(server.requests().front(), request);
  EXPECT_TRUE(harness.Get(*connection).ok());
  EXPECT_EQ(server.accepted(), 1);
}

struct Trust {
  const char* name;
  TlsContext::ClientOptions options;
  std::string server_name;
  std::string message;  // "": it is trusted
  FailureKind kind = FailureKind::kNone;
};

std::vector<Trust> Trusts() {
  const std::string ca = ServerKey().cert_pem;
  return {
      {"ByName", {.ca_pem = ca}, "api.test", ""},
      {"ByWildcard", {.ca_pem = ca}, "a.wild.test", ""},
      {"ByAddress", {.ca_pem = ca}, "127.0.0.1", ""},
      {"UnverifiedWhateverItIs", {.verify = false}, "nobody.test", ""},
      {"SeveralAuthorities", {.ca_pem = OtherKey().cert_pem + ca}, "api.test", ""},
      {"AnotherName",
       {.ca_pem = ca},
       "nobody.test",
       "Certificate verification failed: hostname mismatch",
       FailureKind::kTlsName},
      {"AnotherAddress",
       {.ca_pem = ca},
       "127.0.0.2",
       "Certificate verification failed: IP address mismatch",
       FailureKind::kTlsName},
      {"AnotherAuthority",
       {.ca_pem = OtherKey().cert_pem},
       "api.test",
       "Certificate verification failed: self-signed certificate",
       FailureKind::kTlsAuthority},
      {"TheSystemsAuthorities",
       {},
       "api.test",
       "Certificate verification failed: self-signed certificate",
       FailureKind::kTlsAuthority},
  };
}

TEST_P(Tls, TrustsWhomItShould) {
  for (const Trust& trust : Trusts()) {
    SCOPED_TRACE(trust.name);
    RawServer server({{ReadRequest(), Send(kOk), Drain()}}, Server());
    Harness harness(SecureTo(server.port(), trust.options, trust.server_name));
    auto connection = harness.Connect();
    const Outcome outcome = harness.Get(*connection);
    EXPECT_EQ(outcome.failure.message, trust.message);
    if (trust.message.empty()) {
      EXPECT_TRUE(outcome.ok());
      const bool literal = trust.server_name == "127.0.0.1";
      EXPECT_EQ(server.server_name(), literal ? "" : trust.server_name);
    } else {
      EXPECT_EQ(outcome.failure.kind, trust.kind);
      EXPECT_EQ(outcome.failure.phase, Phase::kTls);
      EXPECT_EQ(outcome.sample.bytes_sent, 0u);
    }
  }
}

TEST_P(Tls, ShowsItsCertificateWhereOneIsDemanded) {
  RawServer server({{ReadRequest(), Send(kOk), Drain()}}, Server(OtherKey().cert_pem));
  Harness with(SecureTo(server.port(),
                        {true, ServerKey().cert_pem, OtherKey().cert_pem, OtherKey().key_pem}));
  auto connection = with.Connect();
  EXPECT_TRUE(with.Get(*connection).ok());
  Harness without(SecureTo(server.port()));
  auto refused = without.Connect();
  const Outcome outcome = without.Get(*refused);
  EXPECT_EQ(outcome.failure.kind, FailureKind::kTlsHandshake);
  EXPECT_EQ(outcome.failure.phase, Phase::kTls);
  EXPECT_EQ(outcome.failure.message,
            GetParam() ? "TLS handshake failed: sslv3 alert handshake failure"
                       : "TLS handshake failed: tlsv13 alert certificate required");
}

TEST_P(Tls, ResumesWhenTheSameUserConnectsAgain) {
  const Script script = {ReadRequest(), Send("HTTP/1.1 204 \r\nConnection: close\r\n\r\n"),
                         Drain()};
  for (const bool resume : {true, false}) {
    RawServer server({script}, Server());
    Destination destination = SecureTo(server.port());
    destination.resume_tls = resume;
    Harness harness(destination);
    auto connection = harness.Connect();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(harness.Get(*connection).ok());
    auto other = harness.Connect(1);
    EXPECT_TRUE(harness.Get(*other).ok());
    EXPECT_EQ(server.resumed(), resume ? 2 : 0);
    EXPECT_EQ(harness.counters().tls_resumed, resume ? 2u : 0u);
    EXPECT_EQ(harness.counters().connects, 4u);
  }
}

TEST_P(Tls, ReplacesAnIdleConnectionThatEnded) {
  for (const Script& end : {Script{CloseNotify()}, Script{}, Script{Reset()}}) {
    Script script = {ReadRequest(), Send(kOk)};
    script.insert(script.end(), end.begin(), end.end());
    RawServer server({script, {ReadRequest(), Send(kOk), Drain()}}, Server());
    Harness harness(SecureTo(server.port()));
    auto connection = harness.Connect();
    ASSERT_TRUE(harness.Get(*connection).ok());
    EXPECT_TRUE(harness.RunUntil([&] { return server.finished() == 1; }));
    const Outcome second = harness.Get(*connection);
    EXPECT_TRUE(second.ok()) << second.failure.message;
    EXPECT_TRUE(second.sample.reconnected);
  }
}

struct End {
  const char* name;
  std::string bytes;
  Script end;
  FailureKind kind = FailureKind::kNone;
  std::string message = "";
};

std::vector<End> Ends() {
  const std::string until_end = "HTTP/1.1 200 OK\r\n\r\nhello";
  const std::string length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const Script fin = {};
  const Script notify = {CloseNotify()};
  const Script reset = {Reset()};
  const std::string half = length.substr(0, length.size() - 3);
  return {
      {"LengthThenFin", length, fin},
      {"ChunkedThenFin", chunked, fin},
      {"LengthThenNotify", length, notify},
      {"UntilTheEndThenNotify", until_end, notify},
      {"UntilTheEndThenFin", until_end, fin, FailureKind::kTruncated,
       "Response truncated: 5 body bytes received, no length announced, TLS ended without "
       "close_notify"},
      {"HalfThenNotify", half, notify, FailureKind::kTruncated,
       "Response truncated: 2 of 5 body bytes received"},
      {"HalfThenFin", half, fin, FailureKind::kTruncated,
       "Response truncated: 2 of 5 body bytes received"},
      {"HalfThenReset", half, reset, FailureKind::kResetInResponse,
       "Connection reset by peer in the response"},
      {"NothingThenNotify", "", notify, FailureKind::kClosedBeforeResponse,
       "Remote end closed connection without response"},
      {"NothingThenFin", "", fin, FailureKind::kClosedBeforeResponse,
       "Remote end closed connection without response"},
      {"NothingThenReset", "", reset, FailureKind::kReset, "Connection reset by peer"},
  };
}

TEST_P(Tls, TellsHowTheConnectionEnded) {
  for (const End& row : Ends()) {
    SCOPED_TRACE(row.name);
    Script script = {ReadRequest()};
    if (!row.bytes.empty()) script.push_back(Send(row.bytes));
    script.push_back(support::Pause());
    script.insert(script.end(), row.end.begin(), row.end.end());
    RawServer server({script}, Server());
    Harness harness(SecureTo(server.port()));
    auto connection = harness.Connect();
    const Outcome outcome = harness.Get(*connection);
    EXPECT_EQ(outcome.failure.kind, row.kind) << stats::Name(outcome.failure.kind);
    EXPECT_EQ(outcome.failure.message, row.message);
    EXPECT_EQ(outcome.body, row.kind == FailureKind::kNone ? "hello" : "");
    EXPECT_EQ(outcome.sample.bytes_received, row.bytes.size());
  }
}

TEST(TlsHandshake, SaysWhatThePeerDidInstead) {
  struct Row {
    const char* name;
    Script script;
    std::string message;
    FailureKind kind = FailureKind::kTlsClosed;
  };
  const std::vector<Row> rows = {
      {"FinAfterReading",
       {support::HalfClose(), Drain()},
       "TLS handshake failed: closed by the server"},
      {"Reset", {Reset()}, "TLS handshake failed: Connection reset by peer"},
      {"PlainHttp",
       {Send("HTTP/1.1 400 Bad Request\r\n\r\n"), Drain()},
       "TLS handshake failed: wrong version number",
       FailureKind::kTlsProtocol},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawServer server({row.script});
    Harness harness(SecureTo(server.port()));
    auto connection = harness.Connect();
    const Outcome outcome = harness.Get(*connection);
    EXPECT_EQ(outcome.failure.kind, row.kind);
    EXPECT_EQ(outcome.failure.phase, Phase::kTls);
    EXPECT_EQ(outcome.failure.message, row.message);
    EXPECT_EQ(outcome.sample.bytes_sent, 0u);
  }
}

TEST(TlsContext, SaysWhichTextIsWrong) {
  const auto error = [](const TlsContext::ClientOptions& options) {
    return Message(TlsContext::Client(options).status());
  };
  const CertifiedKey& key = ServerKey();
  EXPECT_EQ(error({.ca_pem = "nonsense"}), "ca: no certificate in the PEM text");
  EXPECT_EQ(error({.verify = false, .cert_pem = key.cert_pem}),
            "a client certificate needs both cert and key");
  EXPECT_EQ(error({.verify = false, .cert_pem = "x", .key_pem = key.key_pem}),
            "cert: no certificate in the PEM text");
  EXPECT_EQ(error({.verify = false, .cert_pem = key.cert_pem, .key_pem = "x"}),
            "key: no usable private key in the PEM text (it must not be encrypted)");
  EXPECT_EQ(error({.verify = false, .cert_pem = key.cert_pem, .key_pem = OtherKey().key_pem})
                .find("key: not the certificate's"),
            0u);
  EXPECT_FALSE(net::GenerateSelfSigned({}).ok());
  EXPECT_FALSE(net::GenerateSelfSigned(std::vector<std::string>{"a b"}).ok());
}

}  // namespace
}  // namespace sfp::http
