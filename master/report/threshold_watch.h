#pragma once

// The thresholds of a run under way: looked at each second, as the newest complete seconds (at most
// 10) show them; what only adds up (requests, failed, started, …) counts from the start. One that
// breaks or holds again is logged. One with `abort` that has been broken for its time ends the run.
// A figure that nobody measured in these seconds leaves things as they were.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/threshold.h"
#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

class ThresholdWatch {
 public:
  explicit ThresholdWatch(std::vector<config::Threshold> thresholds);

  // The first one that has been broken for too long, if its second is the newest complete one.
  struct Broken {
    std::string check;
    std::string why;
  };
  std::optional<Broken> Look(const results::Results& results);

 private:
  struct Watched {
    config::Threshold threshold;
    std::optional<std::uint32_t> broken_since;  // second
  };
  Number ValueOf(const config::Threshold& threshold, const results::Results& results) const;

  std::vector<Watched> watched_;
};

}  // namespace sfp::report
