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

bool Draw::Take(const Program& program, const Task& task, const UserSession& session,
                const Pools& pools, Rng& rng, std::optional<std::uint64_t> arrival) {
  text_.clear();
  ends_.clear();
  bool complete = true;
  const auto end_value = [&] { ends_.push_back(static_cast<std::uint32_t>(text_.size())); };
  for (const Variable& variable : task.variables) {
    const DataSource& source = program.data()[variable.source];
    if (source.kind == Kind::kCollected) {
      complete &= pools.AppendRandom(variable.source, rng.Next(), text_);
    } else if (source.pick == Pick::kRandom) {
      source.AppendRow(text_, rng.Below(source.rows));
    } else if (complete) {
      const auto row = arrival ? ArrivalsRow(source, *arrival, session.most_users_)
                               : pools.NextRow(variable.source, session.user_, session.most_users_,
                                               session.serves_);
      complete = row.has_value();
      if (row) source.AppendRow(text_, *row);
    }
    end_value();
  }
  return complete;
}

}  // namespace sfp::scenario
