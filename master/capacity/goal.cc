#include "master/capacity/goal.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace sfp::capacity {

std::optional<double> GoalFigure(const v1::Goal& goal, const stats::EndpointStats& stats) {
  if (stats.requests() == 0 || !(goal.value() > 0)) return std::nullopt;
  if (goal.metric() == "failures") {
    const double failed = std::max(0.1, static_cast<double>(stats.failed));
    return 100 * failed / static_cast<double>(stats.requests()) / goal.value();
  }
  if (goal.metric() == "avg") return Millis(*stats.response.mean()) / goal.value();
  const double q = std::atof(goal.metric().c_str() + 1) / 100;  // p99.9
  return Millis(*stats.response.Quantile(q)) / goal.value();
}

GoalAnswer AnswerOf(const v1::Goal& goal, std::span<const results::Row> rows) {
  std::vector<GoalStep> steps;
  for (const results::Row& row : rows) {
    if (row.end_s) steps.push_back({static_cast<double>(row.users), GoalFigure(goal, row.total)});
  }
  const GoalSearch search({.start = std::max(1.0, static_cast<double>(goal.start_users())),
                           .least = 1,
                           .most = std::max(1.0, static_cast<double>(goal.most_users()))});
  return search.Answer(steps);
}

}  // namespace sfp::capacity
