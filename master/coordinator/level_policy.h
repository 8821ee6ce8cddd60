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
  // A level of so many users: its ramp begins at second `ramp_s`, at `begin_s` all users are there.
  virtual void Begin(std::uint32_t users, std::uint32_t ramp_s, std::uint32_t begin_s) = 0;
  // `second` is complete; `row` is the open level's.
  virtual LevelDecision Decide(const results::Row& row, std::uint32_t second) = 0;
  // How long the level will take at most from its ramp, for the progress line, if that is known.
  virtual std::optional<Duration> MostTime() const { return std::nullopt; }
};

// Each level lasts so long, ramp included.
class FixedSteps : public LevelPolicy {
 public:
  explicit FixedSteps(Duration step) : step_(step) {}
  void Begin(std::uint32_t users, std::uint32_t ramp_s, std::uint32_t begin_s) override;
  LevelDecision Decide(const results::Row& row, std::uint32_t second) override;
  std::optional<Duration> MostTime() const override { return step_; }

 private:
  Duration step_;
  std::uint32_t end_s_ = 0;
};

}  // namespace sfp::coordinator
