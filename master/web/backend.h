#pragma once

// What the web side asks of the master, and nothing else of it: implemented by master/app, and by a
// fake in tests.
//
// Thread: every call comes from the server's loop.

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp::web {

// The moment as people and scripts see it.
struct RunStatus {
  std::string state = "idle";  // idle, waiting, preparing, starting, running, stopping, finished
  std::string says;            // one sentence for people; may be empty
  bool ready = false;          // enough workers have joined, a run could start
  std::uint32_t workers = 0;
  std::uint32_t workers_wanted = 0;
  std::uint32_t users = 0;
  std::uint64_t requests = 0;  // completed: succeeded and failed
  std::uint64_t failures = 0;
  double rps = 0;            // completed requests in the last whole second
  std::uint32_t second = 0;  // of the run
};

// What a start may change of the configured load; absent: as configured.
struct StartParams {
  std::optional<std::uint32_t> users;
  std::optional<double> spawn_rate;  // users per second
  std::optional<Duration> run_time;
};

class Backend {
 public:
  virtual RunStatus GetStatus() = 0;
  // InvalidArgument is answered 400, FailedPrecondition (a run is on, none is) 409, the rest 503.
  virtual Status Start(const StartParams& params) = 0;
  virtual Status Stop() = 0;

 protected:
  ~Backend() = default;
};

}  // namespace sfp::web
