#pragma once

// The engines of a whole cluster on one virtual clock: workers × threads, each with its own wheel,
// one pool of collected values per worker. Keeps every interval that they hand out and checks their
// books at each of them.
//
// Thread: one.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/plan/plan.h"
#include "common/plan/shares.h"
#include "common/scenario/data.h"
#include "common/scenario/program.h"
#include "common/stats/interval.h"
#include "tests/support/sim_clock.h"
#include "worker/engine/engine.h"

namespace sfp::support {

class SimEngines {
 public:
  struct Setup {
    std::uint32_t workers = 1;
    std::uint32_t threads = 1;
    std::uint64_t seed = 1;
    Duration stop_timeout{30'000'000'000};
    bool recycle = false;  // intervals are given back at once instead of kept
  };

  class One final : public engine::EngineObserver {
   public:
    One(SimClock& clock, std::shared_ptr<const scenario::Program> program, scenario::Pools& pools,
        engine::Connector& connector, engine::Engine::Options options, bool recycle)
        : clock_(clock), recycle_(recycle), wheel(clock.now()) {
      clock_.Add(wheel);
      engine = std::make_unique<engine::Engine>(std::move(program), pools, connector, wheel, *this,
                                                options);
    }
    ~One() { clock_.Remove(wheel); }

    void OnInterval(stats::Interval interval) override {
      EXPECT_FALSE(idle);
      for (const stats::EndpointStats& stats : interval.endpoints) {
        started += stats.started;
        completed += stats.requests();
        EXPECT_EQ(stats.response.count(), stats.requests());
      }
      EXPECT_EQ(started, completed + interval.in_flight);
      if (recycle_) {
        engine->Recycle(std::move(interval));
      } else {
        intervals.push_back(std::move(interval));
      }
    }
    void OnIdle() override {
      EXPECT_FALSE(idle);
      idle = true;
    }

   private:
    SimClock& clock_;
    const bool recycle_;

   public:
    std::vector<stats::Interval> intervals;
    std::uint64_t started = 0;
    std::uint64_t completed = 0;
    bool idle = false;
    engine::Wheel wheel;
    std::unique_ptr<engine::Engine> engine;
  };

  SimEngines(SimClock& clock, std::shared_ptr<const scenario::Program> program,
             engine::Connector& connector, Setup setup)
      : setup_(setup) {
    for (std::uint32_t worker = 0; worker < setup.workers; ++worker) {
      pools_.push_back(std::make_unique<scenario::Pools>(*program));
      for (std::uint32_t thread = 0; thread < setup.threads; ++thread) {
        const engine::Engine::Options options{.seed = setup.seed,
                                              .worker = worker,
                                              .thread = thread,
                                              .threads = setup.threads,
                                              .stop_timeout = setup.stop_timeout};
        all_.push_back(std::make_unique<One>(clock, program, *pools_.back(), connector, options,
                                             setup.recycle));
      }
    }
  }

  // The owner table of these workers, all of the same weight, in the plan if it has none.
  plan::Plan Owned(v1::Plan proto) const {
    std::vector<plan::Share> shares;
    for (std::uint32_t i = 0; i < setup_.workers; ++i) shares.push_back({i, 1});
    if (proto.owners().empty()) {
      for (const std::uint32_t owner : plan::BuildOwners(shares)) proto.add_owners(owner);
    }
    auto plan = plan::Plan::Create(proto);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return *plan;
  }
  void Start(const v1::Plan& proto, Time start) {
    const plan::Plan plan = Owned(proto);
    for (const auto& one : all_) one->engine->Start(plan, start);
  }
  void Stop(Time now) {
    for (const auto& one : all_) one->engine->Stop(now);
  }

  std::vector<std::unique_ptr<One>>& all() { return all_; }
  One& operator[](std::size_t i) { return *all_[i]; }
  bool idle() const {
    for (const auto& one : all_) {
      if (!one->idle) return false;
    }
    return true;
  }
  std::uint32_t users() const {
    std::uint32_t sum = 0;
    for (const auto& one : all_) sum += one->engine->users();
    return sum;
  }
  // What they counted together, by endpoint, in the intervals [from, to).
  std::vector<stats::EndpointStats> Total(std::uint32_t from = 0, std::uint32_t to = ~0U) const {
    std::vector<stats::EndpointStats> total;
    for (const auto& one : all_) {
      for (const stats::Interval& interval : one->intervals) {
        if (interval.index < from || interval.index >= to) continue;
        total.resize(interval.endpoints.size());
        for (std::size_t i = 0; i < total.size(); ++i) total[i].Merge(interval.endpoints[i]);
      }
    }
    return total;
  }

 private:
  const Setup setup_;
  std::vector<std::unique_ptr<scenario::Pools>> pools_;
  std::vector<std::unique_ptr<One>> all_;
};

}  // namespace sfp::support
