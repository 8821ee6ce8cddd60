#include "master/capacity/goal_search.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "master/capacity/student.h"

namespace sfp::capacity {
namespace {

constexpr double kClose = 1.25;   // the bracket's ends are so near when lines are drawn
constexpr double kBeside = 1.06;  // from the crossing to the steps on both sides of it, at most
constexpr double kLeastBeside = 1.01;
constexpr double kRise = 0.3;   // of the log figure from the crossing to them, at most
constexpr double kBend = 0.01;  // what a straight line through a bent curve may be off
// Of a step without an answer.
constexpr double kHopeless = 1e3;

double Figure(const GoalStep& step) { return std::max(step.figure.value_or(kHopeless), 1e-6); }

struct Line {
  double slope = 0;
  double crossing = 0;    // the logarithm of the load
  double half_width = 0;  // of the crossing's 95 % interval, in logarithms
  double middle = 0;      // mean of the logarithms of the loads
};

// Twice as far as the steps beside it, in logarithms; a little less, so that those beside a
// crossing that has moved that far do not count.
bool IsNear(const GoalStep& step, double crossing, double beside) {
  const double most = std::pow(beside, 1.95);
  return step.load * most >= crossing && step.load <= crossing * most;
}

// Through the logarithms of the steps near a load. Nothing for fewer than four, or if it does not
// rise.
std::optional<Line> LineThrough(std::span<const GoalStep> steps, double near, double beside) {
  std::vector<std::pair<double, double>> points;
  for (const GoalStep& step : steps) {
    if (!IsNear(step, near, beside) || !step.figure) continue;
    points.emplace_back(std::log(step.load), std::log(Figure(step)));
  }
  const auto n = static_cast<double>(points.size());
  if (points.size() < 4) return std::nullopt;
  double x = 0, y = 0;
  for (const auto& [load, figure] : points) x += load / n, y += figure / n;
  double xx = 0, xy = 0;
  for (const auto& [load, figure] : points) {
    xx += (load - x) * (load - x);
    xy += (load - x) * (figure - y);
  }
  if (xx <= 0 || xy <= 0) return std::nullopt;
  Line line{.slope = xy / xx, .middle = x};
  line.crossing = x - y / line.slope;
  double squares = 0;
  for (const auto& [load, figure] : points) {
    squares += std::pow(figure - y - line.slope * (load - x), 2);
  }
  const double scatter = std::sqrt(squares / (n - 2)) / line.slope;
  line.half_width =
      kBend + Student95(n - 2) * scatter * std::sqrt(1 / n + std::pow(line.crossing - x, 2) / xx);
  return line;
}

}  // namespace

// The steps' mean of each load, as far as they bound the crossing.
struct GoalSearch::Bracket {
  std::optional<double> holds, misses;  // the highest load that holds below all that miss
  double holds_figure = 0, misses_figure = 0;
  double highest = 0, lowest = 0;  // loads that were tried

