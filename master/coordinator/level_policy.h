#pragma once

// When a level of a sweep has been measured long enough. The coordinator asks once for each new
// second that every worker has delivered; master/capacity knows the statistics.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/time.h"
#include "master/results/results.h"

namespace sfp::coordinator {

struct LevelDecision {
  bool done = false;
  std::string why;  // one line for the log, when done
  std::optional<std::uint32_t>
      begin_s;  // the row begins later than assumed: the warm-up shows only now
};

class LevelPolicy {
 public:
  virtual ~LevelPolicy() = default;
  // A level of so many users: its ramp begins at second `ramp_s`, at `begin_s` all users are there. Returns
  // the second at which it ends, if that is known beforehand; Decide is not asked then.
  virtual std::optional<std::uint32_t> Begin(std::uint32_t users, std::uint32_t ramp_s,
                                             std::uint32_t begin_s) = 0;
  // `second` is complete and not before begin_s; `row` is the open level's.
  virtual LevelDecision Decide(const results::Row& row, std::uint32_t second) = 0;
  // How long a level takes at most from its ramp on, for the progress line, if that is known.
  virtual std::optional<Duration> MostTime() const { return std::nullopt; }
};

// Each level lasts so long, ramp included, and at least a second without its ramp.
class FixedSteps : public LevelPolicy {
 public:
  explicit FixedSteps(Duration step) : step_(step) {}
  std::optional<std::uint32_t> Begin(std::uint32_t users, std::uint32_t ramp_s,
                                     std::uint32_t begin_s) override;
  LevelDecision Decide(const results::Row& row, std::uint32_t second) override;
  std::optional<Duration> MostTime() const override { return step_; }

 private:
  Duration step_;
};

}  // namespace sfp::coordinator
