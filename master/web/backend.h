#pragma once

// What the web side asks of the master, and nothing else of it: implemented by master/app, and by a
// fake in tests.
//
// Thread: every call comes from the server's loop.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "master/results/results.h"

namespace sfp::web {

// The moment as people and scripts see it.
struct RunStatus {
  std::string state = "idle";  // idle, waiting, preparing, starting, running, stopping, finished
  std::string says;            // one sentence for people; may be empty
  std::string run;  // the id of the run under way or the last one; empty before the first
  std::string target;
  std::string load;    // the shape in words
  std::string edits;   // what POST /api/v1/edit can change of this run: "users", "rate" or ""
  bool ready = false;  // enough workers have joined, a run could start
  std::uint32_t workers = 0;
  std::uint32_t workers_wanted = 0;
  std::uint32_t workers_lost = 0;
  std::uint32_t users = 0;
  std::uint32_t users_planned = 0;
  std::uint32_t level = 0;  // of a sweep, from 1
  std::uint32_t levels = 0;
  std::uint64_t requests = 0;  // completed: succeeded and failed
  std::uint64_t failures = 0;
  double rps = 0;  // completed requests per second, over the newest seconds
  double failures_per_s = 0;
  std::optional<double> p95_ms;  // the same
  std::uint32_t second = 0;      // of the run
  std::optional<double> left_s;  // of the load, if it has a known end
  std::optional<double> level_left_s;
};

// A class of users, as configured.
struct ClassRow {
  struct Task {
    std::string name;
    std::uint32_t weight = 0;
  };
  std::string name;
  std::uint32_t weight = 0;
  std::uint32_t count = 0;                     // so many users; 0: by weight
  std::vector<std::string> on_start, on_stop;  // tasks
  std::vector<Task> tasks;
};

// What a start form begins with: the configured load.
struct Defaults {
  std::string name;
  std::string host;  // the target's scheme://host[:port]
  std::string kind;  // constant, stages, sweep, arrivals
  std::string load;  // in words
  std::optional<std::uint32_t> users;
  std::optional<double> spawn_rate;
  std::optional<std::string> run_time;
  std::vector<std::uint32_t> sweep;
  std::optional<std::string> step_time;
  std::optional<double> rate;
  std::vector<ClassRow> classes;
  std::string resolved_yaml;  // without secrets
};

// What a start may change of the configured load, as typed: the options of the command line with
// these names. Absent: as configured.
struct StartParams {
  std::optional<std::string> host, users, spawn_rate, run_time, sweep, step_time, rate, iterations;
};

struct EditParams {
  std::optional<std::uint32_t> users;
  std::optional<double> spawn_rate;  // users per second
  std::optional<double> rate;        // arrivals per second
};

struct WorkerRow {
  std::uint32_t index = 0;
  std::string name;
  std::string peer;
  std::string state;  // ready, running, lost, gone
  std::uint32_t threads = 0;
  std::uint32_t users = 0;
  std::uint64_t in_flight = 0;
  std::optional<double> cpu;  // share of its cores in its newest second
  std::optional<double> cpu_max;
  std::optional<double> lag_p99_ms;
  double clock_offset_ms = 0;
  double round_trip_ms = 0;
  std::optional<double> wall_clock_offset_s;  // its wall clock - the master's, when it joined
  double clock_stepped_s = 0;                 // the largest step of its wall clock during the run
  double suspended_s = 0;                     // how long its machine slept
  double seen_s = 0;                          // since its last sign of life
  std::uint32_t rejoined = 0;
};

struct LogLine {
  std::uint64_t number = 0;  // from 1
  std::string time;          // RFC 3339
  std::string level;
  std::string text;
};

// A run's directory.
struct RunFolder {
  std::string id;
  std::string path;
};

// Differs once there is something new to show. Cheap: asked many times a second.
struct Mark {
  std::uint64_t run = 0;
  std::uint64_t state = 0;
  std::uint64_t second = 0;  // the newest complete one
  std::uint64_t workers = 0;
  std::uint64_t resets = 0;
  std::uint64_t log = 0;  // number of the newest line
  friend bool operator==(const Mark&, const Mark&) = default;
};

class Backend {
 public:
  virtual RunStatus GetStatus() = 0;
  virtual Defaults GetDefaults() = 0;
  virtual std::vector<WorkerRow> GetWorkers() = 0;
  // Of the run under way or the last one; null before the first.
  virtual const results::Results* GetResults() = 0;
  // Kept lines behind that number, oldest first.
  virtual std::vector<LogLine> GetLog(std::uint64_t after) = 0;
  // Newest first.
  virtual std::vector<RunFolder> GetRuns() = 0;
  virtual Mark GetMark() = 0;

  // InvalidArgument is answered 400, FailedPrecondition (a run is on, none is) 409, the rest 503.
  virtual Status Start(const StartParams& params) = 0;
  virtual Status Edit(const EditParams& params) = 0;
  virtual Status Stop() = 0;
  // The figures on the page count from now; the report keeps the whole run.
  virtual Status Reset() = 0;

 protected:
  ~Backend() = default;
};

}  // namespace sfp::web