  explicit Bracket(std::span<const GoalStep> steps) {
    std::vector<GoalStep> loads(steps.begin(), steps.end());
    std::sort(loads.begin(), loads.end(),
              [](const GoalStep& a, const GoalStep& b) { return a.load < b.load; });
    if (!loads.empty()) lowest = loads.front().load, highest = loads.back().load;
    for (std::size_t i = 0; i < loads.size();) {
      double sum = 0;
      std::size_t end = i;
      for (; end < loads.size() && loads[end].load == loads[i].load; ++end) {
        sum += std::log(Figure(loads[end]));
      }
      const double figure = std::exp(sum / static_cast<double>(end - i));
      if (figure < 1 && !misses) {
        holds = loads[i].load;
        holds_figure = figure;
      } else if (figure >= 1 && !misses) {
        misses = loads[i].load;
        misses_figure = figure;
      }
      i = end;
    }
  }
};

GoalAnswer GoalSearch::Ask(double load, std::string doing) const {
  if (range_.whole) load = std::round(load);
  GoalAnswer out;
  out.next = std::clamp(load, range_.least, range_.most);
  out.doing = std::move(doing);
  return out;
}

GoalAnswer GoalSearch::Climb(const Bracket& bracket, std::span<const GoalStep> steps) const {
  const auto times = [&](double load) {
    return std::count_if(steps.begin(), steps.end(),
                         [load](const GoalStep& step) { return step.load == load; });
  };
  GoalAnswer out;
  if (!bracket.misses) {
    if (bracket.highest < range_.most) return Ask(2 * bracket.highest, "climbing");
    if (times(range_.most) < 2) return Ask(range_.most, "the highest load again");
    out.kind = GoalAnswer::Kind::kAll;
    out.load = range_.most;
    return out;
  }
  if (bracket.lowest > range_.least) return Ask(bracket.lowest / 2, "descending");
  if (times(range_.least) < 2) return Ask(range_.least, "the lowest load again");
  out.kind = GoalAnswer::Kind::kNone;
  return out;
}

GoalAnswer GoalSearch::CloseIn(const Bracket& bracket) const {
  const double low = std::log(*bracket.holds), high = std::log(*bracket.misses);
  const double under = std::log(bracket.holds_figure), over = std::log(bracket.misses_figure);
  // Where the line between the two crosses, but not too near to either: the curve is bent.
  const double part = std::clamp(-under / std::max(over - under, 1e-9), 0.25, 0.6);
  return Ask(std::exp(low + part * (high - low)),
             absl::StrFormat("between %.4g and %.4g", *bracket.holds, *bracket.misses));
}

GoalAnswer GoalSearch::PinDown(const Bracket& bracket, double crossing,
                               std::span<const GoalStep> steps) const {
  // The line's own crossing is a better middle for the next line; it settles at once. Where the
  // figure rises steeply the line counts nearer steps only, once there are such.
  double beside = kBeside;
  std::optional<Line> line;
  for (int i = 0; i < 4; ++i) {
    const auto next = LineThrough(steps, crossing, beside);
    if (!next) break;
    line = next;
    const double moved = std::clamp(std::exp(line->crossing), crossing / 1.1, crossing * 1.1);
    const double least = std::max(kLeastBeside, range_.whole ? 1 + 1 / crossing : 0);
    const double nearer = std::min(beside, std::max(least, std::exp(kRise / line->slope)));
    const bool settled = std::abs(moved / crossing - 1) < 0.01 && nearer == beside;
    crossing = moved;
    beside = nearer;
    if (settled) break;
  }
  std::size_t near = 0, below = 0, hold = 0;
  for (const GoalStep& step : steps) {
    if (!IsNear(step, crossing, beside)) continue;
    ++near;
    below += step.load < crossing;
    hold += Figure(step) < 1;
  }
  const double gap = *bracket.misses / *bracket.holds;
  if ((hold == 0 || hold == near) && gap > (range_.whole ? 1 + 1.5 / crossing : kLeastBeside) &&
      steps.size() < kMostSteps) {
    return Ask(std::sqrt(*bracket.holds * *bracket.misses),
               absl::StrFormat("between %.4g and %.4g", *bracket.holds, *bracket.misses));
  }
  // Without a line it is a wall, once both its sides are there twice.
  const bool wall = !line && hold >= 2 && near - hold >= 2 && gap <= kLeastBeside * kLeastBeside;
  if (wall) line = Line{.crossing = std::log(*bracket.holds), .half_width = std::log(gap) + kBend};
  const bool enough = line && near >= kFewestSteps;
  const bool precise = enough && line->half_width <= kPrecision;
  if (!precise && steps.size() < kMostSteps) {
    // Whole loads next to a small crossing are one apart.
    const double side = 2 * below <= near ? 1 / beside : beside;
    double next = crossing * side;
    if (range_.whole) next = side < 1 ? std::floor(next) : std::ceil(next);
    return Ask(next,
               absl::StrFormat("around %.4g%s", crossing,
                               line ? absl::StrFormat(" ±%.0f %%", 100 * line->half_width) : ""));
  }
  GoalAnswer out;
  out.kind = precise ? GoalAnswer::Kind::kFound : GoalAnswer::Kind::kVague;
  out.load = line ? std::exp(line->crossing) : crossing;
  if (line) {
    out.ci95 =
        Interval{*out.load * std::exp(-line->half_width), *out.load * std::exp(line->half_width)};
  }
  if (range_.whole) out.load = std::floor(*out.load + 1e-9);
  return out;
}

GoalAnswer GoalSearch::Answer(std::span<const GoalStep> steps) const {
  if (steps.empty()) return Ask(range_.start, "the first step");
  const Bracket bracket(steps);
  if (!bracket.holds || !bracket.misses) return Climb(bracket, steps);
  const bool adjacent = range_.whole && *bracket.misses - *bracket.holds <= 1;
  if (*bracket.misses > kClose * *bracket.holds && !adjacent && steps.size() < kMostSteps) {
    return CloseIn(bracket);
  }
  const double low = std::log(bracket.holds_figure), high = std::log(bracket.misses_figure);
  const double part = std::clamp(-low / std::max(high - low, 1e-9), 0.0, 1.0);
  return PinDown(bracket, *bracket.holds * std::pow(*bracket.misses / *bracket.holds, part), steps);
}

}  // namespace sfp::capacity
