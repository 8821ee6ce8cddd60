#include "master/report/find.h"

#include <absl/strings/str_format.h>

#include "master/capacity/goal.h"

namespace sfp::report {
namespace {

using Kind = capacity::GoalAnswer::Kind;

// A load in words: whole users, or four digits of a rate.
std::string Load(double load, bool of_rates) {
  return of_rates ? absl::StrFormat("%.4g", load) : absl::StrFormat("%.0f", load);
}

std::string Sentence(const v1::Goal& goal, const capacity::GoalAnswer& answer, bool of_rates) {
  const std::string text = "'" + goal.text() + "'";
  const std::string unit = of_rates ? " arrivals per second" : " users";
  const std::string load = answer.load ? Load(*answer.load, of_rates) + unit : "";
  const std::string ci95 =
      answer.ci95 ? absl::StrFormat(" (95 %%: %s to %s)", Load(answer.ci95->low, of_rates),
                                    Load(answer.ci95->high, of_rates))
                  : "";
  switch (answer.kind) {
    case Kind::kFound:
      return text + " holds up to " + load + ci95 + ".";
    case Kind::kVague:
      if (!answer.ci95) {
        return text + " holds up to about " + load +
               "; how exact that is cannot be told: its figure does not grow steadily with the "
               "load.";
      }
      return text + " holds up to about " + load + ci95 +
             ": the steps differ too much from each other to say it more exactly.";
    case Kind::kAll:
      return text + " holds up to " + load + ", the most that were allowed: the limit is beyond.";
    case Kind::kNone:
      return text + (of_rates ? " does not even hold at the lowest rate that was tried."
                              : " does not even hold with one user.");
    case Kind::kSearching:
      break;
  }
  return absl::StrFormat("The search for the most%s under which %s holds was not finished%s.", unit,
                         text, answer.doing.empty() ? "" : " (" + answer.doing + ")");
}

}  // namespace

Found FindOf(const results::Results& results) {
  const v1::Goal& goal = results.run().find();
  const capacity::GoalAnswer answer = capacity::AnswerOf(goal, results.rows());
  Found find;
  find.goal = goal.text();
  find.steps = results.rows().size();
  find.done = answer.kind != Kind::kSearching;
  find.of_rates = goal.most_rate() > 0;
  find.load = answer.load;
  if (answer.ci95) find.ci95 = {answer.ci95->low, answer.ci95->high};
  find.says.push_back(Sentence(goal, answer, find.of_rates));
  return find;
}

}  // namespace sfp::report
