// How users hold connections: kept or not, worn out, too long idle, from which of our addresses, to
// which of the target's, and a few shared by many.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/http/harness.h"
#include "tests/support/raw_server.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::kNotMeasured;
using stats::Phase;
using std::chrono::milliseconds;
using support::Drain;
using support::Pause;
using support::RawServer;
using support::ReadRequest;
using support::Script;
using support::Send;
using support::Stall;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Script Answers(int n) {
  Script script;
  for (int i = 0; i < n; ++i) script.insert(script.end(), {ReadRequest(), Send(kOk)});
  script.push_back(Drain());
  return script;
}

Destination With(const RawServer& server, ConnectionRules rules) {
  Destination destination = To("127.0.0.1", server.port());
  destination.connections = std::move(rules);
  return destination;
}

TEST(Rules, WithoutKeepAliveEachRequestHasAConnection) {
  RawServer server({Answers(1)});
  Harness harness(With(server, {.keep_alive = false}));
  auto connection = harness.Connect();
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = harness.Get(*connection);
    ASSERT_TRUE(outcome.ok()) << outcome.failure.message;
    EXPECT_FALSE(outcome.sample.reconnected);  // it was our own wish
    EXPECT_NE(outcome.phase(Phase::kConnect), kNotMeasured);
  }
  EXPECT_EQ(server.accepted(), 5);
  EXPECT_EQ(harness.counters().connects, 5u);
}

TEST(Rules, AConnectionIsWornAfterItsRequests) {
  RawServer server({Answers(10)});
  Harness harness(With(server, {.max_requests = 3}));
  auto connection = harness.Connect();
  for (int i = 0; i < 9; ++i) {
    const Outcome outcome = harness.Get(*connection);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.phase(Phase::kConnect) == kNotMeasured, i % 3 != 0) << i;
    EXPECT_FALSE(outcome.sample.reconnected);
  }
  EXPECT_EQ(server.accepted(), 3);
}

TEST(Rules, AnIdleConnectionIsClosedAtItsTimeToLiveAndNoSooner) {
  RawServer server({Answers(10)});
  Harness harness(With(server, {.idle_ttl = milliseconds(60)}));
  auto connection = harness.Connect();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(harness.Get(*connection).ok());
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(server.finished(), 0);
  const Time answered = Now();
  EXPECT_TRUE(harness.RunUntil([&] { return server.finished() == 1; }));
  EXPECT_GE(Now() - answered, milliseconds(59));
  const Outcome next = harness.Get(*connection);
  EXPECT_TRUE(next.ok());
  EXPECT_FALSE(next.sample.reconnected);
  EXPECT_EQ(server.accepted(), 2);
}

TEST(Rules, UsersConnectFromTheSourceAddressesInTurn) {
  RawServer server({Answers(1)});
  const std::vector<std::string> addresses = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
  ConnectionRules rules;
  for (const std::string& address : addresses) rules.sources_v4.push_back(At(address, 0));
  Harness harness(With(server, rules));
  std::vector<std::unique_ptr<engine::Connection>> connections;
  for (std::uint64_t user = 0; user < 6; ++user) {
    connections.push_back(harness.Connect(user));
    ASSERT_TRUE(harness.Get(*connections.back()).ok());
  }
  const std::vector<std::string> from = server.peers();
  ASSERT_EQ(from.size(), 6u);
  for (std::size_t i = 0; i < from.size(); ++i) EXPECT_EQ(from[i], addresses[i % 3]);
}

TEST(Rules, ASourceAddressThatIsNotOursIsOurFailureNotTheTargets) {
  RawServer server({Answers(1)});
  ConnectionRules rules;
  rules.sources_v4.push_back(At("192.0.2.1", 0));
  Harness harness(With(server, rules));
  auto connection = harness.Connect();
  const Outcome outcome = harness.Get(*connection);
  EXPECT_EQ(outcome.failure.kind, FailureKind::kOutOfPorts);
  EXPECT_EQ(server.accepted(), 0);
}

TEST(Rules, NewConnectionsFollowTheTargetsAddresses) {
  RawServer before({Answers(5)});
  RawServer after({Answers(5)});
  Harness harness(To("127.0.0.1", before.port()));
  auto kept = harness.Connect();
  ASSERT_TRUE(harness.Get(*kept).ok());
  harness.client().SetAddresses({At("127.0.0.1", after.port())});
  ASSERT_TRUE(harness.Get(*kept).ok());  // goes on where it is
  auto fresh = harness.Connect();
  ASSERT_TRUE(harness.Get(*fresh).ok());
  EXPECT_EQ(before.requests().size(), 2u);
  EXPECT_EQ(after.requests().size(), 1u);
}

