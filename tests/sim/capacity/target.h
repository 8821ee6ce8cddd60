#pragma once

// A sweep or search against the demo API's pool in virtual time: users think (or arrivals come, as
// a Poisson process), a request takes a constant delay (network, TLS), then goes through the pool.
// The level policy of the coordinator says which levels there are and when each ends; what each
// second brought goes into a journal, from which the report is built. So everything between a
// worker's interval and the report is the real thing.
//
// Thread: one.

#include <cmath>
#include <cstdint>
#include <memory>
#include <queue>
#include <unordered_set>
#include <vector>

#include "common/base/rng.h"
#include "master/coordinator/level_policy.h"
#include "master/report/build.h"
#include "tests/demo_api/pool.h"
#include "tests/unit/results/journal.h"

namespace sfp::test {

struct TargetSetup {
  demo::PoolOptions pool;
  double think_least_s = 0.005;  // uniform
  double think_most_s = 0.250;
  double delay_s = 0.0004;
  std::uint64_t seed = 1;
  // Each level's service times are longer or shorter by such a normal error.
  double level_noise = 0;
  // The generator's wake-ups at this level come 5 ms late, and its answers seem to.
  std::uint32_t late_level = 0;
  // Of a search over rates: how many may be busy.
  std::uint32_t most_users = 0;
};

class Target {
 public:
  Target(TargetSetup setup, v1::RunStarted run)
      : setup_(setup), rng_(setup.seed), pool_(setup.pool), journal_(run, 1) {}

  // How long the whole run took.
  std::uint32_t seconds() const { return seconds_; }

  // The whole run; returns its report.
  report::Report Run(coordinator::LevelPolicy& policy) {
    std::uint32_t second = 0;
    while (const auto load = policy.Next(journal_.results.rows())) {
      setup_.most_users > 0 ? BecomeRate(*load, second)
                            : Become(static_cast<std::uint32_t>(*load), second);
      const std::uint32_t begin = ++second;  // the ramp's second
      RunSecond(second - 1);
      journal_.Must(results::Journal::Level(users_, begin, rate_), second);
      policy.Begin(*load, second - 1, begin);
      second = RunLevel(policy, begin);
    }
    seconds_ = second;
    journal_.Finish(second + 1);
    return report::Build(journal_.results);
  }

 private:
  struct Event {
    Time at;
    std::uint32_t user;
    bool operator>(const Event& other) const { return at > other.at; }
  };

  std::uint32_t RunLevel(coordinator::LevelPolicy& policy, std::uint32_t begin) {
    std::uint32_t row_begin = begin;
    for (std::uint32_t second = begin;; ++second) {
      const auto& series = journal_.results.series();
      const coordinator::LevelDecision decision =
          policy.Decide({series.data() + begin, second - begin});
      if (decision.begin_s && *decision.begin_s > row_begin) {
        row_begin = *decision.begin_s;
        journal_.Must(results::Journal::Level(users_, row_begin, rate_), second);
      }
      if (decision.done) {
        journal_.Must(results::Journal::LevelEnd(*decision.end_s), second);
        return second;
      }
      RunSecond(second);
    }
  }

  void Disturb() {
    double error = -6;
    for (int i = 0; i < 12; ++i) error += rng_.Uniform();
    slowness_ = 1 + setup_.level_noise * error;
  }

  // Who serves an arrival does not matter here, so each is a user of its own.
  void BecomeRate(double rate, std::uint32_t second) {
    Disturb();
    users_ = setup_.most_users;
    rate_ = rate;
    if (thinking_.empty()) thinking_.push({Time(std::chrono::seconds(second)), 0});
  }

  void Become(std::uint32_t users, std::uint32_t second) {
    Disturb();
    for (std::uint32_t user = 0; user < users; ++user) {
      if (user < lives_.size() && lives_[user]) continue;
      if (user >= lives_.size()) lives_.resize(user + 1, false);
      lives_[user] = true;
      thinking_.push({Time(std::chrono::seconds(second)) + FromSeconds(rng_.Uniform()), user});
    }
    users_ = users;
  }

  Duration Think() {
    return FromSeconds(setup_.think_least_s +
                       (setup_.think_most_s - setup_.think_least_s) * rng_.Uniform());
  }

  // One second of all users.
  void RunSecond(std::uint32_t second) {
    stats::Interval interval{.index = second,
                             .begin = std::chrono::seconds(second),
                             .end = std::chrono::seconds(second + 1),
                             .users = users_};
    interval.endpoints.resize(2);
    stats::EndpointStats& stats = interval.endpoints[0];
    const Time end(std::chrono::seconds(second + 1));
    for (;;) {
      const Time next =
          std::min({thinking_.empty() ? kNever : thinking_.top().at,
                    arriving_.empty() ? kNever : arriving_.top().at, pool_.NextEvent()});
      if (next >= end) break;
      if (next == pool_.NextEvent()) {
        Answer(next, stats);
      } else if (!arriving_.empty() && next == arriving_.top().at) {
        pool_.Enter(static_cast<demo::Pool::Id>(arriving_.top().user) << 32 | ++requests_, next);
        arriving_.pop();
      } else {
        Ask(thinking_.top(), stats);
      }
    }
    if (users_ == setup_.late_level) interval.lag.Record(std::chrono::milliseconds(5));
    interval.in_flight = in_flight_;
    journal_.Must(journal_.Snapshot(0, interval), second + 1.1);
  }

  void Ask(Event event, stats::EndpointStats& stats) {
    thinking_.pop();
    if (rate_ > 0) {
      const double gap_s = -std::log(1 - rng_.Uniform()) / rate_;
      thinking_.push({event.at + FromSeconds(gap_s), 0});
      if (in_flight_ >= users_) {
        ++stats.dropped;
        return;
      }
      do event.user = free_++ % (2 * users_);
      while (busy_.contains(event.user));
      busy_.insert(event.user);
    } else if (event.user >= users_) {  // retired
      lives_[event.user] = false;
      return;
    }
    if (began_.size() <= event.user) began_.resize(event.user + 1);
    began_[event.user] = event.at;
    ++stats.started;
    ++in_flight_;
    arriving_.push({event.at + FromSeconds(setup_.delay_s), event.user});
  }

  void Answer(Time now, stats::EndpointStats& stats) {
    outcomes_.clear();
    pool_.Advance(now, outcomes_);
    for (const demo::Pool::Outcome& outcome : outcomes_) {
      const auto user = static_cast<std::uint32_t>(outcome.id >> 32);
      // A slower level is one of slower clocks: the queue is the same.
      const double late_s = users_ == setup_.late_level ? 0.005 : 0;
      stats.response.Record(FromSeconds(Seconds(outcome.at - began_[user]) * slowness_ + late_s));
      ++stats.succeeded;
      --in_flight_;
      if (rate_ > 0) {
        busy_.erase(user);
      } else {
        thinking_.push({outcome.at + Think(), user});
      }
    }
  }

  TargetSetup setup_;
  Rng rng_;
  demo::Pool pool_;
  results::Journal journal_;
  std::uint32_t users_ = 0;
  double rate_ = 0;  // of arrivals; 0: users think
  std::uint32_t free_ = 0;
  std::unordered_set<std::uint32_t> busy_;
  std::uint32_t seconds_ = 0;
  double slowness_ = 1;
  std::vector<bool> lives_;
  std::vector<Time> began_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> thinking_, arriving_;
  std::vector<demo::Pool::Outcome> outcomes_;
  std::uint64_t requests_ = 0;
  std::uint64_t in_flight_ = 0;
};

}  // namespace sfp::test
