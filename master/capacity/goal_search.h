#pragma once

// The highest load (users, or arrivals per second) under which a goal such as "p95 < 500ms" holds,
// found step by step: each step is a measurement at one load, and says how its figure stands to the
// goal (1: exactly on it). The figure is taken to grow with the load, and to scatter.
//
//   climb    from `start`, each step twice the load of the last, until one misses the goal (or down
//            by half until one holds it)
//   close in where log figure over log load crosses 1 between the best that held and the least that
//            missed, until they are a quarter apart
//   pin down steps by turns 6 % below and 6 % above the crossing, so that each load is measured
//            again and again; nearer, down to 1 %, where the figure rises steeply, as an open queue's does
//            near its limit: a third more or less of it is as much as a straight line stands for.
//            A line through log figure over log load of all steps within twice that. Where all of them
//            hold, or all miss, the steps go between the best that held and the least that missed;
//            where these two meet without a line (a target that answers no more) the crossing lies
//            between them. It ends when the 95 % interval of the crossing (Student's t, from the
//            steps' own scatter, whatever its source) is narrower than ±3 %, or after kMostSteps.
//            That is a sequential test: Chow and Robbins, Annals of Mathematical Statistics 36, 1965
//
// The interval is that of inverse regression (Draper and Smith, Applied Regression Analysis, 1998,
// section 3.2).
//
// A pure function of the steps so far, in order: the coordinator asks it for the next load, the
// report asks it for the answer, and a master that resumes the run goes on from the same steps.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "master/capacity/queue_fit.h"

namespace sfp::capacity {

struct GoalStep {
  double load = 0;               // > 0
  std::optional<double> figure;  // measured / allowed, > 0; empty: there was no answer
};

struct GoalAnswer {
  enum class Kind {
    kSearching,  // `next` is the next step
    kFound,      // `load` within `ci95`
    kVague,      // the same, but the interval is wider than was wanted
    kAll,        // the goal holds up to the highest load allowed
    kNone,       // it does not even hold at the lowest one
  };
  Kind kind = Kind::kSearching;
  double next = 0;
  std::optional<double> load;  // the highest that holds, as far as is known
  std::optional<Interval> ci95;
  std::string doing;  // for the progress line: "between 120 and 180"
};

class GoalSearch {
 public:
  static constexpr std::size_t kFewestSteps = 6;  // of those near the crossing
  static constexpr std::size_t kMostSteps = 40;
  static constexpr double kPrecision = 0.03;

  struct Range {
    double start = 1;
    double least = 1;
    double most = 1;
    bool whole = true;  // loads are whole numbers
  };
  explicit GoalSearch(Range range) : range_(range) {}

  GoalAnswer Answer(std::span<const GoalStep> steps) const;

 private:
  struct Bracket;
  GoalAnswer Ask(double load, std::string doing) const;
  GoalAnswer Climb(const Bracket& bracket, std::span<const GoalStep> steps) const;
  GoalAnswer CloseIn(const Bracket& bracket) const;
  GoalAnswer PinDown(const Bracket& bracket, double crossing,
                     std::span<const GoalStep> steps) const;

  Range range_;
};

}  // namespace sfp::capacity
