#include "common/scenario/draw.h"

#include <algorithm>
#include <array>

#include "common/scenario/program.h"

namespace sfp::scenario {
namespace {

using Kind = DataSource::Kind;
using Pick = DataSource::Pick;

std::optional<std::uint64_t> ArrivalsRow(const DataSource& source, std::uint64_t arrival,
                                         std::uint64_t most_users) {
  if (source.pick == Pick::kSequential) return arrival % source.rows;
  return source.UniqueRow(source.draws_aside * most_users + arrival);
}

}  // namespace

void Draw::Begin(const Task& task) {
  text_.clear();
  places_.assign(task.variables.size(), Place());
  exhausted_ = false;
}

bool Draw::Take(const Program& program, const Task& task, const Step& step,
                const UserSession& session, const Pools& pools, Rng& rng,
                const Occasion& occasion) {
  bool complete = true;
  for (const std::uint16_t slot : step.needs) {
    if (places_[slot].begin != kUndrawn) continue;
    const SourceId id = task.variables[slot].source;
    const DataSource& source = program.data()[id];
    if (source.kind == Kind::kCollected) {
      const auto begin = static_cast<std::uint32_t>(text_.size());
      complete &= pools.AppendRandom(id, rng.Next(), text_);
      places_[slot] = {begin, static_cast<std::uint32_t>(text_.size()) - begin};
    } else if (source.pick == Pick::kRandom) {
      TakeRow(task, id, source, rng.Below(source.rows));
    } else if (complete) {
      const auto row = occasion.arrival
                           ? ArrivalsRow(source, *occasion.arrival, session.most_users_)
                           : pools.NextRow(id, session.user_, session.most_users_, session.serves_);
      complete = row.has_value();
      exhausted_ = !row && source.exhausted == DataSource::Exhausted::kStop;
      if (row) TakeRow(task, id, source, *row);
    }
  }
  if (!complete) return false;
  const CallContext context{rng, session.user_, occasion.arrival.value_or(occasion.iteration),
                            occasion.utc};
  for (const Step::Call& call : step.calls) Call(call, context);
  return true;
}

void Draw::TakeRow(const Task& task, SourceId id, const DataSource& source, std::uint64_t row) {
  for (std::size_t slot = 0; slot < task.variables.size(); ++slot) {
    const Variable& variable = task.variables[slot];
    if (variable.source != id) continue;
    const auto begin = static_cast<std::uint32_t>(text_.size());
    source.AppendRow(text_, row, variable.column);
    places_[slot] = {begin, static_cast<std::uint32_t>(text_.size()) - begin};
  }
}

void Draw::Call(const Step::Call& step, const CallContext& context) {
  std::array<std::string_view, kMostArguments> arguments;
  const std::span<const std::string_view> given(arguments.data(), step.call.arguments.size());
  const auto fill = [&] {
    for (std::size_t i = 0; i < given.size(); ++i) {
      const FunctionCall::Argument& argument = step.call.arguments[i];
      arguments[i] = argument.slot ? value(*argument.slot) : std::string_view(argument.literal);
    }
  };
  fill();
  const std::size_t begin = text_.size();
  const std::size_t most = begin + MostBytes(step.call, given);
  if (text_.capacity() < most) {
    text_.reserve(std::max(most, 2 * text_.capacity()));
    fill();  // it has moved
  }
  Evaluate(step.call, given, context, text_);
  Place& place = places_[step.slot];
  const auto size = static_cast<std::uint32_t>(text_.size() - begin);
  if (place.begin != kUndrawn && size <= place.size) {  // of the step's last time: no longer needed
    text_.replace(place.begin, size, text_, begin, size);
    text_.resize(begin);
    place.size = size;
  } else {
    place = {static_cast<std::uint32_t>(begin), size};
  }
}

}  // namespace sfp::scenario
