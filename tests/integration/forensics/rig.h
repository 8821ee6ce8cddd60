#pragma once

// A small worker for tests: users on one real loop against a real server, and what a master makes
// of it. One thread.
//
//   Rig rig(scenario, {.users = 50, .time = 2s});
//   rig.findings()

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/plan/plan.h"
#include "common/plan/shares.h"
#include "common/scenario/program.h"
#include "master/forensics/findings.h"
#include "tests/unit/results/journal.h"
#include "worker/engine/engine.h"
#include "worker/http/client.h"
#include "worker/http/destination.h"
#include "worker/http/reactor.h"

namespace sfp::forensics {

// To http(s)://127.0.0.1:port, one class with one task; `query` is what the simulated API is asked.
inline v1::Scenario To(std::uint16_t port, bool tls = false) {
  v1::Scenario scenario;
  v1::Target& target = *scenario.mutable_target();
  target.set_url((tls ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port));
  target.set_base_path("/v1/staff-fee-privilege");
  target.mutable_auth()->mutable_basic()->set_user("user");
  target.mutable_auth()->mutable_basic()->set_password("password");
  target.mutable_timeouts()->set_total_ns(10'000'000'000);
  target.set_max_body_bytes(1 << 20);
  target.set_max_header_bytes(1 << 16);
  v1::UserClass& user = *scenario.add_users();
  user.set_name("user");
  user.set_weight(1);
  user.mutable_wait()->mutable_uniform()->set_min_ns(5'000'000);
  user.mutable_wait()->mutable_uniform()->set_max_ns(40'000'000);
  v1::Task& task = *user.add_tasks();
  task.set_name("ask");
  task.set_weight(1);
  task.set_method("GET");
  task.set_path("?term=201501");
  return scenario;
}

inline void Think(v1::Scenario& scenario, Duration least, Duration most) {
  v1::Wait::Uniform& wait = *scenario.mutable_users(0)->mutable_wait()->mutable_uniform();
  wait.set_min_ns(least.count());
  wait.set_max_ns(most.count());
}

class Rig final : engine::EngineObserver {
 public:
  struct Options {
    std::uint32_t users = 30;
    Duration time{1'500'000'000};
    Duration stop_timeout{2'000'000'000};
    std::function<void(http::Destination&)> change;  // of the destination
    std::function<void(double second)> during;       // called all along, with the run's time
  };

  Rig(const v1::Scenario& scenario, const Options& options) {
    auto program = scenario::Program::Compile(scenario);
    EXPECT_TRUE(program.ok()) << program.status();
    auto prepared = http::PrepareDestination(scenario.target(), (*program)->origin());
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    auto destination = std::make_shared<http::Destination>(**prepared);
    if (options.change) options.change(*destination);
    v1::RunStarted run;
    run.set_run(7);
    for (const scenario::Endpoint& endpoint : (*program)->endpoints()) {
      run.add_endpoints()->set_name(endpoint.name);
    }
    journal_ = std::make_unique<results::Journal>(run, 1);

    scenario::Pools pools(**program);
    http::Reactor reactor;
    engine::Wheel wheel(Now());
    http::Client client(reactor, wheel, destination);
    engine::Engine engine(*program, pools, client, wheel, *this,
                          {.seed = 1, .stop_timeout = options.stop_timeout});
    const Time start = Now() + std::chrono::milliseconds(20);
    v1::Plan plan;
    plan.add_points()->set_users(options.users);
    plan.set_most_users(options.users);
    plan.set_end_ns(options.time.count());
    for (const std::uint32_t owner : plan::BuildOwners(std::vector<plan::Share>{{0, 1}})) {
      plan.add_owners(owner);
    }
    engine.Start(*plan::Plan::Create(plan), start);
    while (!idle_) {
      const Time now = Now();
      if (options.during) options.during(Seconds(now - start));
      wheel.Advance(now);
      reactor.Turn(std::min(wheel.NextDue(), now + std::chrono::milliseconds(20)));
    }
    findings_ = Explain(journal_->results);
  }

  const Findings& findings() const { return findings_; }
  const results::Results& results() const { return journal_->results; }
  std::uint64_t failed() const { return journal_->results.Total().failed; }
  const Limit* LimitOf(const std::string& what) const {
    for (const Limit& limit : findings_.limits) {
      if (limit.what == what) return &limit;
    }
    return nullptr;
  }

 private:
  void OnInterval(stats::Interval interval) override {
    journal_->Must(journal_->Snapshot(0, interval), Seconds(interval.end));
  }
  void OnIdle() override { idle_ = true; }

  bool idle_ = false;
  std::unique_ptr<results::Journal> journal_;
  Findings findings_;
};

}  // namespace sfp::forensics
