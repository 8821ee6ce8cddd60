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
  kept_ = 0;
  exhausted_ = false;
}

bool Draw::Take(const Program& program, const Task& task, const Inputs& of,
                const UserSession& session, const Pools& pools, Rng& rng,
                const Occasion& occasion) {
  text_.resize(kept_);
  bool complete = true;
  for (const std::uint16_t slot : of.needs) {
    const Variable& variable = task.variables[slot];
    complete &= !variable.of_user || session.Value(variable.source).has_value();
  }
  for (const std::uint16_t slot : of.needs) {
    const Variable& variable = task.variables[slot];
    if (variable.of_user || places_[slot].begin != kUndrawn) continue;
    const DataSource& source = program.data()[variable.source];
    if (source.kind == Kind::kCollected) {
      const std::size_t begin = text_.size();
      const bool there =
          pools.AppendRandom(variable.source, rng.Next(), text_, session.user_class().id);
      if (there) Put(slot, begin);
      complete &= there;
    } else if (source.pick == Pick::kRandom) {
      TakeRow(task, variable.source, source, rng.Below(source.rows));
    } else if (complete) {
      const auto row =
          occasion.arrival
              ? ArrivalsRow(source, *occasion.arrival, session.most_users_)
              : pools.NextRow(variable.source, session.user_, session.most_users_, session.serves_);
      complete = row.has_value();
      exhausted_ = !row && source.exhausted == DataSource::Exhausted::kStop;
      if (row) TakeRow(task, variable.source, source, *row);
    }
  }
  kept_ = static_cast<std::uint32_t>(text_.size());
  if (!complete) return false;
  for (const std::uint16_t slot : of.needs) {
    if (!task.variables[slot].of_user) continue;
    const std::size_t begin = text_.size();
    text_ += *session.Value(task.variables[slot].source);
    Put(slot, begin);
  }
  const CallContext context{rng, session.user_, occasion.arrival.value_or(occasion.iteration),
                            occasion.utc};
  for (const Inputs::Call& call : of.calls) Call(call, context);
  return true;
}

void Draw::TakeRow(const Task& task, SourceId id, const DataSource& source, std::uint64_t row) {
  for (std::size_t slot = 0; slot < task.variables.size(); ++slot) {
    const Variable& variable = task.variables[slot];
    if (variable.source != id) continue;
    const std::size_t begin = text_.size();
    source.AppendRow(text_, row, variable.column);
    Put(static_cast<std::uint16_t>(slot), begin);
  }
}

void Draw::Call(const Inputs::Call& step, const CallContext& context) {
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
  Put(step.slot, begin);
}

void AppendPlain(std::string& out, const Segments& segments, const Draw& draw) {
  for (const Segment& segment : segments.list()) {
    if (segment.kind == Segment::Kind::kLiteral) {
      out += segment.literal;
    } else {
      AppendEscaped(out, draw.value(segment.slot), segment.escape);
    }
  }
}

}  // namespace sfp::scenario
