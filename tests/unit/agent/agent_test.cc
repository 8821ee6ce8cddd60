#include "worker/agent/agent.h"

#include <gtest/gtest.h>

#include <deque>

#include "common/base/log.h"

namespace sfp::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Notes what the agent wants.
class Shell final : public AgentShell {
 public:
  void Connect() override { ++connects; }
  void Disconnect() override { ++disconnects; }
  void Send(const v1::WorkerMessage& message) override { sent.push_back(message); }
  void Prepare(const v1::Prepare& prepare, std::uint32_t) override { prepared = prepare.run(); }
  void StartEngines(const plan::Plan& plan, Time start) override {
    ++starts;
    revision = plan.revision();
    started_at = start;
  }
  void UpdatePlan(const plan::Plan& plan) override {
    revision = plan.revision();
    has_users = plan.OwnerOf(0) == 3;
  }
  void StopEngines() override { ++stops; }
  void DrainEngines(Duration limit) override {
    ++stops;
    drain_limit = limit;
  }
  void AbandonEngines() override { ++abandons; }
  void Exit(int code, const std::string& why) override {
    exit_code = code;
    reason = why;
  }

  int connects = 0, disconnects = 0, starts = 0, stops = 0, abandons = 0;
  std::uint64_t prepared = 0, revision = 0;
  Time started_at{};
  Duration drain_limit{0};
  bool has_users = true;
  std::deque<v1::WorkerMessage> sent;
  std::optional<int> exit_code;
  std::string reason;
};

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    SetLogLevel(LogLevel::kError);
    options.session = 9;
    options.threads = 1;
    Make();
  }
  void Make() { agent = std::make_unique<Agent>(shell, options, now); }

  // To this moment, with a tick every 50 ms.
  void Pass(Duration d) {
    for (const Time end = now + d; now < end;) {
      now += milliseconds(50);
      agent->Tick(now);
    }
  }
  void Say(const v1::MasterMessage& message) { agent->OnMessage(message, now); }
  void Welcome(std::uint64_t run = 0, std::uint64_t sequence = 0) {
    v1::MasterMessage message;
    message.mutable_welcome()->set_index(3);
    message.mutable_welcome()->set_run(run);
    message.mutable_welcome()->set_sequence(sequence);
    Say(message);
  }
  void Join(std::uint64_t run = 0, std::uint64_t sequence = 0) {
    Pass(seconds(3));
    agent->OnConnected(now);
    ASSERT_TRUE(shell.sent.back().has_hello());
    Welcome(run, sequence);
  }
  void Refuse(bool retry) {
    v1::MasterMessage message;
    message.mutable_refused()->set_reason("no");
    message.mutable_refused()->set_retry(retry);
    Say(message);
  }
  void Prepare(std::uint64_t run) {
    v1::MasterMessage message;
    message.mutable_prepare()->set_run(run);
    *message.mutable_prepare()->mutable_plan() = Plan(1);
    Say(message);
  }
  static v1::Plan Plan(std::uint64_t revision) {
    v1::Plan plan;
    plan.set_revision(revision);
    plan.add_points()->set_users(5);
    plan.add_owners(3);
    return plan;
  }
  void Start(std::uint64_t run) {
    v1::MasterMessage message;
    message.mutable_start()->set_run(run);
    message.mutable_start()->set_start_ns((now + milliseconds(500)).time_since_epoch().count());
    Say(message);
  }
  void Ack(std::uint64_t run, std::uint64_t sequence) {
    v1::MasterMessage message;
    message.mutable_ack()->set_run(run);
    message.mutable_ack()->set_sequence(sequence);
    Say(message);
  }
  // `heard`: the newest Pong that the master had.
  void Ping(std::optional<Time> heard = std::nullopt) {
    v1::MasterMessage message;
    message.mutable_ping()->set_master_ns(1);
    if (heard) message.mutable_ping()->set_pong_ns(heard->time_since_epoch().count());
    Say(message);
  }
  // Two workers share the users.
  void RunShared(std::uint64_t run, std::uint64_t iterations = 0) {
    Join();
    v1::MasterMessage message;
    message.mutable_prepare()->set_run(run);
    *message.mutable_prepare()->mutable_plan() = Plan(1);
    message.mutable_prepare()->mutable_plan()->add_owners(4);
    message.mutable_prepare()->mutable_plan()->set_iterations(iterations);
    Say(message);
    agent->OnPrepared(run, Ok(), now);
    Start(run);
  }
  void Stop(std::uint64_t run) {
    v1::MasterMessage message;
    message.mutable_stop()->set_run(run);
    Say(message);
  }
  void Run(std::uint64_t run) {
    Join();
    Prepare(run);
    agent->OnPrepared(run, Ok(), now);
    Start(run);
    ASSERT_EQ(agent->state(), State::kRunning);
  }
  void Interval(std::uint32_t index) {
    stats::Interval interval;
    interval.index = index;
    agent->OnInterval(0, interval, now);
  }
  // Sequences of the snapshots sent since the last call.
  std::vector<std::uint64_t> Snapshots() {
    std::vector<std::uint64_t> sequences;
    for (const auto& message : shell.sent) {
      if (message.has_snapshot()) sequences.push_back(message.snapshot().sequence());
    }
    shell.sent.clear();
    return sequences;
  }

  Time now{seconds(1000)};
  Shell shell;
  AgentOptions options;
  std::unique_ptr<Agent> agent;
};

