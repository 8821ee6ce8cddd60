#include "master/report/find.h"

#include <absl/strings/str_format.h>

#include "master/capacity/goal.h"

namespace sfp::report {
namespace {

using Kind = capacity::GoalAnswer::Kind;

std::string Sentence(const v1::Goal& goal, const capacity::GoalAnswer& answer) {
  const std::string text = "'" + goal.text() + "'";
  switch (answer.kind) {
    case Kind::kFound:
      return absl::StrFormat("%s holds up to %.0f users (95 %%: %.0f to %.0f).", text, *answer.load,
                             answer.ci95->low, answer.ci95->high);
    case Kind::kVague:
      if (!answer.ci95) {
        return absl::StrFormat(
            "%s holds up to about %.0f users; how exact that is cannot be told: "
            "its figure does not grow steadily with the users.",
            text, *answer.load);
      }
      return absl::StrFormat(
          "%s holds up to about %.0f users (95 %%: %.0f to %.0f): the steps "
          "differ too much from each other to say it more exactly.",
          text, *answer.load, answer.ci95->low, answer.ci95->high);
    case Kind::kAll:
      return absl::StrFormat(
          "%s holds up to %.0f users, the most that were allowed: the limit is "
          "beyond.",
          text, *answer.load);
    case Kind::kNone:
      return text + " does not even hold with one user.";
    case Kind::kSearching:
      break;
  }
  return absl::StrFormat("The search for the most users under which %s holds was not finished%s.",
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
  find.users = answer.load;
  if (answer.ci95) find.ci95 = {answer.ci95->low, answer.ci95->high};
  find.says.push_back(Sentence(goal, answer));
  return find;
}

}  // namespace sfp::report
