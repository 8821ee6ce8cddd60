#pragma once

// What people see while a run is on, on stderr: on a terminal a block that is redrawn in place
// every second (the table of endpoints and a progress line), elsewhere plain lines every two
// seconds.
//
//   level 5/9 | 100 users | 676.2 req/s | 0 failed | p95 41.2 ms | 1m 52s left
//
// Log lines and the block share the screen: before a log line is written the block is cleared.
//
// Thread: confined to the master's loop, but for the clearing, which the log calls under its lock.

#include <mutex>
#include <string>

#include "common/base/time.h"
#include "master/coordinator/run_spec.h"

namespace sfp::app {

// The one line, without a line break.
std::string ProgressLine(const coordinator::Progress& progress);

class ProgressDisplay {
 public:
  // `only_line`: no table, as with --only-summary.
  explicit ProgressDisplay(bool only_line);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Whether it is time for the next one.
  bool Due(Time now) const { return now >= next_; }
  // `table` may be empty; it ends with a line break otherwise.
  void Show(const coordinator::Progress& progress, const std::string& table, Time now);
  void Clear();

 private:
  const bool terminal_;
  const bool only_line_;
  Time next_{};
  std::mutex mutex_;
  std::size_t lines_shown_ = 0;
};

}  // namespace sfp::app
