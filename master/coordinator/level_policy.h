#pragma once

// Which levels a sweep has, and when each has been measured long enough. The coordinator asks once
// for each new second that every worker has delivered, and for the next level once one is done.
//
// A level's load is its users or, in a search over rates, its arrivals per second.
//
// Three of them: GovernedLevels (a list, by master/capacity's statistics), GoalLevels (a search),
// and scripted ones in tests.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/plan/shape.h"
#include "master/capacity/arrival_level.h"
#include "master/capacity/level.h"
#include "master/results/timeline.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::coordinator {

struct LevelDecision {
  bool done = false;
  std::string why;                       // what it waits for, or why it is done
  std::optional<std::uint32_t> begin_s;  // of the row: the warm-up is over
  std::optional<std::uint32_t> end_s;    // of the row, when done; absent: up to the next ramp
  std::optional<Duration> left;          // of this level, estimated
};

class LevelPolicy {
 public:
  virtual ~LevelPolicy() = default;
  // The load of the next level, from the rows of those that are done, and only from them; nothing
  // if that was the last one.
  virtual std::optional<double> Next(std::span<const results::Row> done) = 0;
  // How many levels there will be, if that is known.
  virtual std::optional<std::uint32_t> Count() const { return std::nullopt; }
  // What it is at, for the progress line: "between 120 and 180".
  virtual std::string Doing() const { return ""; }
  // A level of this load: its ramp begins at second `ramp_s`, at `begin_s` all of it is there.
  // Returns the second at which it ends, if that is known beforehand: `done` is not looked at then.
  virtual std::optional<std::uint32_t> Begin(double load, std::uint32_t ramp_s,
                                             std::uint32_t begin_s) = 0;
  // The complete seconds from begin_s on.
  virtual LevelDecision Decide(std::span<const results::SeriesPoint> seconds) = 0;
  // How long a level takes from its ramp on, for the progress line, if that is known.
  virtual std::optional<Duration> StepTime() const { return std::nullopt; }
};

// Fixed steps (ramp included, and at least a second without it) or, without `step`, automatic ones.
class GovernedLevels : public LevelPolicy {
 public:
  GovernedLevels(std::vector<std::uint32_t> levels, std::optional<Duration> step)
      : levels_(std::move(levels)), step_(step) {}
  std::optional<double> Next(std::span<const results::Row> done) override;
  std::optional<std::uint32_t> Count() const override;
  std::optional<std::uint32_t> Begin(double users, std::uint32_t ramp_s,
                                     std::uint32_t begin_s) override;
  LevelDecision Decide(std::span<const results::SeriesPoint> seconds) override;
  std::optional<Duration> StepTime() const override { return step_; }

 private:
  std::vector<std::uint32_t> levels_;
  std::optional<Duration> step_;
  std::optional<capacity::LevelGovernor> governor_;
};

// Automatic steps, whose users or arrivals are searched for.
class GoalLevels final : public GovernedLevels {
 public:
  explicit GoalLevels(v1::Goal goal) : GovernedLevels({}, std::nullopt), goal_(std::move(goal)) {}
  std::optional<double> Next(std::span<const results::Row> done) override;
  std::optional<std::uint32_t> Count() const override { return std::nullopt; }
  std::optional<std::uint32_t> Begin(double load, std::uint32_t ramp_s,
                                     std::uint32_t begin_s) override;
  LevelDecision Decide(std::span<const results::SeriesPoint> seconds) override;
  std::string Doing() const override { return doing_; }

 private:
  const v1::Goal goal_;
  std::optional<capacity::ArrivalLevel> arrivals_;  // of rates
  std::string doing_;
};

// As the journal has it.
v1::Goal GoalOf(const plan::Sweep& sweep);

// The policy for a shape; null for one that is no sweep.
std::unique_ptr<LevelPolicy> MakeLevelPolicy(const plan::Shape& shape);

}  // namespace sfp::coordinator
