#pragma once

// One thread that sends load: an event loop, a timer wheel, an HTTP client and an engine, all
// confined to it. The thread sleeps in the kernel until a socket is ready or the wheel's next timer
// is due.
//
//   control loop --Start, Update, Stop (posted)--> engine thread --Events (called there)--> control
//   loop
//
// Thread: the public calls are safe; Events are called on the engine thread and have to post.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/plan/plan.h"
#include "common/stats/interval.h"
#include "worker/app/prepared_run.h"
#include "worker/engine/trace.h"
#include "worker/http/resolver.h"

namespace sfp::app {

class EngineThread {
 public:
  struct Events {
    // `last`: on_idle follows.
    std::function<void(std::uint32_t thread, stats::Interval interval, bool last)> on_interval;
    std::function<void(std::uint32_t thread)> on_idle;
  };

  EngineThread(std::shared_ptr<PreparedRun> run, std::uint32_t worker, std::uint32_t thread,
               std::uint32_t threads, Events events, engine::Trace* trace = nullptr);
  // Breaks off whatever is under way, and joins.
  ~EngineThread();

  void Start(plan::Plan plan, Time start);
  void Update(plan::Plan plan);
  // See engine::Engine::Stop.
  void Stop(Duration limit = Duration::max());
  // An interval that nobody needs any more: the engine fills its memory anew.
  void Recycle(stats::Interval interval);
  // For connections to come.
  void SetAddresses(std::vector<http::Endpoint> addresses);
  // For requests to come; it begins with those of the run's keeper.
  void SetToken(std::size_t number, TokenKeeper::Token token);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace sfp::app
