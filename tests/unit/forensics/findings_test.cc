// A made-up server with known habits, failures of known causes, each cause under an endpoint of its
// own: so the findings' rows are the confusion matrix.

#include "master/forensics/findings.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/rng.h"
#include "common/stats/recorder.h"
#include "master/forensics/habits.h"
#include "tests/unit/results/journal.h"

namespace sfp::forensics {
namespace {

using results::Journal;
using stats::FailureKind;
using stats::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{seconds(1000)};

// What a request met. The endpoint is the truth's number.
enum Truth : std::size_t { kFine, kRace, kKill, kFault, kRestart, kTruths };

struct Server {
  double keep_alive_s = 5;
  double kill_s = 120;  // requests whose answer would take longer are killed
  double think_low_s = 0.1, think_high_s = 5;
  double service_s = 0.2;     // mean, exponential
  double slow = 0;            // share of requests that would take for ever
  double fault = 0;           // share of requests that are reset while they are worked on
  double latency_s = 0.0005;  // of the network: the window of the race
  bool reset = true;          // RST, or FIN
  int requests_per_s = 120;
  std::uint32_t seconds = 60;
  std::optional<std::uint32_t> restart_s;  // all that is under way breaks in this second
};

class World {
 public:
  explicit World(Server server) : server_(server), journal_(Run(), 1) {
    stats::Recorder recorder(kTruths, kStart);
    for (std::uint32_t s = 0; s < server_.seconds; ++s) {
      for (int i = 0; i < server_.requests_per_s; ++i) {
        Request(recorder, seconds(s) + FromSeconds(rng_.Uniform()));
      }
      if (server_.restart_s == s) Restart(recorder, s);
      journal_.Must(journal_.Snapshot(0, recorder.Rotate(s, kStart + seconds(s + 1), 10)), s + 1.1);
    }
    journal_.Finish(server_.seconds + 1);
    findings = Explain(journal_.results);
  }

  // [truth][found]
  std::map<std::size_t, std::map<Cause, std::uint64_t>> Confusion() const {
    std::map<std::size_t, std::map<Cause, std::uint64_t>> out;
    for (const Row& row : findings.rows) out[row.endpoint][row.cause] += row.count;
    return out;
  }
  double Right(Truth truth, Cause cause) const {
    const std::uint64_t all = journal_.results.endpoints()[truth].failed;
    auto row = Confusion()[truth];
    return all == 0 ? -1 : static_cast<double>(row[cause]) / static_cast<double>(all);
  }
  const Limit* LimitOf(const std::string& what) const {
    for (const Limit& limit : findings.limits) {
      if (limit.what == what) return &limit;
    }
    return nullptr;
  }
  const results::Results& results() const { return journal_.results; }

  Findings findings;

 private:
  static v1::RunStarted Run() {
    v1::RunStarted run;
    run.set_run(7);
    for (const char* name : {"fine", "race", "kill", "fault", "restart"}) {
      run.add_endpoints()->set_name(name);
    }
    return run;
  }

  void Request(stats::Recorder& recorder, Duration at) {
    const double idle =
        server_.think_low_s + rng_.Uniform() * (server_.think_high_s - server_.think_low_s);
    const double service = server_.service_s * -std::log(1 - rng_.Uniform());
    stats::Sample sample = Sample(at);
    const bool closed = idle > server_.keep_alive_s + server_.latency_s;
    if (closed) {
      sample.reconnected = true;
      sample.closed_idle = FromSeconds(server_.keep_alive_s + rng_.Uniform() * 0.002);
    } else {
      sample.idle = FromSeconds(idle);
    }
    if (!closed && idle > server_.keep_alive_s - server_.latency_s) {
      return Fail(recorder, kRace, sample, server_.latency_s);
    }
    if (rng_.Uniform() < server_.fault) return Fail(recorder, kFault, sample, service);
    if (rng_.Uniform() < server_.slow || service > server_.kill_s) {
      return Fail(recorder, kKill, sample, server_.kill_s + rng_.Uniform() * 0.01);
    }
    sample.response = FromSeconds(service);
    sample.phases[static_cast<std::size_t>(Phase::kFirstByte)] = sample.response;
    sample.status = 200;
    recorder.Started(kFine);
    recorder.Completed(kFine, sample);
  }

