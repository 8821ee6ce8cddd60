// Thinking alone: users whose requests cost nothing, on the same loop, wheel and engine as a
// worker's thread, with its recorder. What is left is waking up in time, choosing, rendering and
// counting: what timing itself costs. The requests' own cost is that of system calls (thinking20k,
// and there the raw client's row).

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>

#include "common/scenario/program.h"
#include "tests/bench/macro/cases.h"
#include "tests/bench/macro/machine.h"
#include "worker/engine/engine.h"
#include "worker/http/reactor.h"

namespace sfp::bench {
namespace {

constexpr Duration kSecond{1'000'000'000};

// Answers in the next turn of the loop.
class AtOnce final : public engine::Connection, private http::Watcher {
 public:
  explicit AtOnce(http::Reactor& reactor) : reactor_(reactor) {}
  ~AtOnce() override { reactor_.Forget(*this); }

  void Start(const engine::Request&, engine::ExchangeHandler& handler) override {
    handler_ = &handler;
    started_ = Now();
    reactor_.Defer(*this);
  }

 private:
  void OnReady(std::uint32_t) override {}
  void OnDeferred() override {
    engine::Exchange exchange;
    exchange.sample.started = started_;
    exchange.sample.ended = Now();
    exchange.sample.response = exchange.sample.ended - started_;
    exchange.sample.phases.fill(stats::kNotMeasured);
    exchange.sample.status = 200;
    handler_->OnExchange(exchange);
  }

  http::Reactor& reactor_;
  engine::ExchangeHandler* handler_ = nullptr;
  Time started_{};
};

class AtOnceConnector final : public engine::Connector {
 public:
  explicit AtOnceConnector(http::Reactor& reactor) : reactor_(reactor) {}
  std::unique_ptr<engine::Connection> Connect(std::uint64_t, std::uint16_t) override {
    return std::make_unique<AtOnce>(reactor_);
  }

 private:
  http::Reactor& reactor_;
};

class Seen final : public engine::EngineObserver {
 public:
  void OnInterval(stats::Interval interval) override {
    if (Now() >= from) {
      lag.Merge(interval.lag);
      for (const stats::EndpointStats& endpoint : interval.endpoints) {
        requests += endpoint.requests();
      }
    }
    if (engine != nullptr) engine->Recycle(std::move(interval));
  }
  void OnIdle() override { idle = true; }

  engine::Engine* engine = nullptr;
  Time from{};
  stats::Histogram lag;
  std::uint64_t requests = 0;
  bool idle = false;
};

std::shared_ptr<const scenario::Program> Thinkers() {
  v1::Scenario scenario;
  scenario.mutable_target()->set_url("http://127.0.0.1");
  v1::UserClass& user = *scenario.add_users();
  user.set_name("u");
  user.set_weight(1);
  user.mutable_wait()->mutable_uniform()->set_min_ns(100'000'000);
  user.mutable_wait()->mutable_uniform()->set_max_ns(5'000'000'000);
  v1::Task& task = *user.add_tasks();
  task.set_name("t");
  task.set_weight(1);
  task.set_method("GET");
  task.set_path("/");
  auto program = scenario::Program::Compile(scenario);
  if (!program.ok()) throw std::runtime_error(Message(program.status()));
  return *program;
}

plan::Plan Ramp(int users, Duration ramp) {
  v1::Plan plan;
  plan.add_points();
  v1::Plan::Point& top = *plan.add_points();
  top.set_t_ns(ramp.count());
  top.set_users(users);
  plan.set_most_users(static_cast<std::uint32_t>(users));
  plan.add_owners(0);
  plan.set_revision(1);
  return *plan::Plan::Create(plan);
}

Duration ThreadCpu() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto ns = [](const timeval& t) { return t.tv_sec * kSecond.count() + t.tv_usec * 1000; };
  return Duration(ns(usage.ru_utime) + ns(usage.ru_stime));
}

// Of a core: what falling asleep and waking up each `period` costs on this machine.
double SleepingCpu(http::Reactor& reactor, Duration period, Duration window) {
  const Duration cpu = ThreadCpu();
  const Time begun = Now();
  for (Time next = begun; next < begun + window; next += period) reactor.Turn(next);
  return Seconds(ThreadCpu() - cpu) / Seconds(Now() - begun);
}

std::vector<Row> Alone(const Case& self, const Effort& effort) {
  const int users = effort.tiny ? 100 : self.users;
  const Duration ramp = effort.tiny ? Duration(1'000'000) : 5 * kSecond;
  const Duration window = effort.tiny ? 2 * kSecond : 10 * kSecond;
  const At at(Place::kGenerator);
  const std::string who = std::to_string(users) + " users, requests that cost nothing: ";
  Say(self.name + ": " + std::to_string(users) + " users for " +
      std::to_string((ramp + window).count() / kSecond.count()) + " s");

  const auto program = Thinkers();
  scenario::Pools pools(*program);
  http::Reactor reactor;
  engine::Wheel wheel(Now());
  AtOnceConnector connector(reactor);
  Seen seen;
  engine::Engine engine(program, pools, connector, wheel, seen, {.seed = 1});
  seen.engine = &engine;
  std::uint64_t sleeps = 0;  // turns in which there was nothing to do but to wait
  const auto run_until = [&](Time end) {
    while (Now() < end) {
      wheel.Advance(Now());
      if (!reactor.Turn(std::min(end, wheel.NextDue()))) ++sleeps;
    }
  };
  const Time start = Now();
  seen.from = start + ramp + kSecond / 2;
  engine.Start(Ramp(users, ramp), start);
  run_until(seen.from);
  const Duration cpu = ThreadCpu();
  const Time begun = Now();
  sleeps = 0;
  run_until(seen.from + window);
  const double wall = Seconds(Now() - begun);
  const double used = Seconds(ThreadCpu() - cpu);
  const double each_s = wall / static_cast<double>(std::max<std::uint64_t>(1, sleeps));
  engine.Stop(Now());
  for (wheel.Advance(Now()); !seen.idle; wheel.Advance(Now())) reactor.Turn(wheel.NextDue());
  if (seen.requests == 0) throw std::runtime_error("nobody did anything");
  const double bare = SleepingCpu(reactor, FromSeconds(each_s), window);
  const double late_ms = 1e3 * Seconds(seen.lag.Quantile(0.99).value_or(Duration(0)));
  return {
      {.name = self.name,
       .what = who + "CPU, % of a core",
       .values = {100 * used / wall},
       .target = "< 5"},
      {.name = self.name, .what = who + "lateness p99, ms", .values = {late_ms}, .target = "< 1.5"},
      {.name = self.name, .what = who + "sleeps/s", .values = {1 / each_s}},
      {.name = self.name,
       .what = "the same loop, sleeping as often, nobody there: CPU, % of a core",
       .values = {100 * bare}}};
}

}  // namespace

std::vector<Case> AloneCases() { return {{"alone20k", Alone, 20'000}}; }

}  // namespace sfp::bench
