#include "common/scenario/program.h"

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

std::span<const Endpoint> Program::endpoints() const { return compiled_->endpoints; }
std::span<const Task> Program::tasks() const { return compiled_->tasks; }
std::span<const UserClass> Program::classes() const { return compiled_->classes; }
std::span<const DataSource> Program::data() const { return compiled_->data; }

const UserClass& Program::ClassOf(std::uint64_t user) const {
  return compiled_->classes[compiled_->turns[user % compiled_->turns.size()]];
}

std::optional<double> Program::MeanThinkSeconds() const {
  double weights = 0;
  double sum = 0;
  for (const UserClass& user_class : compiled_->classes) {
    if (user_class.weight == 0) continue;
    if (user_class.wait.pacing()) return std::nullopt;
    weights += user_class.weight;
    sum += user_class.weight * user_class.wait.MeanSeconds();
  }
  return sum / weights;
}

}  // namespace sfp::scenario
