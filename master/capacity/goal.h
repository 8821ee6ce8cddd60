#pragma once

// The rows of a search's levels as its steps: how each stands to the goal, and what the search
// makes of them.
//
// Thread: pure functions.

#include <optional>
#include <span>

#include "common/stats/interval.h"
#include "master/capacity/goal_search.h"
#include "master/results/timeline.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::capacity {

// Measured / allowed: below 1 the goal holds. Nothing without an answer. No failure at all counts
// as a tenth of one: the search draws lines through logarithms.
//
// In a search over rates an arrival that was dropped is one that is never answered, and so is what
// a level that falls behind adds to the requests in flight. A percentile is one of all of them; an
// average of what has no end does not exist, if that is more than a hundredth.
std::optional<double> GoalFigure(const v1::Goal& goal, const stats::EndpointStats& stats);

// The answer from the rows of the levels that are done, in order.
GoalAnswer AnswerOf(const v1::Goal& goal, std::span<const results::Row> rows);

}  // namespace sfp::capacity