// ---- Shared by many ----

TEST(SharedPool, ServesManyUsersOverAFewConnectionsAndMeasuresTheWait) {
  constexpr int kUsers = 12;
  constexpr int kEach = 5;
  Script script;
  for (int i = 0; i < kUsers * kEach; ++i) {
    script.insert(script.end(), {ReadRequest(), Pause(2), Send(kOk)});
  }
  script.push_back(Drain());
  RawServer server({script});
  Harness harness(To("127.0.0.1", server.port()), 3);
  std::vector<std::unique_ptr<engine::Connection>> users;
  std::vector<Receiver> receivers(kUsers);
  int good = 0;
  int waited = 0;
  for (int i = 0; i < kUsers; ++i) {
    users.push_back(harness.Connect(static_cast<std::uint64_t>(i)));
    receivers[i].then = [&, i] {
      const Outcome& outcome = receivers[i].outcome;
      good += outcome.failure.kind == FailureKind::kNone && outcome.body == "ok";
      EXPECT_NE(outcome.phase(Phase::kBlocked), kNotMeasured);
      EXPECT_LE(outcome.phase(Phase::kBlocked), outcome.sample.response);
      waited += outcome.phase(Phase::kBlocked) > milliseconds(1);
      if (outcome.count < kEach) users[i]->Start({.bytes = kGet, .keep_body = true}, receivers[i]);
    };
    users[i]->Start({.bytes = kGet, .keep_body = true}, receivers[i]);
  }
  EXPECT_TRUE(harness.RunUntil([&] { return good == kUsers * kEach; })) << good;
  EXPECT_EQ(server.accepted(), 3);
  EXPECT_GT(waited, kUsers);  // nine of twelve wait at any time
}

TEST(SharedPool, ServesThoseWhoWaitInTheirOrder) {
  RawServer server({Answers(20)});
  Harness harness(To("127.0.0.1", server.port()), 1);
  std::vector<std::unique_ptr<engine::Connection>> users;
  std::vector<Receiver> receivers(5);
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    users.push_back(harness.Connect());
    receivers[i].then = [&order, i] { order.push_back(i); };
    users[i]->Start({.bytes = kGet}, receivers[i]);
  }
  EXPECT_TRUE(harness.RunUntil([&] { return order.size() == 5; }));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(SharedPool, WaitingCountsTowardsTheTimeout) {
  RawServer server({{ReadRequest(), Stall()}});
  Harness harness(To("127.0.0.1", server.port()), 1);
  auto holder = harness.Connect();
  auto waiter = harness.Connect();
  Receiver held;
  Receiver waited;
  holder->Start({.bytes = kGet}, held);
  waiter->Start({.bytes = kGet, .timeout = milliseconds(30)}, waited);
  EXPECT_TRUE(harness.RunUntil([&] { return waited.outcome.count == 1; }));
  EXPECT_EQ(waited.outcome.failure.kind, FailureKind::kTimeout);
  EXPECT_EQ(waited.outcome.failure.phase, Phase::kBlocked);
  EXPECT_GE(waited.outcome.sample.response, milliseconds(30));
  EXPECT_EQ(held.outcome.count, 0);
  EXPECT_EQ(server.requests().size(), 1u);  // it was never sent
}

TEST(SharedPool, AUserThatGoesInTheMiddleLeavesItsPlaceToTheNext) {
  RawServer server({{ReadRequest(), Stall()}, Answers(5)});
  Harness harness(To("127.0.0.1", server.port()), 1);
  auto first = harness.Connect();
  auto second = harness.Connect();
  auto third = harness.Connect();
  Receiver receivers[3];
  first->Start({.bytes = kGet}, receivers[0]);
  second->Start({.bytes = kGet}, receivers[1]);
  third->Start({.bytes = kGet}, receivers[2]);
  EXPECT_TRUE(harness.RunUntil([&] { return server.requests().size() == 1; }));
  second.reset();  // while it waits
  first.reset();   // while its answer is awaited
  EXPECT_TRUE(harness.RunUntil([&] { return receivers[2].outcome.count == 1; }));
  EXPECT_TRUE(receivers[2].outcome.ok());
  EXPECT_EQ(receivers[0].outcome.count, 0);
  EXPECT_EQ(receivers[1].outcome.count, 0);
  EXPECT_EQ(server.accepted(), 2);
}

}  // namespace
}  // namespace sfp::http
