#pragma once

// The load shapes that a configuration can ask for, and their compilation into points of a plan.
// A sweep is compiled level by level: when a level ends is decided while it runs (master/capacity).
//
// Thread: immutable values, pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/time.h"
#include "sfp/v1/plan.pb.h"

namespace sfp::plan {

struct Constant {
  std::uint32_t users = 1;
  double spawn_rate = 1;                    // users per second; 0: all at once
  std::optional<Duration> run_time;         // from the start of the ramp; absent: until stopped
  std::optional<std::uint64_t> iterations;  // of all users together, at least one of each
};

struct Stage {
  std::uint32_t users = 0;
  Duration ramp{0};  // from the previous stage's users
  Duration hold{0};
};
struct Stages {
  std::vector<Stage> stages;
};

// A search for the highest load under which a goal holds (master/capacity/goal_search.h): users or,
// with `rate`, arrivals per second.
struct Find {
  std::string goal;            // as written: "p95 < 500ms"
  std::string metric;          // of common/config/threshold.h
  double value = 0;            // durations in ms, failures in %
  double start = 1;            // load of the first level
  std::optional<double> rate;  // the open model: the highest rate that is tried
  bool poisson = false;        // its arrivals
};

struct Sweep {
  // Users, ascending or not. With `find` only the most that are allowed (or, of rates, that may be
  // busy): which levels there are shows while it runs.
  std::vector<std::uint32_t> levels;
  std::optional<Duration> step_time;  // per level, ramp included; absent: auto
  double spawn_rate = 0;              // users per second between levels; 0: each ramp takes 1 s
  bool probe = false;                 // users do not think
  std::optional<Find> find;

  bool of_rates() const { return find && find->rate; }
};

// The open model.
struct RateStage {
  double rate = 0;   // arrivals per second
  Duration ramp{0};  // from the previous stage's rate
  Duration hold{0};
};
struct Arrivals {
  double rate = 0;                   // if there are no stages
  std::optional<Duration> run_time;  // the same; absent: until stopped
  std::vector<RateStage> stages;
  std::uint32_t max_users = 0;
  bool poisson = false;
};

using Shape = std::variant<Constant, Stages, Sweep, Arrivals>;

std::uint32_t MostUsers(const Shape& shape);
// The known end: absent without run time and for a sweep with automatic steps.
std::optional<Duration> EndOf(const Shape& shape);

// Points (and end, if known), most users, arrivals and iterations of a shape; owners are the
// caller's. Of a Sweep: most users, and no users (or arrivals) yet.
v1::Plan Compile(const Shape& shape);

// Appends the ramp from the last point's users to `users`, beginning at `at`; returns when it is
// complete, rounded up to a whole second (levels begin and end with intervals). `at` is not before
// the last point.
Duration AppendLevel(v1::Plan& plan, Duration at, std::uint32_t users, double spawn_rate);

// The rate from `at` on, at once; `at` is not before the last point.
void AppendRate(v1::Plan& plan, Duration at, double rate);

// Nobody runs or arrives in [from, to), and all that was planned from `from` on comes to - from
// later.
void Pause(v1::Plan& plan, Duration from, Duration to);

}  // namespace sfp::plan
