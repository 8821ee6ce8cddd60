// The connection's life: what an idle one notices, what is never sent twice, and letting go in the
// middle of anything.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/http/harness.h"
#include "tests/integration/http/peers.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::kNotMeasured;
using stats::Phase;
using std::chrono::milliseconds;
using support::Drain;
using support::Pause;
using support::RawServer;
using support::ReadBytes;
using support::ReadRequest;
using support::Reset;
using support::Script;
using support::Send;
using support::Stall;

TEST(Connection, KeepsItsConnectionAndMeasuresThePhasesThatTookPlace) {
  RawServer server({{ReadRequest(), Send(kOk), ReadRequest(), Pause(), Send(kOk), Drain()}});
  Harness harness(server.port());
  auto connection = harness.Connect();
  const Outcome first = harness.Get(*connection);
  const Outcome second = harness.Get(*connection);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(server.accepted(), 1);
  for (const Outcome& outcome : {first, second}) {
    EXPECT_EQ(outcome.phase(Phase::kBlocked), kNotMeasured);
    EXPECT_EQ(outcome.phase(Phase::kDns), kNotMeasured);
    EXPECT_EQ(outcome.phase(Phase::kTls), kNotMeasured);
    EXPECT_GE(outcome.phase(Phase::kSend), Duration(0));
    EXPECT_GT(outcome.phase(Phase::kFirstByte), Duration(0));
    EXPECT_GE(outcome.phase(Phase::kBody), Duration(0));
    Duration sum{0};
    for (const Duration phase : outcome.sample.phases) {
      if (phase != kNotMeasured) sum += phase;
    }
    EXPECT_LE(sum, outcome.sample.response);
    EXPECT_EQ(outcome.sample.ended - outcome.sample.started, outcome.sample.response);
  }
  EXPECT_GT(first.phase(Phase::kConnect), Duration(0));
  EXPECT_EQ(second.phase(Phase::kConnect), kNotMeasured);
  EXPECT_GE(second.phase(Phase::kFirstByte), milliseconds(2));
}

TEST(Connection, StartsTheNextRequestFromInsideOnExchange) {
  Script script;
  for (int i = 0; i < 50; ++i) script.insert(script.end(), {ReadRequest(), Send(kOk)});
  script.push_back(Drain());
  RawServer server({script});
  Harness harness(server.port());
  auto connection = harness.Connect();
  Receiver receiver;
  const engine::Request request{.bytes = kGet, .keep_body = true};
  receiver.then = [&] {
    if (receiver.outcome.count < 50) connection->Start(request, receiver);
  };
  connection->Start(request, receiver);
  EXPECT_TRUE(harness.RunUntil([&] { return receiver.outcome.count == 50; }));
  EXPECT_EQ(receiver.outcome.failure.kind, FailureKind::kNone);
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(harness.client().spare_buffers(), 1u);
}

// ---- Idle connections ----

struct IdleEnd {
  const char* name;
  Script script;  // behind the first response
};

class IdleConnection : public testing::TestWithParam<IdleEnd> {};

// The loop may have seen the end, or the next Start may be the first to look.
TEST_P(IdleConnection, ThatEndedIsReplacedBeforeAnythingIsWritten) {
  for (const bool loop_runs : {true, false}) {
    Script script = {ReadRequest(), Send(kOk), Pause(25)};
    script.insert(script.end(), GetParam().script.begin(), GetParam().script.end());
    RawServer server({script, {ReadRequest(), Send(kOk), ReadRequest(), Send(kOk), Drain()}});
    Harness harness(server.port());
    auto connection = harness.Connect();
    ASSERT_TRUE(harness.Get(*connection).ok());
    if (loop_runs) {
      EXPECT_TRUE(harness.RunUntil([&] { return server.finished() == 1; }));
      harness.RunReady();
    } else {
      while (server.finished() == 0) std::this_thread::sleep_for(milliseconds(1));
    }
    const Outcome second = harness.Get(*connection);
    EXPECT_TRUE(second.ok()) << second.failure.message;
    EXPECT_TRUE(second.sample.reconnected);
    EXPECT_GT(second.phase(Phase::kConnect), Duration(0));
    const Outcome third = harness.Get(*connection);
    EXPECT_TRUE(third.ok());
    EXPECT_FALSE(third.sample.reconnected);  // said once
    EXPECT_EQ(server.requests().size(), 3u);
  }
}

