// What single messages do; whole lives are in tests/sim/cluster.

#include "master/coordinator/coordinator.h"

#include <gtest/gtest.h>

#include <map>

#include "common/base/log.h"
#include "common/base/text.h"

namespace sfp::coordinator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Takes `good` records; those behind are not safe until told so.
class StuckJournal : public Journal {
 public:
  explicit StuckJournal(std::uint64_t good, std::string why = "") : good_(good), why_(why) {}
  void Append(const v1::JournalRecord&) override { ++appended_; }
  std::uint64_t appended() const override { return appended_; }
  std::uint64_t safe() const override { return std::min(good_, appended_); }
  std::string trouble() const override { return safe() < appended_ ? why_ : ""; }
  bool Flush(Duration) override { return safe() == appended_; }
  void Take(std::uint64_t more) { good_ += more; }

 private:
  std::uint64_t good_;
  std::uint64_t appended_ = 0;
  std::string why_;
};

class Shell final : public CoordinatorShell {
 public:
  void Send(ConnectionId connection, const v1::MasterMessage& message) override {
    sent[connection].push_back(message);
  }
  void Close(ConnectionId connection) override { closed.insert({connection, true}); }
  std::string WallClock(Time) override { return "2026-11-23T10:00:00Z"; }
  void OnRunFinished(const Outcome& o) override { outcome = o; }

  std::map<ConnectionId, std::vector<v1::MasterMessage>> sent;
  std::map<ConnectionId, bool> closed;
  std::optional<Outcome> outcome;
};

class CoordinatorTest : public testing::Test {
 protected:
  CoordinatorTest() { Make({}); }
  void Make(CoordinatorOptions options) {
    SetLogLevel(LogLevel::kError);
    master = std::make_unique<Coordinator>(shell, options);
  }

