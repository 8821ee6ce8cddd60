#include "master/capacity/goal.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "master/capacity/arrival_level.h"

namespace sfp::capacity {

namespace {

constexpr double kMostEndless = 0.01;  // of an average's requests
constexpr double kLeastRate = 0.1;     // per second

// How many were never answered, for the purpose of a goal.
double Endless(const v1::Goal& goal, const stats::EndpointStats& stats) {
  if (!(goal.most_rate() > 0)) return 0;
  const auto answered = static_cast<double>(stats.requests());
  const double more = static_cast<double>(stats.started) - answered;
  return static_cast<double>(stats.dropped) + (FallsBehind(answered, more) ? more : 0);
}

}  // namespace

std::optional<double> GoalFigure(const v1::Goal& goal, const stats::EndpointStats& stats) {
  if (stats.requests() == 0 || !(goal.value() > 0)) return std::nullopt;
  const double endless = Endless(goal, stats);
  const double all = static_cast<double>(stats.requests()) + endless;
  if (goal.metric() == "failures") {
    const double failed = std::max(0.1, static_cast<double>(stats.failed) + endless);
    return 100 * failed / all / goal.value();
  }
  if (goal.metric() == "avg") {
    if (endless > kMostEndless * all) return std::nullopt;
    return Millis(*stats.response.mean()) / goal.value();
  }
  const double q = std::atof(goal.metric().c_str() + 1) / 100;  // p99.9
  const double of_answered = q * all / static_cast<double>(stats.requests());
  if (of_answered > 1) return std::nullopt;
  return Millis(*stats.response.Quantile(of_answered)) / goal.value();
}

GoalAnswer AnswerOf(const v1::Goal& goal, std::span<const results::Row> rows) {
  const bool of_rates = goal.most_rate() > 0;
  std::vector<GoalStep> steps;
  for (const results::Row& row : rows) {
    if (!row.end_s) continue;
    const double load = of_rates ? row.rate : static_cast<double>(row.users);
    steps.push_back({load, GoalFigure(goal, row.total)});
  }
  if (of_rates) {
    const GoalSearch search({.start = std::min(goal.start_rate(), goal.most_rate()),
                             .least = std::min(kLeastRate, goal.most_rate()),
                             .most = goal.most_rate(),
                             .whole = false});
    return search.Answer(steps);
  }
  const GoalSearch search({.start = std::max(1.0, static_cast<double>(goal.start_users())),
                           .least = 1,
                           .most = std::max(1.0, static_cast<double>(goal.most_users()))});
  return search.Answer(steps);
}

}  // namespace sfp::capacity
