#pragma once

// One loop's share of the run: it starts and retires its users as the plan says, runs each as a
// coroutine that thinks, picks a task, exchanges, judges and records, and hands out an interval
// every second.
//
// No I/O and no clock in here: connections come from a Connector, time from the Wheel's Advance.
// The same class runs in a worker's thread and, thousands of users against a simulated server, in
// virtual time.
//
// Life: Start -> (Update)* -> Stop or the plan's end -> OnIdle once no user is left (or the stop
// timeout is over: what is still in flight then is reported as in flight and its connections are
// closed). An engine is started once. It may be destroyed at any time but from inside a callback
// of a connection; OnIdle is its last act, so that it may be destroyed there.
//
// The users of an interval are those of the plan at its whole second, exactly, even if it is handed
// out late. Every second is handed out, in order; after a stall several come one after the other.
// With a start more than a second in the past, the seconds that are over are left out.
//
// Thread: confined to its loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/plan/plan.h"
#include "common/scenario/program.h"
#include "common/stats/interval.h"
#include "worker/engine/connection.h"
#include "worker/engine/trace.h"
#include "worker/engine/wheel.h"

namespace sfp::engine {

class EngineObserver {
 public:
  // At each whole second since the start (late if the loop was busy), and once more with the last,
  // partial interval before OnIdle.
  virtual void OnInterval(stats::Interval interval) = 0;
  virtual void OnIdle() = 0;
  // A request that carried the token of this number was answered with 401.
  virtual void OnTokenRefused(std::size_t) {}

 protected:
  ~EngineObserver() = default;
};

class Engine {
 public:
  struct Options {
    std::uint64_t seed = 0;
    std::uint32_t worker = 0;  // index in the cluster: which entries of the owner table are ours
    std::uint32_t thread = 0;  // of the worker's threads
    std::uint32_t threads = 1;
    Duration stop_timeout{30'000'000'000};
    Trace* trace = nullptr;  // told what the users do
    // It and a Time since its epoch are UTC since 1970; for dates in cookies and templates.
    std::optional<Duration> utc_offset{};
  };

  Engine(std::shared_ptr<const scenario::Program> program, scenario::Pools& pools,
         Connector& connector, Wheel& wheel, EngineObserver& observer, Options options);
  ~Engine();

  // Follow the plan, whose time 0 is `start` (now or in the future).
  void Start(plan::Plan plan, Time start);
  // A newer revision, or the same one without this worker's users (they pause) or with them again;
  // older ones are ignored.
  void Update(plan::Plan plan, Time now);
  // Users retire when their request under way is done; they have the stop timeout for it, or
  // `limit` if that is sooner. A second time it can only make it sooner.
  void Stop(Time now, Duration limit = Duration::max());
  // An interval that was handed out and is not needed any more: its memory is used again.
  void Recycle(stats::Interval interval);

  // The newest token of Program::tokens[number].
  void SetToken(std::size_t number, std::shared_ptr<const std::string> token);

  // The loop turned so late: counted as the generator's own delay.
  void LoopLag(Duration late);

  // Running by the plan; those that finish their last task are not counted.
  std::uint32_t users() const;
  std::uint64_t in_flight() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sfp::engine
