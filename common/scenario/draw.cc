#include "common/scenario/draw.h"

#include "common/scenario/program.h"

namespace sfp::scenario {
namespace {

using Kind = DataSource::Kind;
using Pick = DataSource::Pick;

std::optional<std::uint64_t> ArrivalsRow(const DataSource& source, std::uint64_t arrival,
                                         std::uint64_t most_users) {
  if (source.pick == Pick::kSequential) return arrival % source.rows;
  const std::uint64_t row = source.draws_aside * most_users + arrival;
  return row < source.rows ? std::optional(row) : std::nullopt;
}

}  // namespace

void Draw::Begin(const Task& task) {
  text_.clear();
  places_.assign(task.variables.size(), Place());
}

bool Draw::Take(const Program& program, const Task& task, const Step& step,
                const UserSession& session, const Pools& pools, Rng& rng,
                std::optional<std::uint64_t> arrival) {
  bool complete = true;
  for (const std::uint16_t slot : step.needs) {
    Place& place = places_[slot];
    if (place.begin != kUndrawn) continue;
    const auto begin = static_cast<std::uint32_t>(text_.size());
    const SourceId id = task.variables[slot].source;
    const DataSource& source = program.data()[id];
    if (source.kind == Kind::kCollected) {
      complete &= pools.AppendRandom(id, rng.Next(), text_);
    } else if (source.pick == Pick::kRandom) {
      source.AppendRow(text_, rng.Below(source.rows));
    } else if (complete) {
      const auto row = arrival
                           ? ArrivalsRow(source, *arrival, session.most_users_)
                           : pools.NextRow(id, session.user_, session.most_users_, session.serves_);
      complete = row.has_value();
      if (row) source.AppendRow(text_, *row);
    }
    place = {begin, static_cast<std::uint32_t>(text_.size()) - begin};
  }
  return complete;
}

}  // namespace sfp::scenario
