// The wheel with as many users as one loop is meant to carry.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "common/base/rng.h"
#include "worker/engine/wheel.h"

namespace sfp::engine {
namespace {

constexpr std::size_t kUsers = 20'000;
constexpr Time kStart{std::chrono::seconds(1000)};

// 0.1 to 5 s.
Duration Think(Rng& rng) {
  return Duration(100'000'000 + static_cast<std::int64_t>(rng.Below(4'900'000'000)));
}

// Thinks, and then thinks again.
struct Thinker final : Timer {
  void OnTimer(Time now) override {
    ++*fired;
    wheel->Schedule(*this, now + Think(*rng));
  }
  Wheel* wheel = nullptr;
  Rng* rng = nullptr;
  std::uint64_t* fired = nullptr;
};

// A virtual millisecond of 20,000 thinking users; `per_timer` is schedule and fire of one of them.
void WheelThinkTimes(benchmark::State& state) {
  Rng rng(1);
  std::uint64_t fired = 0;
  Wheel wheel(kStart);
  std::vector<std::unique_ptr<Thinker>> users;
  for (std::size_t i = 0; i < kUsers; ++i) {
    users.push_back(std::make_unique<Thinker>());
    users[i]->wheel = &wheel;
    users[i]->rng = &rng;
    users[i]->fired = &fired;
    wheel.Schedule(*users[i], kStart + Think(rng));
  }
  Time now = kStart;
  for (auto _ : state) wheel.Advance(now += Duration(1'000'000));
  state.counters["per_timer"] = benchmark::Counter(
      static_cast<double>(fired), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(WheelThinkTimes);

// Deadlines: set for each exchange, almost never reached.
void WheelScheduleCancel(benchmark::State& state) {
  Rng rng(1);
  std::uint64_t fired = 0;
  Wheel wheel(kStart);
  std::vector<std::unique_ptr<Thinker>> users(kUsers);
  for (auto& user : users) user = std::make_unique<Thinker>();
  for (auto& user : users) user->fired = &fired;
  std::size_t i = 0;
  for (auto _ : state) {
    Thinker& user = *users[i++ % kUsers];
    wheel.Schedule(user, kStart + std::chrono::seconds(60) + Duration(static_cast<int>(i % 1000)));
    wheel.Cancel(user);
  }
}
BENCHMARK(WheelScheduleCancel);

}  // namespace
}  // namespace sfp::engine
