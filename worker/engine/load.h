#pragma once

// What the plan wants of one loop: users who are there all the time (population.h), or arrivals
// that somebody serves (arrivals.h). The engine says when; NextEvent tells it when next.
//
// Thread: confined to its loop.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/time.h"
#include "common/plan/plan.h"

namespace sfp::engine {

// Which of the cluster's loops this is.
struct Place {
  std::uint32_t worker = 0;
  std::uint32_t thread = 0;
  std::uint32_t threads = 1;
};

class Load {
 public:
  virtual ~Load() = default;

  // Every revision in order, those before the start included; then Adopt it.
  virtual void Learn(const plan::Plan& plan) = 0;
  // The plan, learned before, to follow from its time `t` on; its time 0 is `start`.
  virtual void Adopt(plan::Plan plan, Duration t, Time start, Time now) = 0;
  // What is due by the plan's time `t`, or the beginning of it. A time before the last one counts
  // as that one.
  virtual void Follow(Duration t, Time now) = 0;
  // The first moment at which something is due that has not been done; by `t` if there is more of
  // it.
  virtual std::optional<Duration> NextEvent() const = 0;
  virtual const plan::Plan& plan() const = 0;

  virtual void RetireAll(Time now) = 0;
  // Destroys those who have finished.
  virtual void Sweep() = 0;
  // Destroys everybody; exchanges under way are recorded as given up.
  virtual void Abandon(Time now) = 0;

  // Those that an interval counts: they run by the plan, or arrivals have needed them so far; not
  // those who retire.
  virtual std::size_t users() const = 0;
  virtual bool empty() const = 0;  // there is nobody
  virtual bool done() const = 0;   // all that this loop was to do has been done
};

}  // namespace sfp::engine
