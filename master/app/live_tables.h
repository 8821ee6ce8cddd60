#pragma once

// --csv while the run is on: PREFIX_stats.csv, PREFIX_failures.csv and PREFIX_exceptions.csv, each
// whole, from the first second on and then every ten seconds. They are written beside the loop: a
// slow disk delays only them. What cannot be written is logged once; the run's end writes all four.
//
// Thread: confined to the master's loop.

#include <future>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"
#include "master/results/results.h"

namespace sfp::app {

class LiveTables {
 public:
  // An empty prefix: none are wanted.
  explicit LiveTables(std::string prefix) : prefix_(std::move(prefix)) {}
  // `results`: of the run that is on, or null.
  void Tick(const results::Results* results, Time now);
  // Until nothing is being written any more.
  void Wait();

 private:
  const std::string prefix_;
  std::future<Status> writing_;
  Time next_{};
  bool warned_ = false;
};

}  // namespace sfp::app