  void Restart(stats::Recorder& recorder, std::uint32_t second) {
    for (int i = 0; i < 40; ++i) {
      stats::Sample sample = Sample(seconds(second) + milliseconds(520 + i / 4));
      sample.idle = FromSeconds(rng_.Uniform() * 4);
      Fail(recorder, kRestart, sample, rng_.Uniform() * server_.service_s);
    }
  }

  stats::Sample Sample(Duration at) const {
    stats::Sample sample;
    sample.started = kStart + at;
    sample.ended = kStart + at;
    sample.phases.fill(stats::kNotMeasured);
    return sample;
  }

  void Fail(stats::Recorder& recorder, Truth truth, stats::Sample& sample, double since_send_s) {
    stats::Failure failure;
    failure.kind = server_.reset ? FailureKind::kReset : FailureKind::kClosedBeforeResponse;
    failure.phase = Phase::kFirstByte;
    failure.message = server_.reset ? stats::kMessageReset : stats::kMessageClosed;
    failure.evidence.reused = sample.idle != stats::kNotMeasured;
    failure.evidence.idle = failure.evidence.reused ? sample.idle : Duration(0);
    failure.evidence.since_send = FromSeconds(since_send_s);
    sample.response = failure.evidence.since_send;
    sample.failure = &failure;
    recorder.Started(truth);
    recorder.Completed(truth, sample);
  }