INSTANTIATE_TEST_SUITE_P(Ends, IdleConnection,
                         testing::Values(IdleEnd{"Fin", {}}, IdleEnd{"Reset", {Reset()}},
                                         IdleEnd{"BytesNobodyAskedFor",
                                                 {Send("HTTP/1.1 408 \r\n\r\n")}}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Connection, NeverSendsARequestTwice) {
  for (const bool reset : {false, true}) {
    Script script = {ReadRequest(), Send(kOk), ReadRequest()};
    if (reset) script.push_back(Reset());
    RawServer server({script, {ReadRequest(), Send(kOk), Drain()}});
    Harness harness(server.port());
    auto connection = harness.Connect();
    ASSERT_TRUE(harness.Get(*connection).ok());
    std::this_thread::sleep_for(milliseconds(5));
    const Outcome second = harness.Get(*connection);
    EXPECT_EQ(second.failure.kind,
              reset ? FailureKind::kReset : FailureKind::kClosedBeforeResponse);
    EXPECT_EQ(second.failure.message,
              reset ? "Connection reset by peer" : "Remote end closed connection without response");
    EXPECT_EQ(second.failure.phase, Phase::kFirstByte);
    EXPECT_FALSE(second.sample.reconnected);
    const stats::Evidence& evidence = second.failure.evidence;
    EXPECT_TRUE(evidence.reused);
    EXPECT_EQ(evidence.served, 1u);
    EXPECT_EQ(evidence.reset, reset);
    EXPECT_EQ(evidence.error, reset ? ECONNRESET : 0);
    EXPECT_GE(evidence.idle, milliseconds(5));
    EXPECT_GT(evidence.since_send, Duration(0));
    EXPECT_EQ(evidence.bytes_sent, sizeof(kGet) - 1);
    EXPECT_EQ(evidence.bytes_received, 0u);
    EXPECT_EQ(server.requests().size(), 2u);
    EXPECT_EQ(server.accepted(), 1);
    const Outcome third = harness.Get(*connection);
    EXPECT_TRUE(third.ok());
    EXPECT_FALSE(third.sample.reconnected);  // its end was a failure already
  }
}

// ---- Large requests ----

TEST(Connection, SendsALargeRequestInParts) {
  RawServer server({{Pause(50), ReadRequest(), Send(kOk), ReadRequest(), Send(kOk), Drain()}});
  Harness harness(server.port());
  auto connection = harness.Connect();
  const std::string request = Post(8'000'000);
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = harness.Run(*connection, {.bytes = request});
    ASSERT_TRUE(outcome.ok()) << outcome.failure.message;
    EXPECT_EQ(outcome.sample.bytes_sent, request.size());
    EXPECT_EQ(server.requests().back(), request);
  }
  EXPECT_EQ(server.accepted(), 1);
}

TEST(Connection, TakesAnAnswerThatComesBeforeTheRequestIsRead) {
  // 413 and close, most of the request unread: the rest meets RST.
  const std::string answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
  for (const bool drains : {true, false}) {
    Script script = {ReadBytes(1000), Send(answer)};
    if (drains) script.push_back(Stall());
    RawServer server({script, {ReadRequest(), Send(kOk), Drain()}});
    Harness harness(server.port());
    auto connection = harness.Connect();
    const std::string request = Post(8'000'000);
    const Outcome outcome = harness.Run(*connection, {.bytes = request, .keep_body = true});
    ASSERT_TRUE(outcome.ok()) << outcome.failure.message;
    EXPECT_EQ(outcome.sample.status, 413);
    EXPECT_EQ(outcome.body, "no");
    EXPECT_LT(outcome.sample.bytes_sent, request.size());
    EXPECT_TRUE(harness.Get(*connection).ok());
    EXPECT_EQ(server.accepted(), 2);
  }
}

TEST(Connection, SaysResetWhenTheServerGoesAwayInTheMiddleOfTheRequest) {
  RawServer server({{ReadBytes(1000), Reset()}});
  Harness harness(server.port());
  auto connection = harness.Connect();
  const Outcome outcome = harness.Run(*connection, {.bytes = Post(8'000'000)});
  EXPECT_EQ(outcome.failure.kind, FailureKind::kReset);
  EXPECT_EQ(outcome.failure.message, "Connection reset by peer");
  EXPECT_EQ(outcome.failure.phase, Phase::kSend);
  EXPECT_TRUE(outcome.failure.evidence.reset);
  EXPECT_EQ(outcome.failure.evidence.since_send, Duration(0));
}

