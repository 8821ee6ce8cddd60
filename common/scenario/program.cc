#include "common/scenario/program.h"

#include <utility>

#include "common/scenario/compiled.h"

namespace sfp::scenario {

Program::Program() : compiled_(std::make_unique<Compiled>()) {}
Program::~Program() = default;

const v1::Target& Program::target() const { return compiled_->target; }
const Origin& Program::origin() const { return compiled_->origin; }
std::string_view EndpointWarning(std::size_t endpoints) {
  static_assert(kMostEndpoints == 1000);
  return endpoints <= kMostEndpoints
             ? ""
             : "there are more than 1000 request names: those beyond share the row '(other)'. Is a "
               "URL or a number part of a name?";
}

std::string TokenEndpoint(const v1::UserClass& user_class) {
  return "oauth2 token" + (user_class.has_auth() ? " " + user_class.name() : "");
}

std::span<const Endpoint> Program::endpoints() const { return compiled_->endpoints; }
std::span<const Task> Program::tasks() const { return compiled_->tasks; }
std::span<const UserClass> Program::classes() const { return compiled_->classes; }
std::span<const DataSource> Program::data() const { return compiled_->data; }
std::span<const TokenSource> Program::tokens() const { return compiled_->tokens; }

const UserClass& Program::ClassOf(std::uint64_t user) const {
  if (user < compiled_->counted.size()) return compiled_->classes[compiled_->counted[user]];
  user -= compiled_->counted.size();
  return compiled_->classes[compiled_->turns[user % compiled_->turns.size()]];
}

namespace {

struct Cycle {
  double requests = 0;
  double think_s = 0;
};

// One iteration in which nothing fails; nothing if that depends on a condition.
std::optional<Cycle> CycleOf(const Task& task) {
  Cycle cycle;
  std::vector<double> rounds = {1};
  for (const Op& op : task.ops) {
    switch (op.kind) {
      case Op::Kind::kRequest:
        cycle.requests += rounds.back();
        break;
      case Op::Kind::kThink:
        cycle.think_s += rounds.back() * task.thinks[op.index].MeanSeconds();
        break;
      case Op::Kind::kRepeat:
        rounds.push_back(rounds.back() * op.to);
        break;
      case Op::Kind::kAgain:
        if (op.index != Op::kNone) return std::nullopt;
        rounds.pop_back();
        break;
      case Op::Kind::kUnless:
        return std::nullopt;
      default:
        break;
    }
  }
  return cycle;
}

}  // namespace

std::optional<double> Program::MeanThinkSeconds() const {
  Cycle all;
  for (const UserClass& user_class : compiled_->classes) {
    if (user_class.count > 0) return std::nullopt;
    if (user_class.weight == 0 || !user_class.has_picks) continue;
    if (user_class.wait.pacing()) return std::nullopt;
    Cycle mean;
    std::uint64_t before = 0;
    for (const UserClass::Choice& choice : user_class.choices) {
      const std::optional<Cycle> cycle = CycleOf(compiled_->tasks[choice.task]);
      if (!cycle) return std::nullopt;
      const double share = static_cast<double>(choice.up_to - std::exchange(before, choice.up_to)) /
                           static_cast<double>(user_class.choices.back().up_to);
      mean.requests += share * cycle->requests;
      mean.think_s += share * cycle->think_s;
    }
    all.requests += user_class.weight * mean.requests;
    all.think_s += user_class.weight * (mean.think_s + user_class.wait.MeanSeconds());
  }
  if (all.requests == 0) return std::nullopt;
  return all.think_s / all.requests;
}

}  // namespace sfp::scenario
