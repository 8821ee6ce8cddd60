#pragma once

// The load shapes that a configuration can ask for, and their compilation into points of a plan.
// A sweep is compiled level by level: when a level ends is decided while it runs (master/capacity).
//
// Thread: immutable values, pure functions.

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/base/time.h"
#include "sfp/v1/plan.pb.h"

namespace sfp::plan {

struct Constant {
  std::uint32_t users = 1;
  double spawn_rate = 1;             // users per second
  std::optional<Duration> run_time;  // from the start of the ramp; absent: until stopped
};

struct Stage {
  std::uint32_t users = 0;
  Duration ramp{0};  // from the previous stage's users
  Duration hold{0};
};
struct Stages {
  std::vector<Stage> stages;
};

struct Sweep {
  std::vector<std::uint32_t> levels;  // users, ascending or not
  std::optional<Duration> step_time;  // per level, ramp included; absent: auto
  double spawn_rate = 0;              // users per second between levels; 0: each ramp takes 1 s
};

using Shape = std::variant<Constant, Stages, Sweep>;

std::uint32_t MostUsers(const Shape& shape);
// The known end: absent for Constant without run time and for a sweep with automatic steps.
std::optional<Duration> EndOf(const Shape& shape);

// Points (and end, if known) and most users of a Constant or Stages shape; owners are the caller's.
// Of a Sweep: most users, and no users yet.
v1::Plan Compile(const Shape& shape);

// Appends the ramp from the last point's users to `users`, beginning at `at`; returns when it is
// complete, rounded up to a whole second (levels begin and end with intervals). `at` is not before
// the last point.
Duration AppendLevel(v1::Plan& plan, Duration at, std::uint32_t users, double spawn_rate);

// Nobody runs in [from, to), and all that was planned from `from` on comes to - from later.
void Pause(v1::Plan& plan, Duration from, Duration to);

}  // namespace sfp::plan
