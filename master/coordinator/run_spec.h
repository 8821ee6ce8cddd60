#pragma once

// What a run is to be, what came of it, and how it stands: the values that the app hands to the
// coordinator and takes from it.
//
// Thread: values.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/plan/shape.h"
#include "master/coordinator/level_policy.h"
#include "master/results/results.h"
#include "sfp/v1/journal.pb.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::coordinator {

// A threshold ends the run.
struct Abort {
  std::string check;
  std::string why;  // one line for people
};

struct RunSpec {
  std::uint64_t run = 0;  // not 0; unlike any other run's, of another master too: draw it at random
  std::string id;
  std::string name;
  std::uint64_t seed = 0;
  v1::Scenario scenario;
  plan::Shape shape = plan::Constant{};
  // Required for a Sweep; MakeLevelPolicy (level_policy.h) makes the usual one.
  std::unique_ptr<LevelPolicy> levels;
  Duration stop_timeout{30'000'000'000};
  std::uint32_t workers = 1;                // start once so many have joined
  std::optional<Duration> workers_timeout;  // absent: wait for ever
  // Only for the journal:
  std::string target;                       // scheme://host[:port]base_path
  std::vector<v1::EndpointName> endpoints;  // by scenario::EndpointId
  std::vector<v1::ThresholdRule> thresholds;
  std::string resolved_config;
  std::string clock;  // which monotonic clock this master has
  // Asked at each second that every worker has delivered; ends the run. May be empty.
  std::function<std::optional<Abort>(const results::Results&)> abort_when;
  double think_time_s = 0;
  std::optional<std::uint32_t> declared_pool;
  std::optional<double> scenario_think_time_s;  // of a probe
};

struct Outcome {
  enum class Kind {
    kDone,         // the plan's end (or the last level's) was reached and everybody delivered
    kInterrupted,  // StopRun; not what a threshold ended
    kIncomplete,   // workers missing or lost for good
    kFailed,       // could not begin: a worker cannot prepare (exit code 3 as well)
  };
  Kind kind = Kind::kDone;
  std::string why;  // one line for people; empty when done
  std::uint32_t missing_workers = 0;
  bool started = false;        // whether there is a journal and something to report
  bool totals_differ = false;  // a worker's totals are not what the master added up
  std::string journal;         // why the journal lacks records; empty: it has all
};

enum class RunState {
  kIdle,
  kWaiting,
  kPreparing,
  kStarting,
  kRunning,
  kStopping,
  kFinished,
  kResuming,  // after a restart of the master: until the workers are back
};

// For the progress line and the UI.
struct Progress {
  RunState state = RunState::kIdle;
  std::uint32_t workers = 0;  // connected and welcome
  std::uint32_t workers_wanted = 0;
  std::uint32_t workers_lost = 0;   // of those that take part
  std::uint32_t level = 0;          // from 1; 0: not a sweep
  std::uint32_t levels = 0;         // 0: not known
  std::string doing;                // of a search: "between 120 and 180"
  std::uint32_t users = 0;          // at the newest complete second
  std::uint32_t users_planned = 0;  // by the plan, now
  double rps = 0;                   // over the newest complete seconds, at most 5
  double failures_per_s = 0;
  std::optional<Duration> p95;  // over the newest complete seconds, at most 10
  std::uint64_t requests = 0;   // so far
  std::uint64_t failures = 0;
  std::uint64_t dropped = 0;
  std::uint64_t iterations = 0;
  std::uint64_t iterations_wanted = 0;  // 0: as many as come
  Duration elapsed{0};                  // since the start
  std::optional<Duration> left;         // of the load, if it has a known end
  std::optional<Duration> level_left;   // of the open level, estimated
  std::string level_why;                // what it waits for
};

}  // namespace sfp::coordinator