  Server server_;
  Rng rng_{42};
  Journal journal_;
};

TEST(Findings, TellTheKeepAliveRaceFromFaultsAtAnyTime) {
  for (const bool reset : {true, false}) {
    World world({.fault = 0.01, .latency_s = 0.02, .reset = reset});
    EXPECT_GE(world.Right(kRace, Cause::kKeepAliveRace), 0.95);
    EXPECT_GE(world.Right(kFault, reset ? Cause::kResetBeforeHeaders : Cause::kClosedBeforeHeaders),
              0.95);
    const Limit* limit = world.LimitOf("keepalive_timeout_s");
    ASSERT_NE(limit, nullptr);
    EXPECT_NEAR(limit->value, 5, 0.1);
    EXPECT_GE(limit->evidence, kLeastEvidence);
    EXPECT_EQ(world.LimitOf("socket_timeout_s"), nullptr);
  }
}

TEST(Findings, InferTheKeepAliveTimeoutFromConnectionsThatWereFoundClosed) {
  World world({.keep_alive_s = 2, .fault = 0.01, .latency_s = 0.001});
  EXPECT_GE(world.Right(kRace, Cause::kKeepAliveRace), 0.95);
  EXPECT_GE(world.Right(kFault, Cause::kResetBeforeHeaders), 0.95);
  const Limit* limit = world.LimitOf("keepalive_timeout_s");
  ASSERT_NE(limit, nullptr);
  EXPECT_NEAR(limit->value, 2, 0.1);
  EXPECT_GT(limit->evidence, 1000U);
}

TEST(Findings, InferTheSocketTimeoutFromRequestsThatItKilled) {
  World world({.slow = 0.01, .fault = 0.01, .seconds = 100});
  EXPECT_GE(world.Right(kKill, Cause::kKilledInFlight), 0.95);
  EXPECT_GE(world.Right(kFault, Cause::kResetBeforeHeaders), 0.95);
  const Limit* limit = world.LimitOf("socket_timeout_s");
  ASSERT_NE(limit, nullptr);
  EXPECT_NEAR(limit->value, 120, 0.1);
}

TEST(Findings, OneTimeoutForIdleAndBusyConnectionsIsALoadBalancers) {
  World world({.keep_alive_s = 4, .kill_s = 4, .slow = 0.01});
  const Limit* limit = world.LimitOf("load_balancer_idle_timeout_s");
  ASSERT_NE(limit, nullptr);
  EXPECT_NEAR(limit->value, 4, 0.1);
  EXPECT_EQ(world.findings.limits.size(), 1U);
}

// Neither the same think time nor the same service time of all makes a limit: others survive it.
TEST(Findings, FaultsAtAConstantTimeAreNoLimit) {
  World idle({.keep_alive_s = 60, .think_low_s = 1, .think_high_s = 1.001, .fault = 0.02});
  EXPECT_GE(idle.Right(kFault, Cause::kResetBeforeHeaders), 0.95);
  EXPECT_TRUE(idle.findings.limits.empty());
  World few({.keep_alive_s = 60, .fault = 0.0002});
  EXPECT_GE(few.Right(kFault, Cause::kResetBeforeHeaders), 0.95);
  EXPECT_TRUE(few.findings.limits.empty());
}

// A hundredth of them falls into the end of the think times, where hardly an answered request is.
TEST(Findings, ManyFaultsAtAnyTimeAreNoLimitWhereThinkTimesEnd) {
  World world({.keep_alive_s = 60,
               .think_low_s = 0.002,
               .think_high_s = 0.064,
               .service_s = 0.002,
               .fault = 0.1,
               .requests_per_s = 400});
  EXPECT_GE(world.Right(kFault, Cause::kResetBeforeHeaders), 0.95);
  EXPECT_TRUE(world.findings.limits.empty());
}

TEST(Findings, ManyConnectionsThatBreakAtOnceAreARestart) {
  World world({.fault = 0.002, .restart_s = 30});
  EXPECT_GE(world.Right(kRestart, Cause::kServerRestart), 0.95);
  EXPECT_GE(world.Right(kFault, Cause::kResetBeforeHeaders), 0.9);
}

// Users who all started together come back to their connections together: those are closed, or not,
// at the same moment.
class UsersInStep {
 public:
  struct Round {
    std::uint32_t second;
    double idle_s;
    int answered, broken, found_closed;
    double since_send_s = 0.0005;
  };
  explicit UsersInStep(const std::vector<Round>& rounds) {
    stats::Recorder recorder(2, kStart);
    std::uint32_t s = 0;
    for (const Round& round : rounds) {
      for (; s < round.second; ++s) Next(recorder, s);
      for (int i = 0; i < round.answered + round.broken + round.found_closed; ++i) {
        stats::Sample sample;
        sample.started = sample.ended = kStart + seconds(s) + milliseconds(510 + i / 10);
        sample.phases.fill(stats::kNotMeasured);
        sample.response = milliseconds(i % 10 == 0 ? 1000 : 1);
        sample.phases[static_cast<std::size_t>(Phase::kFirstByte)] = sample.response;
        const Duration idle = FromSeconds(round.idle_s + 1e-5 * i);
        stats::Failure failure;
        recorder.Started(0);
        if (i < round.answered) {
          sample.status = 200;
          sample.idle = idle;
        } else if (i < round.answered + round.found_closed) {
          sample.status = 200;
          sample.reconnected = true;
          sample.closed_idle = idle;
        } else {
          failure.kind = FailureKind::kReset;
          failure.phase = Phase::kFirstByte;
          failure.message = stats::kMessageReset;
          failure.evidence.reused = true;
          failure.evidence.idle = sample.idle = idle;
          failure.evidence.since_send = FromSeconds(round.since_send_s);
          sample.failure = &failure;
        }
        recorder.Completed(0, sample);
      }
    }
    for (; s < 60; ++s) Next(recorder, s);
    for (const Row& row : Explain(journal_.results).rows) found[row.cause] += row.count;
  }

  std::map<Cause, std::uint64_t> found;

