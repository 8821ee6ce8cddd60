#pragma once

// When a level of a sweep has been measured long enough. The coordinator asks once for each new
// second that every worker has delivered.
//
// Two of them: GovernedLevels (master/capacity's statistics), and scripted ones in tests.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/base/time.h"
#include "common/plan/shape.h"
#include "master/capacity/level.h"

namespace sfp::coordinator {

struct LevelDecision {
  bool done = false;
  std::string why;                       // one line for the log, when done
  std::optional<std::uint32_t> begin_s;  // of the row: the warm-up is over
  std::optional<std::uint32_t> end_s;    // of the row, when done; absent: up to the next ramp
  std::optional<Duration> left;          // of this level, estimated
};

class LevelPolicy {
 public:
  virtual ~LevelPolicy() = default;
  // A level of so many users: its ramp begins at second `ramp_s`, at `begin_s` all users are there.
  // Returns the second at which it ends, if that is known beforehand: `done` is not looked at then.
  virtual std::optional<std::uint32_t> Begin(std::uint32_t users, std::uint32_t ramp_s,
                                             std::uint32_t begin_s) = 0;
  // `per_second`: completed requests in each complete second from begin_s on.
  virtual LevelDecision Decide(std::span<const std::uint64_t> per_second) = 0;
  // How long a level takes from its ramp on, for the progress line, if that is known.
  virtual std::optional<Duration> StepTime() const { return std::nullopt; }
};

// Fixed steps (ramp included, and at least a second without it) or, without `step`, automatic ones.
class GovernedLevels : public LevelPolicy {
 public:
  explicit GovernedLevels(std::optional<Duration> step) : step_(step) {}
  std::optional<std::uint32_t> Begin(std::uint32_t users, std::uint32_t ramp_s,
                                     std::uint32_t begin_s) override;
  LevelDecision Decide(std::span<const std::uint64_t> per_second) override;
  std::optional<Duration> StepTime() const override { return step_; }

 private:
  std::optional<Duration> step_;
  std::optional<capacity::LevelGovernor> governor_;
};

// The policy for a shape; null for one that is no sweep.
std::unique_ptr<LevelPolicy> MakeLevelPolicy(const plan::Shape& shape);

}  // namespace sfp::coordinator
