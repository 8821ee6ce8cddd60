// The limits of an exchange: of each phase, and of all of it.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/integration/http/harness.h"
#include "tests/integration/http/peers.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::Phase;
using std::chrono::milliseconds;
using support::Pause;
using support::RawServer;
using support::ReadRequest;
using support::Script;
using support::Send;
using support::Stall;

TEST(Limits, EndsConnectingAtItsLimit) {
  FullBacklog full;
  for (const bool total : {false, true}) {
    Destination destination = To("127.0.0.1", full.port());
    if (!total) destination.phases.connect = milliseconds(50);
    Harness harness(destination);
    auto connection = harness.Connect();
    const Outcome outcome = harness.Run(
        *connection, {.bytes = kGet, .timeout = total ? Duration(milliseconds(50)) : Duration(0)});
    EXPECT_EQ(outcome.failure.kind, FailureKind::kConnectTimeout);
    EXPECT_EQ(outcome.failure.phase, Phase::kConnect);
    EXPECT_EQ(outcome.failure.message, "connect: no answer within 50ms");
    EXPECT_GE(outcome.sample.response, milliseconds(50));
  }
}

struct Limit {
  const char* name;
  Script script;
  std::string request;
  Duration PhaseLimits::*limit;  // null: the total
  FailureKind kind;
  Phase phase;
  std::string message;
};

class PhaseLimit : public testing::TestWithParam<Limit> {};

TEST_P(PhaseLimit, EndsTheExchange) {
  const Limit& row = GetParam();
  RawServer server({row.script});
  Destination destination = To("127.0.0.1", server.port());
  if (row.limit != nullptr) destination.phases.*row.limit = milliseconds(30);
  if (row.phase == Phase::kTls) {
    destination.tls = *net::TlsContext::Client({.verify = false});
    destination.server_name = "localhost";
  }
  Harness harness(destination);
  auto connection = harness.Connect();
  const Outcome outcome = harness.Run(
      *connection, {.bytes = row.request,
                    .timeout = row.limit == nullptr ? milliseconds(30) : milliseconds(60'000)});
  EXPECT_EQ(outcome.count, 1);
  EXPECT_EQ(outcome.failure.kind, row.kind) << stats::Name(outcome.failure.kind);
  EXPECT_EQ(outcome.failure.phase, row.phase) << stats::Name(outcome.failure.phase);
  EXPECT_EQ(outcome.failure.message, row.message);
  EXPECT_GE(outcome.sample.response, milliseconds(30));
  EXPECT_FALSE(outcome.failure.evidence.reset);
}

INSTANTIATE_TEST_SUITE_P(
    Phases, PhaseLimit,
    testing::Values(Limit{"Tls",
                          {Stall()},
                          kGet,
                          &PhaseLimits::tls,
                          FailureKind::kTlsTimeout,
                          Phase::kTls,
                          "TLS: handshake not finished within 30ms"},
                    Limit{"TlsTotal",
                          {Stall()},
                          kGet,
                          nullptr,
                          FailureKind::kTlsTimeout,
                          Phase::kTls,
                          "TLS: handshake not finished within 30ms"},
                    Limit{"Send",
                          {Stall()},
                          Post(16'000'000),
                          &PhaseLimits::send,
                          FailureKind::kTimeout,
                          Phase::kSend,
                          "send: request not taken within 30ms"},
                    Limit{"FirstByte",
                          {ReadRequest(), Stall()},
                          kGet,
                          &PhaseLimits::first_byte,
                          FailureKind::kTimeout,
                          Phase::kFirstByte,
                          "first byte: no answer within 30ms"},
                    Limit{"FirstByteTotal",
                          {ReadRequest(), Stall()},
                          kGet,
                          nullptr,
                          FailureKind::kTimeout,
                          Phase::kFirstByte,
                          "first byte: no answer within 30ms"},
                    Limit{"Body",
                          {ReadRequest(), Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
                           Stall()},
                          kGet,
                          &PhaseLimits::body,
                          FailureKind::kTimeout,
                          Phase::kBody,
                          "body: response not whole within 30ms"},
                    Limit{"Header",
                          {ReadRequest(), Send("HTTP/1.1 200"), Stall()},
                          kGet,
                          nullptr,
                          FailureKind::kTimeout,
                          Phase::kBody,
                          "body: response not whole within 30ms"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Limits, CountsALimitAnewForEachExchange) {
  Script script;
  for (int i = 0; i < 6; ++i) {
    script.insert(script.end(), {ReadRequest(), Pause(100), Send(kOk)});  // 20 ms
  }
  script.insert(script.end(), {ReadRequest(), Stall()});
  RawServer server({script});
  Harness harness(server.port());
  auto connection = harness.Connect();
  const engine::Request request{.bytes = kGet, .timeout = milliseconds(2000)};
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(harness.Run(*connection, request).ok());
  const Outcome last = harness.Run(*connection, {.bytes = kGet, .timeout = milliseconds(30)});
  EXPECT_EQ(last.failure.kind, FailureKind::kTimeout);  // a shorter limit than the one before
  EXPECT_LT(last.sample.response, milliseconds(2000));
}

}  // namespace
}  // namespace sfp::http