  static v1::Hello GoodHello(std::uint64_t session) {
    v1::Hello hello;
    hello.set_protocol(kProtocol);
    hello.set_version(std::string(Version()));
    hello.set_session(session);
    hello.set_name("w");
    hello.set_threads(1);
    return hello;
  }
  void Connect(ConnectionId connection, const v1::Hello& hello) {
    master->OnConnect(connection, "10.0.0.1", now);
    v1::WorkerMessage message;
    *message.mutable_hello() = hello;
    master->OnMessage(connection, message, now);
  }
  const v1::MasterMessage* Last(ConnectionId connection, v1::MasterMessage::BodyCase kind) {
    const v1::MasterMessage* last = nullptr;
    for (const auto& message : shell.sent[connection]) {
      if (message.body_case() == kind) last = &message;
    }
    return last;
  }
  std::string Refusal(ConnectionId connection) {
    const v1::MasterMessage* refused = Last(connection, v1::MasterMessage::kRefused);
    return refused != nullptr && shell.closed.contains(connection) ? refused->refused().reason()
                                                                   : "";
  }
  // Answers every ping, for each connection.
  void Pass(Duration d) {
    for (const Time end = now + d; now < end;) {
      now += milliseconds(50);
      master->Tick(now);
      for (auto& [connection, messages] : shell.sent) {
        if (shell.closed.contains(connection)) continue;
        for (std::size_t& i = answered[connection]; i < messages.size(); ++i) {
          if (!messages[i].has_ping()) continue;
          v1::WorkerMessage pong;
          pong.mutable_pong()->set_master_ns(messages[i].ping().master_ns());
          pong.mutable_pong()->set_worker_ns(now.time_since_epoch().count());
          master->OnMessage(connection, pong, now);
        }
      }
    }
  }
  RunSpec Spec(std::uint32_t workers) {
    RunSpec spec;
    spec.run = 5;
    spec.workers = workers;
    spec.shape = plan::Constant{.users = 10, .spawn_rate = 100};
    spec.endpoints.emplace_back().set_name("a");
    return spec;
  }
  void Run(std::uint32_t workers, std::unique_ptr<Journal> journal) {
    for (std::uint32_t i = 1; i <= workers; ++i) Connect(i, GoodHello(i));
    Begin(Spec(workers), std::move(journal));
  }
  // With workers that have joined.
  void Begin(RunSpec spec, std::unique_ptr<Journal> journal) {
    const std::uint32_t workers = spec.workers;
    ASSERT_TRUE(master->StartRun(std::move(spec), std::move(journal), now).ok());
    Pass(milliseconds(500));
    for (std::uint32_t i = 1; i <= workers; ++i) {
      v1::WorkerMessage message;
      message.mutable_prepared()->set_run(5);
      master->OnMessage(i, message, now);
    }
    Pass(seconds(2));
  }
  void Snapshot(ConnectionId connection, std::uint64_t sequence, std::uint64_t started = 1) {
    v1::WorkerMessage message;
    v1::Snapshot& snapshot = *message.mutable_snapshot();
    snapshot.set_run(5);
    snapshot.set_session(connection);
    snapshot.set_sequence(sequence);
    snapshot.set_interval(static_cast<std::uint32_t>(sequence - 1));
    snapshot.set_end_ns(1'000'000'000);
    snapshot.add_endpoints()->set_started(started);
    master->OnMessage(connection, message, now);
  }
  std::uint64_t Acknowledged(ConnectionId connection) {
    const v1::MasterMessage* ack = Last(connection, v1::MasterMessage::kAck);
    return ack != nullptr ? ack->ack().sequence() : 0;
  }
  std::uint64_t Started() { return master->results()->endpoints()[0].started; }

  Time now{seconds(5000)};
  Shell shell;
  std::map<ConnectionId, std::size_t> answered;
  std::unique_ptr<Coordinator> master;
};

TEST_F(CoordinatorTest, IndexBelongsToTheSession) {
  Connect(1, GoodHello(70));
  Connect(2, GoodHello(80));
  EXPECT_EQ(Last(1, v1::MasterMessage::kWelcome)->welcome().index(), 0u);
  EXPECT_EQ(Last(2, v1::MasterMessage::kWelcome)->welcome().index(), 1u);
  master->OnDisconnect(1, now);
  Connect(3, GoodHello(70));
  EXPECT_EQ(Last(3, v1::MasterMessage::kWelcome)->welcome().index(), 0u);
}

TEST_F(CoordinatorTest, APlaceIsTheIndexIfItIsFree) {
  v1::Hello hello = GoodHello(1);
  hello.set_place(2);
  Connect(1, hello);
  Connect(2, GoodHello(2));
  EXPECT_EQ(Last(1, v1::MasterMessage::kWelcome)->welcome().index(), 2u);
  EXPECT_EQ(Last(2, v1::MasterMessage::kWelcome)->welcome().index(), 0u);
}

TEST_F(CoordinatorTest, TheNewerOfTwoInOnePlaceCountsAndTheOlderCannotComeBack) {
  v1::Hello hello = GoodHello(1);
  hello.set_place(2);
  Connect(1, hello);
  hello.set_session(2);
  Connect(2, hello);
  EXPECT_NE(Last(1, v1::MasterMessage::kReplaced), nullptr);
  EXPECT_TRUE(shell.closed.contains(1));
  EXPECT_EQ(Last(2, v1::MasterMessage::kReplaced), nullptr);
  EXPECT_EQ(Last(2, v1::MasterMessage::kWelcome)->welcome().index(), 2u);
  hello.set_session(1);
  Connect(3, hello);
  EXPECT_EQ(Refusal(3), "a newer worker has its place");
  EXPECT_FALSE(Last(3, v1::MasterMessage::kRefused)->refused().retry());
  EXPECT_EQ(master->workers().size(), 1u);
}

TEST_F(CoordinatorTest, SecondStreamOfASessionReplacesTheFirst) {
  Connect(1, GoodHello(70));
  Connect(2, GoodHello(70));
  EXPECT_TRUE(shell.closed.contains(1));
  EXPECT_EQ(master->workers().size(), 1u);
  master->OnDisconnect(1, now);  // late: changes nothing
  EXPECT_TRUE(master->workers()[0].connected);
}

TEST_F(CoordinatorTest, RefusesWhatCannotJoinWithTheReason) {
  struct Case {
    std::function<void(v1::Hello&)> change;
    std::string reason;
  };
  const Case cases[] = {
      {[](v1::Hello& h) { h.set_protocol(9); }, "(protocol 9), the master is sfp"},
      {[](v1::Hello& h) { h.set_version("9.9.9"); }, "the worker is sfp 9.9.9"},
      {[](v1::Hello& h) { h.set_session(0); }, "needs a session"},
      {[](v1::Hello& h) { h.set_threads(0); }, "0 threads"},
      {[](v1::Hello& h) { h.set_threads(1'000'000); }, "1000000 threads"},
  };
  ConnectionId connection = 0;
  for (const Case& c : cases) {
    v1::Hello hello = GoodHello(7);
    c.change(hello);
    Connect(++connection, hello);
    EXPECT_NE(Refusal(connection).find(c.reason), std::string::npos) << Refusal(connection);
    EXPECT_FALSE(Last(connection, v1::MasterMessage::kRefused)->refused().retry());
  }
  EXPECT_TRUE(master->workers().empty());
}

TEST_F(CoordinatorTest, TokenMustBeTheWholeOne) {
  Make({.token_fits = [](const std::string& token) { return token == "secret"; }});
  ConnectionId connection = 0;
  for (const char* token : {"", "s", "secre", "secrets", "secretsecret", "Secret"}) {
    v1::Hello hello = GoodHello(7);
    hello.set_token(token);
    Connect(++connection, hello);
    EXPECT_EQ(Refusal(connection),
              std::string(*token == '\0' ? "it has no join token"
                                         : "its join token is not the master's") +
                  ": give the worker --token-file or SFP_TOKEN with the master's");
  }
  v1::Hello hello = GoodHello(7);
  hello.set_token("secret");
  Connect(99, hello);
  EXPECT_TRUE(Last(99, v1::MasterMessage::kWelcome));
}

TEST_F(CoordinatorTest, FullHouseIsRefusedForNow) {
  Make({.most_workers = 1});
  Connect(1, GoodHello(1));
  Connect(2, GoodHello(2));
  EXPECT_TRUE(Last(2, v1::MasterMessage::kRefused)->refused().retry());
}

TEST_F(CoordinatorTest, StreamWithoutHelloIsClosed) {
  master->OnConnect(1, "10.0.0.1", now);
  Pass(seconds(11));
  EXPECT_TRUE(shell.closed.contains(1));
}

TEST_F(CoordinatorTest, FirstMessageMustBeHello) {
  master->OnConnect(1, "10.0.0.1", now);
  v1::WorkerMessage message;
  message.mutable_pong();
  master->OnMessage(1, message, now);
  EXPECT_NE(Refusal(1), "");
}

TEST_F(CoordinatorTest, SnapshotsCountOnceAndAreAcknowledgedEachTime) {
  Run(1, std::make_unique<MemoryJournal>());
  Snapshot(1, 1);
  Snapshot(1, 2);
  Snapshot(1, 1);
  EXPECT_EQ(Acknowledged(1), 2u);
  EXPECT_EQ(Started(), 2u);
}

TEST_F(CoordinatorTest, WelcomeOfAReturningWorkerSaysWhatIsSafe) {
  Run(1, std::make_unique<MemoryJournal>());
  Snapshot(1, 1);
  master->OnDisconnect(1, now);
  v1::Hello hello = GoodHello(1);
  hello.set_run(5);
  Connect(9, hello);
  const v1::Welcome& welcome = Last(9, v1::MasterMessage::kWelcome)->welcome();
  EXPECT_EQ(welcome.run(), 5u);
  EXPECT_EQ(welcome.sequence(), 1u);
  EXPECT_TRUE(Last(9, v1::MasterMessage::kStart));
}

TEST_F(CoordinatorTest, SessionThatForgotItsRunIsRefused) {
  Run(1, std::make_unique<MemoryJournal>());
  Snapshot(1, 1);
  master->OnDisconnect(1, now);
  Connect(9, GoodHello(1));
  EXPECT_NE(Refusal(9), "");
}

TEST_F(CoordinatorTest, ImpossibleSnapshotEndsItsOwnStreamOnly) {
  struct Case {
    const char* what;
    std::function<void(v1::Snapshot&)> change;
  };
  const Case cases[] = {
      {"gap", [](v1::Snapshot& s) { s.set_sequence(3); }},
      {"zero", [](v1::Snapshot& s) { s.set_sequence(0); }},
      {"session", [](v1::Snapshot& s) { s.set_session(2); }},
      {"endpoint", [](v1::Snapshot& s) { s.add_endpoints()->set_endpoint(44); }},
      {"completed only", [](v1::Snapshot& s) { s.add_endpoints()->set_succeeded(5); }},
      {"future", [](v1::Snapshot& s) { s.set_interval(4'000'000'000); }},
      {"backwards", [](v1::Snapshot& s) { s.set_begin_ns(5); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    shell = Shell();
    answered.clear();
    Make({});
    Run(2, std::make_unique<MemoryJournal>());
    v1::WorkerMessage message;
    v1::Snapshot& snapshot = *message.mutable_snapshot();
    snapshot.set_run(5);
    snapshot.set_session(1);
    snapshot.set_sequence(1);
    c.change(snapshot);
    master->OnMessage(1, message, now);
    EXPECT_NE(Refusal(1), "");
    EXPECT_EQ(Started(), 0u);
    EXPECT_FALSE(shell.closed.contains(2));
    Snapshot(2, 1);
    EXPECT_EQ(Acknowledged(2), 1u);
    EXPECT_EQ(Started(), 1u);
    v1::Hello again = GoodHello(1);
    again.set_run(5);
    Connect(9, again);
    EXPECT_NE(Refusal(9), "");  // and it stays out
  }
}

TEST_F(CoordinatorTest, NothingIsAcknowledgedThatTheJournalHasNot) {
  // RunStarted, WorkerJoined, Plan, one snapshot; then the disk hangs.
  auto journal = std::make_unique<StuckJournal>(4);
  StuckJournal& disk = *journal;
  Run(1, std::move(journal));
  Snapshot(1, 1);
  EXPECT_EQ(Acknowledged(1), 1u);
  Snapshot(1, 2);
  Snapshot(1, 3);
  Pass(seconds(2));
  EXPECT_EQ(Acknowledged(1), 1u);
  disk.Take(1);
  Pass(milliseconds(50));
  EXPECT_EQ(Acknowledged(1), 2u);
  EXPECT_EQ(Started(), 3u);
}

TEST_F(CoordinatorTest, ADiskThatHangsForLongIsNotWaitedFor) {
  Run(1, std::make_unique<StuckJournal>(4));
  Snapshot(1, 1);
  Snapshot(1, 2);
  Pass(milliseconds(3100));
  EXPECT_EQ(Acknowledged(1), 2u);
  Snapshot(1, 3);
  EXPECT_EQ(Acknowledged(1), 3u);
  EXPECT_FALSE(shell.outcome);  // the run goes on
  master->StopRun("enough", now);
  master->StopRun("enough", now);
  ASSERT_TRUE(shell.outcome);
  EXPECT_EQ(shell.outcome->journal, "the disk is too slow");
  EXPECT_EQ(master->results()->ended()->journal(), "the disk is too slow");
}

TEST_F(CoordinatorTest, AFullDiskDoesNotEndTheRun) {
  auto journal = std::make_unique<StuckJournal>(4, "disk full");
  StuckJournal& disk = *journal;
  Run(1, std::move(journal));
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) Snapshot(1, sequence);
  EXPECT_EQ(Acknowledged(1), 3u);  // it is in memory
  EXPECT_EQ(Started(), 3u);
  EXPECT_FALSE(shell.outcome);
  disk.Take(100);  // there is room again
  Pass(milliseconds(50));
  master->StopRun("enough", now);
  master->StopRun("enough", now);
  ASSERT_TRUE(shell.outcome);
  EXPECT_EQ(shell.outcome->journal, "");
}

TEST_F(CoordinatorTest, DifferentTotalsAreShouted) {
  Run(1, std::make_unique<MemoryJournal>());
  Snapshot(1, 1);
  master->StopRun("enough", now);
  v1::WorkerMessage message;
  message.mutable_finished()->set_run(5);
  message.mutable_finished()->set_snapshots(1);
  message.mutable_finished()->mutable_totals()->set_started(2);
  master->OnMessage(1, message, now);
  Pass(milliseconds(100));
  ASSERT_TRUE(shell.outcome);
  EXPECT_TRUE(shell.outcome->totals_differ);
  EXPECT_TRUE(master->results()->workers().at(0).totals_differ);
}

TEST_F(CoordinatorTest, SecondStopEndsTheRunAtOnce) {
  Run(1, std::make_unique<MemoryJournal>());
  master->StopRun("interrupted", now);
  EXPECT_FALSE(shell.outcome);
  master->StopRun("interrupted", now);
  ASSERT_TRUE(shell.outcome);
  EXPECT_EQ(shell.outcome->kind, Outcome::Kind::kInterrupted);
  EXPECT_EQ(shell.outcome->missing_workers, 1u);
}

TEST_F(CoordinatorTest, RunsThatCannotBeAreRefused) {
  const std::function<void(RunSpec&)> changes[] = {
      [](RunSpec& s) { s.run = 0; },
      [](RunSpec& s) { s.workers = 0; },
      [](RunSpec& s) { s.endpoints.clear(); },
      [](RunSpec& s) { s.shape = plan::Sweep{.levels = {10}}; },
      [](RunSpec& s) { s.shape = plan::Constant{.users = 0}; },
  };
  for (const auto& change : changes) {
    RunSpec spec = Spec(1);
    change(spec);
    EXPECT_FALSE(master->StartRun(std::move(spec), std::make_unique<MemoryJournal>(), now).ok());
  }
  EXPECT_EQ(master->state(), RunState::kIdle);
}

// A worker that may open 100 descriptors, and 1000 users who think 20 s.
TEST_F(CoordinatorTest, AWorkerNeedsDescriptorsForConnectionsNotForUsers) {
  const struct {
    const char* what;
    std::function<void(v1::Connections&)> set;
    bool enough;
  } kCases[] = {
      {"one each", [](v1::Connections&) {}, false},
      {"a pool", [](v1::Connections& c) { c.set_shared(100); }, true},
      {"too large a pool", [](v1::Connections& c) { c.set_shared(101); }, false},
      {"closed after each request", [](v1::Connections& c) { c.set_one_request(true); }, true},
      {"closed after 1 s", [](v1::Connections& c) { c.set_idle_ttl_ns(1'000'000'000); }, true},
      {"closed after 5 s", [](v1::Connections& c) { c.set_idle_ttl_ns(5'000'000'000); }, false},
  };
  for (const auto& row : kCases) {
    Make({});
    shell = Shell();
    answered.clear();
    v1::Hello hello = GoodHello(1);
    hello.set_max_users(100);
    Connect(1, hello);
    RunSpec spec = Spec(1);
    spec.shape = plan::Constant{.users = 1000, .spawn_rate = 1000};
    spec.think_time_s = 20;
    row.set(*spec.scenario.mutable_target()->mutable_connections());
    Begin(std::move(spec), std::make_unique<MemoryJournal>());
    EXPECT_EQ(shell.outcome.has_value(), !row.enough) << row.what;
    if (shell.outcome) {
      EXPECT_EQ(shell.outcome->kind, Outcome::Kind::kFailed) << row.what;
      EXPECT_NE(shell.outcome->why.find("ulimit -n"), std::string::npos) << shell.outcome->why;
    }
  }
}

TEST_F(CoordinatorTest, OneRunAtATime) {
  ASSERT_TRUE(master->StartRun(Spec(1), std::make_unique<MemoryJournal>(), now).ok());
  EXPECT_FALSE(master->StartRun(Spec(1), std::make_unique<MemoryJournal>(), now).ok());
  EXPECT_EQ(master->ProgressAt(now).workers_wanted, 1u);
}

}  // namespace
}  // namespace sfp::coordinator
