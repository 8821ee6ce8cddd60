#include "common/scenario/data.h"

#include <algorithm>
#include <charconv>

#include "common/base/check.h"
#include "common/scenario/program.h"

namespace sfp::scenario {

void DataSource::AppendRow(std::string& out, std::uint64_t row, std::uint16_t column) const {
  if (kind == Kind::kValues) {
    out += values[row * std::max<std::size_t>(1, columns.size()) + column];
    return;
  }
  // Unsigned, so that a range over the whole of int64 does not overflow on its way.
  const auto number = static_cast<std::int64_t>(static_cast<std::uint64_t>(from) +
                                                row * static_cast<std::uint64_t>(step));
  const std::uint64_t size =
      number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, size).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  if (number < 0) out += '-';
  if (count < width) out.append(width - count, '0');
  out.append(digits, count);
}

struct Pools::Pool {
  explicit Pool(std::size_t capacity) : ring(capacity) {}

  std::mutex mutex;
  std::vector<std::string> ring;  // strings keep their memory when they are overwritten
  std::size_t filled = 0;
  std::size_t next = 0;
};

struct Pools::Counter {
  explicit Counter(const DataSource& of) : source(of) {}

  const DataSource& source;
  std::mutex mutex;
  std::vector<std::uint32_t> draws;  // by user, as far as somebody has drawn
};

Pools::Pools(const Program& program) {
  for (const DataSource& source : program.data()) {
    const bool collected = source.kind == DataSource::Kind::kCollected;
    const bool counted = !collected && source.pick != DataSource::Pick::kRandom;
    counters_.push_back(counted ? std::make_unique<Counter>(source) : nullptr);
    Place& place = places_.emplace_back();
    place.of_user = collected && source.scope == DataSource::Scope::kUser;
    if (!collected || place.of_user) continue;
    place.by_class = source.scope == DataSource::Scope::kClass;
    place.first = static_cast<std::uint32_t>(pools_.size());
    for (std::size_t i = 0; i < (place.by_class ? program.classes().size() : 1); ++i) {
      pools_.push_back(std::make_unique<Pool>(source.capacity));
    }
  }
}

Pools::~Pools() = default;

Pools::Pool* Pools::Find(SourceId source, ClassId of) const {
  if (source >= places_.size() || places_[source].first == Place::kNone) return nullptr;
  return pools_[places_[source].first + (places_[source].by_class ? of : 0)].get();
}

void Pools::Add(SourceId source, std::string_view value, ClassId of) {
  Pool* const found = Find(source, of);
  SFP_CHECK(found != nullptr);
  if (value.size() > kMostBytes) return;
  Pool& pool = *found;
  const std::lock_guard lock(pool.mutex);
  pool.ring[pool.next] = value;
  pool.next = (pool.next + 1) % pool.ring.size();
  pool.filled = std::min(pool.filled + 1, pool.ring.size());
}

bool Pools::AppendRandom(SourceId source, std::uint64_t random, std::string& out,
                         ClassId of) const {
  Pool* const found = Find(source, of);
  SFP_CHECK(found != nullptr);
  Pool& pool = *found;
  const std::lock_guard lock(pool.mutex);
  if (pool.filled == 0) return false;
  out += pool.ring[(static_cast<unsigned __int128>(random) * pool.filled) >> 64];
  return true;
}

std::optional<std::uint64_t> Pools::NextRow(SourceId source, std::uint64_t user,
                                            std::uint64_t most_users, bool serves) const {
  SFP_CHECK(source < counters_.size() && counters_[source] != nullptr);
  Counter& counter = *counters_[source];
  const std::lock_guard lock(counter.mutex);
  if (counter.draws.size() <= user) counter.draws.resize(user + 1);
  std::uint32_t& k = counter.draws[user];
  const DataSource& from = counter.source;
  if (from.pick != DataSource::Pick::kUnique) return (user % from.rows + k++) % from.rows;
  if (serves && k >= from.draws_aside) return std::nullopt;
  const auto row = from.UniqueRow(user + k * most_users);
  if (row) ++k;
  return row;
}

std::size_t Pools::size(SourceId source, ClassId of) const {
  Pool* const pool = Find(source, of);
  if (pool == nullptr) return 0;
  const std::lock_guard lock(pool->mutex);
  return pool->filled;
}

}  // namespace sfp::scenario
