#pragma once

// Makes one interval per second out of those that the worker's threads deliver. A second is
// complete when each thread that still runs has delivered it or a later one.
//
// A thread that hangs does not hold the others back for ever: after kMostPending seconds the oldest
// goes out without it, and what it delivers later goes out as a further interval of that second.
// Everything is a sum, so nothing is lost or counted twice.
//
// Intervals that are used up are kept for the threads, which fill them anew.
//
// Thread: confined to the agent's loop.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "common/stats/interval.h"

namespace sfp::agent {

class Merger {
 public:
  static constexpr std::size_t kMostPending = 8;

  explicit Merger(std::uint32_t threads) : newest_(threads, kIdle) {}

  // The engines start: each thread will deliver.
  void Begin();
  // What is complete now, oldest first.
  std::vector<stats::Interval> Add(std::uint32_t thread, stats::Interval interval);
  std::vector<stats::Interval> Idle(std::uint32_t thread);
  bool AllIdle() const;

  // An interval that nobody needs any more, and one of those: merged into another, or given here.
  void Spare(stats::Interval interval);
  std::optional<stats::Interval> TakeSpare();

 private:
  static constexpr std::int64_t kNothingYet = -1;
  static constexpr std::int64_t kIdle = std::numeric_limits<std::int64_t>::max();

  std::vector<stats::Interval> TakeComplete();

  std::vector<std::int64_t> newest_;  // second, by thread
  std::map<std::uint32_t, stats::Interval> pending_;
  std::vector<stats::Interval> spare_;  // at most one for each thread
};

}  // namespace sfp::agent
