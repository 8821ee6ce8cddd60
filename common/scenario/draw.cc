#include "common/scenario/draw.h"

#include "common/scenario/program.h"

namespace sfp::scenario {
namespace {

using Kind = DataSource::Kind;
using Pick = DataSource::Pick;

// The row of the user's k-th draw; nothing once unique rows are used up.
std::optional<std::uint64_t> CountedRow(const DataSource& source, std::uint64_t user,
                                        std::uint64_t k, std::uint64_t most_users) {
  if (source.pick == Pick::kSequential) return (user % source.rows + k) % source.rows;
  const std::uint64_t row = user + k * most_users;
  return row < source.rows ? std::optional(row) : std::nullopt;
}

std::optional<std::uint64_t> ArrivalsRow(const DataSource& source, std::uint64_t arrival,
                                         std::uint64_t most_users) {
  if (source.pick == Pick::kSequential) return arrival % source.rows;
  const std::uint64_t row = source.draws_aside * most_users + arrival;
  return row < source.rows ? std::optional(row) : std::nullopt;
}

}  // namespace

bool Draw::Take(const Program& program, const Task& task, UserSession& session, const Pools& pools,
                Rng& rng, std::optional<std::uint64_t> arrival) {
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
      std::uint32_t& draws = session.draws_[source.counter];
      const auto row = arrival ? ArrivalsRow(source, *arrival, session.most_users_)
                               : CountedRow(source, session.user_, draws, session.most_users_);
      complete = row.has_value();
      if (row) {
        if (!arrival) ++draws;
        source.AppendRow(text_, *row);
      }
    }
    end_value();
  }
  return complete;
}

}  // namespace sfp::scenario