TEST_F(AgentTest, TriesToConnectForEverWithGrowingWaits) {
  std::vector<double> waits;
  Time last = now;
  for (int attempt = 1; attempt <= 10; ++attempt) {
    while (shell.connects < attempt) Pass(milliseconds(50));
    waits.push_back(Seconds(now - last));
    last = now;
    agent->OnDisconnected("refused", now);
  }
  EXPECT_LT(waits[1], 0.2);
  for (int i = 7; i < 10; ++i) EXPECT_NEAR(waits[i], 2.0, 0.6);
  EXPECT_FALSE(shell.exit_code);
}

TEST_F(AgentTest, JoinTimeoutEndsItWithTheReason) {
  options.join_timeout = seconds(5);
  Make();
  Pass(seconds(1));
  agent->OnDisconnected("cannot reach 10.0.0.1:5557", now);
  Pass(seconds(5));
  agent->OnDisconnected("cannot reach 10.0.0.1:5557", now);
  Pass(seconds(3));
  EXPECT_EQ(shell.exit_code, kExitNoMaster);
  EXPECT_EQ(shell.reason, "not joined within 5 s: cannot reach 10.0.0.1:5557");
}

TEST_F(AgentTest, FinalRefusalEndsItWithTheMastersReason) {
  Pass(seconds(1));
  agent->OnConnected(now);
  Refuse(false);
  EXPECT_EQ(shell.disconnects, 1);
  agent->OnDisconnected("closed", now);
  EXPECT_EQ(shell.exit_code, kExitRefused);
  EXPECT_EQ(shell.reason, "the master refuses this worker: no");
}

TEST_F(AgentTest, RefusalForNowIsTriedAgain) {
  Pass(seconds(1));
  agent->OnConnected(now);
  Refuse(true);
  agent->OnDisconnected("closed", now);
  Pass(seconds(3));
  EXPECT_EQ(shell.connects, 2);
  EXPECT_FALSE(shell.exit_code);
}

TEST_F(AgentTest, PingIsAnsweredWithBothClocks) {
  Join();
  Ping();
  const v1::Pong& pong = shell.sent.back().pong();
  EXPECT_EQ(pong.master_ns(), 1);
  EXPECT_EQ(pong.worker_ns(), now.time_since_epoch().count());
}

TEST_F(AgentTest, GoodbyeEndsItWell) {
  Join();
  v1::MasterMessage message;
  message.mutable_goodbye();
  Say(message);
  agent->OnDisconnected("closed", now);
  EXPECT_EQ(shell.exit_code, kExitDone);
}

TEST_F(AgentTest, TroubleWhilePreparingIsReported) {
  Join();
  Prepare(5);
  EXPECT_EQ(shell.prepared, 5u);
  agent->OnPrepared(5, Invalid("bad certificate"), now);
  EXPECT_EQ(shell.sent.back().prepared().error(), "bad certificate");
}

TEST_F(AgentTest, OnlyNewerPlansAreFollowed) {
  Run(5);
  v1::MasterMessage message;
  for (const std::uint64_t revision : {4, 2, 3}) {
    *message.mutable_plan() = Plan(revision);
    Say(message);
    EXPECT_EQ(shell.revision, 4u);
  }
}