 private:
  void Next(stats::Recorder& recorder, std::uint32_t s) {
    journal_.Must(journal_.Snapshot(0, recorder.Rotate(s, kStart + seconds(s + 1), 100)), s + 1.1);
  }
  Journal journal_;
};

using Counts = std::map<Cause, std::uint64_t>;

TEST(Findings, UsersInStepThatMeetTheKeepAliveTimeoutAreNoRestart) {
  // Half of them are in time.
  EXPECT_EQ(UsersInStep({{10, 5, 100, 0, 0}, {15, 5, 50, 50, 0}, {20, 5, 60, 40, 0}}).found,
            (Counts{{Cause::kKeepAliveRace, 90}}));
  // Some are found closed first: the timeout is known. The server is slow, and closes with the
  // request before it.
  EXPECT_EQ(UsersInStep({{10, 5, 50, 30, 20}, {15, 4.9, 10, 90, 0, 0.15}}).found,
            (Counts{{Cause::kKeepAliveRace, 120}}));
}

TEST(Findings, ARestartAmongUsersInStepIsOne) {
  // In step, but not at the timeout, or outlived by others, or while their requests are answered.
  EXPECT_EQ(UsersInStep({{10, 5, 50, 0, 50}, {15, 2, 10, 90, 0}}).found,
            (Counts{{Cause::kServerRestart, 90}}));
  EXPECT_EQ(UsersInStep({{10, 5, 100, 0, 0}, {15, 2, 10, 90, 0}}).found,
            (Counts{{Cause::kServerRestart, 90}}));
  EXPECT_EQ(UsersInStep({{10, 5, 100, 0, 0}, {15, 5, 10, 90, 0, 0.4}}).found,
            (Counts{{Cause::kServerRestart, 90}}));
  // Found closed after the same time, as nobody else's: not the server's habit.
  EXPECT_EQ(UsersInStep({{10, 5, 100, 0, 0}, {13, 2, 0, 0, 90}, {20, 2, 50, 20, 0}}).found,
            (Counts{{Cause::kServerRestart, 20}}));
}

TEST(Findings, EachRowOfFailuresIsCountedOnce) {
  World world({.slow = 0.01, .fault = 0.01, .latency_s = 0.02, .restart_s = 30});
  std::map<std::size_t, std::uint64_t> counted;
  for (const Row& row : world.findings.rows) counted[row.endpoint] += row.count;
  for (std::size_t i = 0; i < kTruths; ++i) {
    EXPECT_EQ(counted[i], world.results().endpoints()[i].failed) << i;
  }
}

TEST(Findings, OfARunWithoutFailuresAreNone) {
  World world({.keep_alive_s = 60});
  EXPECT_TRUE(world.findings.rows.empty());
  EXPECT_TRUE(world.findings.limits.empty());
}

// Refused while the server was away, or for good.
TEST(Findings, RefusalsBetweenAnswersAreARestart) {
  for (const bool comes_back : {true, false}) {
    Journal journal(1);
    stats::Recorder recorder(2, kStart);
    for (std::uint32_t s = 0; s < 20; ++s) {
      const bool away = s >= 8 && (s < 12 || !comes_back);
      for (int i = 0; i < 10; ++i) {
        stats::Sample sample;
        sample.ended = kStart + seconds(s) + milliseconds(50 * i);
        sample.phases.fill(stats::kNotMeasured);
        sample.response = milliseconds(1);
        const stats::Failure refused{.kind = FailureKind::kRefused,
                                     .phase = Phase::kConnect,
                                     .message = "Connection refused"};
        sample.status = away ? 0 : 200;
        sample.failure = away ? &refused : nullptr;
        recorder.Started(0);
        recorder.Completed(0, sample);
      }
      journal.Must(journal.Snapshot(0, recorder.Rotate(s, kStart + seconds(s + 1), 1)), s + 1.1);
    }
    const Findings findings = Explain(journal.results);
    ASSERT_EQ(findings.rows.size(), 1U);
    EXPECT_EQ(findings.rows[0].cause, comes_back ? Cause::kServerRestart : Cause::kRefused);
    EXPECT_EQ(findings.rows[0].count, comes_back ? 40U : 120U);
  }
}

TEST(Causes, EachKindOfFailureHasOneThatSaysWhatToDo) {
  std::set<std::string_view> names;
  for (int i = 0; i < kCauses; ++i) {
    const auto cause = static_cast<Cause>(i);
    EXPECT_TRUE(names.insert(Name(cause)).second) << Name(cause);
    EXPECT_GT(Says(cause).size(), 15U) << Name(cause);
    EXPECT_GT(Remedy(cause).size(), 10U) << Name(cause);
  }
  for (std::size_t kind = 1; kind < stats::kFailureKinds; ++kind) {
    const bool other = static_cast<FailureKind>(kind) == FailureKind::kOther;
    EXPECT_EQ(CauseOf(static_cast<FailureKind>(kind)) == Cause::kOther, other) << kind;
  }
}

}  // namespace
}  // namespace sfp::forensics