// ---- Decoding ----

TEST(Connection, FailsABodyThatCannotBeDecodedAndKeepsItsConnection) {
  struct Row {
    std::string coding;
    std::string body;
    bool keep_body;
    std::string message;  // "": it succeeds
  };
  const std::vector<Row> rows = {
      {"gzip", "no gzip at all", true, "Content-Encoding: incorrect header check"},
      {"br", "x", true, "Content-Encoding: 'br' is not supported"},
      {"gzip, gzip", "x", true, "Content-Encoding: 'gzip, gzip' is not supported"},
      {"gzip", "no gzip at all", false, ""},  // nobody looks at it
      {"gzip", "", true, ""},
      {"identity", "plain", true, ""},
  };
  Script script;
  for (const Row& row : rows) {
    script.insert(script.end(),
                  {ReadRequest(), Send("HTTP/1.1 200 OK\r\nContent-Encoding: " + row.coding +
                                       "\r\nContent-Length: " + std::to_string(row.body.size()) +
                                       "\r\n\r\n" + row.body)});
  }
  script.push_back(Drain());
  RawServer server({script});
  Destination destination = To("127.0.0.1", server.port());
  destination.decompress = true;
  Harness harness(destination);
  auto connection = harness.Connect();
  for (const Row& row : rows) {
    const Outcome outcome = harness.Run(*connection, {.bytes = kGet, .keep_body = row.keep_body});
    EXPECT_EQ(outcome.failure.message, row.message);
    EXPECT_EQ(outcome.failure.kind,
              row.message.empty() ? FailureKind::kNone : FailureKind::kDecode);
    EXPECT_EQ(outcome.sample.status, 200);
    EXPECT_EQ(outcome.body, row.message.empty() && row.keep_body ? row.body : "");
  }
  EXPECT_EQ(server.accepted(), 1);
}

// ---- Letting go ----

TEST(Connection, ThatIsLetGoGivesNoOutcomeAnyMore) {
  RawServer server({{ReadRequest(), Pause(), Send(kOk), Drain()}});
  FullBacklog full;
  for (const std::uint16_t port : {server.port(), full.port(), FreePort()}) {
    for (int turns = 0; turns < 4; ++turns) {
      Harness harness(port);
      Receiver receiver;
      auto connection = harness.Connect();
      connection->Start({.bytes = kGet, .timeout = milliseconds(5)}, receiver);
      for (int i = 0; i < turns && receiver.outcome.count == 0; ++i) {
        harness.reactor().Turn(Now() + milliseconds(1));
      }
      const int before = receiver.outcome.count;
      connection.reset();
      EXPECT_EQ(harness.wheel().size(), 0u);
      const Time later = Now() + milliseconds(10);
      harness.RunUntil([&] { return Now() > later; });
      EXPECT_EQ(receiver.outcome.count, before);
    }
  }
}

TEST(ConnectionDeathTest, MustNotOutliveItsClient) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto outlive = [] {
    std::unique_ptr<engine::Connection> connection;
    Harness harness(To("127.0.0.1", 1));
    connection = harness.Connect();
  };
  EXPECT_DEATH(outlive(), "broken invariant");
}

TEST(Connection, NeverAnswersFromInsideStart) {
  Destination nowhere;
  nowhere.host = "gone.test";
  Harness harness(nowhere);
  auto connection = harness.Connect();
  Receiver receiver;
  connection->Start({.bytes = kGet}, receiver);
  EXPECT_EQ(receiver.outcome.count, 0);
  harness.RunReady();
  EXPECT_EQ(receiver.outcome.count, 1);
}

TEST(Connection, HoldsBuffersOnlyWhileBytesAreUnderWay) {
  RawServer server({{ReadRequest(), Send(kOk), Drain()}});
  Harness harness(server.port());
  std::vector<std::unique_ptr<engine::Connection>> connections;
  for (int i = 0; i < 50; ++i) {
    connections.push_back(harness.Connect());
    EXPECT_TRUE(harness.Get(*connections.back()).ok());
  }
  EXPECT_EQ(harness.client().spare_buffers(), 1u);
  EXPECT_EQ(server.accepted(), 50);
}

}  // namespace
}  // namespace sfp::http