TEST_F(AgentTest, UnacknowledgedSnapshotsAreSentAgainAfterAReconnection) {
  Run(5);
  for (std::uint32_t s = 0; s < 4; ++s) Interval(s);
  Ack(5, 1);
  EXPECT_EQ(Snapshots(), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  agent->OnDisconnected("reset", now);
  Interval(4);
  EXPECT_TRUE(Snapshots().empty());
  Join(5, 2);
  EXPECT_EQ(Snapshots(), (std::vector<std::uint64_t>{3, 4, 5}));
  EXPECT_EQ(shell.stops, 0);
}

TEST_F(AgentTest, FinishedComesBehindTheLastAcknowledgement) {
  Run(5);
  Interval(0);
  Stop(5);
  EXPECT_EQ(shell.stops, 1);
  agent->OnEngineIdle(0, now);
  EXPECT_EQ(agent->state(), State::kFinished);
  EXPECT_TRUE(shell.sent.back().snapshot().last());
  Ack(5, 1);
  EXPECT_FALSE(shell.sent.back().has_finished());
  Ack(5, 2);
  EXPECT_EQ(shell.sent.back().finished().snapshots(), 2u);
}

TEST_F(AgentTest, TheLeaseCountsFromWhatTheMasterSaysItHeard) {
  RunShared(5);
  const Time heard = now;
  Pass(seconds(2));
  Ping(heard);  // old: it was on its way when the network went
  Pass(milliseconds(1000));
  EXPECT_TRUE(shell.has_users);
  Pass(milliseconds(100));
  EXPECT_FALSE(shell.has_users);
  EXPECT_EQ(shell.stops, 0);
  Ping(heard);
  EXPECT_FALSE(shell.has_users);
  Ping(now - milliseconds(300));
  EXPECT_TRUE(shell.has_users);
  EXPECT_EQ(shell.revision, 1u);
}

TEST_F(AgentTest, TheLeaseHoldsWhileTheMastersMachineAnswers) {
  RunShared(5);
  for (int i = 0; i < 18; ++i) {
    Pass(milliseconds(500));
    agent->OnReached(now);
    EXPECT_TRUE(shell.has_users);
  }
  Pass(seconds(2));  // but not longer than the dead man's switch
  EXPECT_EQ(shell.stops, 1);
}

TEST_F(AgentTest, NobodyTakesIterationsOverSoTheyAreNotPaused) {
  RunShared(5, 100);
  Pass(seconds(9));
  EXPECT_TRUE(shell.has_users);
}

TEST_F(AgentTest, SnapshotsOfPausedSecondsSaySo) {
  RunShared(5);
  Pass(seconds(5));  // the start is half a second after now: paused in second 2 and later
  for (std::uint32_t s = 0; s < 5; ++s) Interval(s);
  std::vector<bool> paused;
  for (const auto& message : shell.sent) {
    if (message.has_snapshot()) paused.push_back(message.snapshot().paused());
  }
  EXPECT_EQ(paused, (std::vector<bool>{false, false, true, true, true}));
}

TEST_F(AgentTest, ClockChangesGoOutWithTheNextSnapshotOnly) {
  Run(5);
  agent->OnClocks(seconds(77), {.step = -seconds(2), .suspended = Duration(0)});
  agent->OnClocks(seconds(77), {.step = seconds(5), .suspended = seconds(1)});
  Interval(0);
  EXPECT_EQ(shell.sent.back().snapshot().clock_step_ns(), Duration(seconds(3)).count());
  EXPECT_EQ(shell.sent.back().snapshot().suspended_ns(), Duration(seconds(1)).count());
  Interval(1);
  EXPECT_EQ(shell.sent.back().snapshot().clock_step_ns(), 0);
  Ping();
  EXPECT_EQ(shell.sent.back().pong().wall_ns() - shell.sent.back().pong().worker_ns(),
            Duration(seconds(77)).count());
}

TEST_F(AgentTest, DeadMansSwitchStopsAfter10sOfSilenceAndNoSooner) {
  Run(5);
  Pass(seconds(5));
  Ping();
  Pass(milliseconds(9'950));
  EXPECT_EQ(shell.stops, 0);
  Pass(milliseconds(150));
  EXPECT_EQ(shell.stops, 1);
  EXPECT_EQ(shell.disconnects, 1);  // the stream is dead: a new one is tried
}

TEST_F(AgentTest, HaltedEnginesStartAgainOnTheSameClockWhenAllIsDelivered) {
  Run(5);
  const Time start = shell.started_at;
  agent->OnDisconnected("reset", now);
  Interval(0);
  Pass(seconds(11));
  agent->OnEngineIdle(0, now);
  agent->OnDisconnected("still away", now);
  Join(5, 0);
  Start(5);
  EXPECT_EQ(shell.starts, 1);  // a snapshot is not acknowledged yet
  Ack(5, 1);
  EXPECT_EQ(shell.starts, 2);
  EXPECT_EQ(shell.started_at, start);
}

TEST_F(AgentTest, MasterWithoutTheRunMakesItGiveTheRunUp) {
  Run(5);
  agent->OnDisconnected("reset", now);
  Join(0);
  EXPECT_GE(shell.abandons, 1);
  EXPECT_EQ(agent->run(), 0u);
  EXPECT_EQ(agent->state(), State::kReady);
}

TEST_F(AgentTest, AcknowledgementOfTheFutureBreaksTheStreamOff) {
  Run(5);
  Interval(0);
  Ack(5, 7);
  EXPECT_EQ(shell.disconnects, 1);
  EXPECT_EQ(agent->run(), 0u);
}

TEST_F(AgentTest, SignalLeavesAfterDelivery) {
  Run(5);
  Interval(0);
  agent->OnSignal(now);
  EXPECT_TRUE(shell.sent.back().has_leaving());
  EXPECT_EQ(shell.stops, 1);
  agent->OnEngineIdle(0, now);
  Ack(5, 2);
  EXPECT_TRUE(shell.sent.back().has_finished());
  Pass(milliseconds(50));
  EXPECT_EQ(shell.disconnects, 1);
  agent->OnDisconnected("closed", now);
  EXPECT_EQ(shell.exit_code, kExitDone);
}

TEST_F(AgentTest, ReplacedStopsItsLoadAtOnceDeliversAndExitsWithItsOwnCode) {
  Run(5);
  Interval(0);
  v1::MasterMessage message;
  message.mutable_replaced()->set_reason("a newer worker has joined with --index 3");
  Say(message);
  EXPECT_EQ(shell.stops, 1);
  EXPECT_EQ(shell.drain_limit, options.drain_limit);
  Say(message);  // again, on a new stream
  EXPECT_EQ(shell.stops, 1);
  agent->OnEngineIdle(0, now);
  Ack(5, 2);
  Pass(milliseconds(50));
  agent->OnDisconnected("closed", now);
  EXPECT_EQ(shell.exit_code, kExitReplaced);
  EXPECT_EQ(shell.reason, "replaced: a newer worker has joined with --index 3");
}

TEST_F(AgentTest, ReplacedWaitsForItsMasterLongerThanAfterASignal) {
  Run(5);
  Interval(0);
  v1::MasterMessage message;
  message.mutable_replaced()->set_reason("twice");
  Say(message);
  agent->OnEngineIdle(0, now);
  agent->OnDisconnected("reset", now);
  Pass(seconds(1));
  agent->OnDisconnected("refused", now);
  Pass(seconds(30));
  EXPECT_FALSE(shell.exit_code);
  agent->OnSignal(now);  // the pod is deleted
  Pass(seconds(9));
  EXPECT_FALSE(shell.exit_code);
  Pass(seconds(2));
  if (!shell.exit_code) agent->OnDisconnected("closed", now);
  EXPECT_EQ(shell.exit_code, kExitNoMaster);
}

TEST_F(AgentTest, JoinTimeoutCountsAnewFromTheLossOfTheMaster) {
  options.join_timeout = seconds(20);
  Make();
  Join();
  for (int i = 0; i < 30; ++i) {
    v1::MasterMessage ping;
    ping.mutable_ping();
    Say(ping);
    Pass(seconds(1));
  }
  EXPECT_FALSE(shell.exit_code);
  agent->OnDisconnected("reset", now);
  for (int i = 0; i < 10; ++i) {
    Pass(seconds(2));
    if (!shell.exit_code) agent->OnDisconnected("Connection refused", now);
  }
  Pass(seconds(3));
  EXPECT_EQ(shell.exit_code, kExitNoMaster);
  EXPECT_EQ(shell.reason, "no master again within 20 s: Connection refused");
}

TEST_F(AgentTest, SecondSignalEndsItAtOnce) {
  Run(5);
  agent->OnSignal(now);
  agent->OnSignal(now);
  EXPECT_EQ(shell.exit_code, kExitInterrupted);
  EXPECT_GE(shell.abandons, 1);
}

TEST_F(AgentTest, SignalWithoutAMasterGivesUpAfter10s) {
  Run(5);
  Interval(0);
  agent->OnDisconnected("reset", now);
  agent->OnSignal(now);
  agent->OnEngineIdle(0, now);
  while (!shell.exit_code && now < Time(seconds(1100))) {
    Pass(milliseconds(500));
    agent->OnDisconnected("refused", now);
  }
  EXPECT_EQ(shell.exit_code, kExitNoMaster);
  EXPECT_NE(shell.reason.find("2 snapshots"), std::string::npos) << shell.reason;
}

}  // namespace
}  // namespace sfp::agent
