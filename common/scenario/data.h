#pragma once

// Where the values of variables come from: rows that everybody knows (values of the configuration,
// ranges of numbers), and pools of values collected from responses.
//
// Rows are a pure function of their index, so that any worker draws the same. Pools are one per
// worker process and run, shared by its loops: of a collected source a ring of the newest
// `capacity` values (for each class one, with that scope), of a sequential or unique one how often
// each user has drawn. That outlives the user: one that retires and is wanted again, perhaps by
// another loop, goes on where it was.
//
// Thread: DataSource immutable; Pools safe (a lock per source, held for one copy or count).

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/scenario/task.h"

namespace sfp::scenario {

class Program;

struct DataSource {
  enum class Kind : std::uint8_t { kValues, kRange, kCollected };
  enum class Pick : std::uint8_t { kRandom, kSequential, kUnique };
  // What becomes of a step that needs a unique row when all are used: it is skipped, the rows begin
  // again, or it is skipped and its user retires.
  enum class Exhausted : std::uint8_t { kSkip, kCycle, kStop };
  enum class Scope : std::uint8_t { kWorker, kClass, kUser };  // of a collected one

  std::string name;
  Kind kind = Kind::kValues;
  Pick pick = Pick::kRandom;
  Exhausted exhausted = Exhausted::kSkip;
  Scope scope = Scope::kWorker;

  std::vector<std::string> columns;  // by `name.column`; empty: the row is one value, by `name`
  std::vector<std::string> values;   // row by row
  std::int64_t from = 0;
  std::int64_t step = 1;
  std::uint32_t width = 0;        // zero-padded to so many digits
  std::uint32_t capacity = 0;     // of a pool
  std::uint64_t rows = 0;         // of values and ranges; at least 1
  std::uint32_t draws_aside = 0;  // the most that a user's on_start and on_stop draw of it

  // Appends a value of row `row` (< rows).
  void AppendRow(std::string& out, std::uint64_t row, std::uint16_t column = 0) const;
  // The row of the n-th unique draw, if there is one.
  std::optional<std::uint64_t> UniqueRow(std::uint64_t n) const {
    if (n < rows) return n;
    return exhausted == Exhausted::kCycle ? std::optional(n % rows) : std::nullopt;
  }
};

class Pools {
 public:
  explicit Pools(const Program& program);
  ~Pools();

  // Values longer than kMostBytes are left out: they are no identifiers.
  static constexpr std::size_t kMostBytes = 4096;
  void Add(SourceId source, std::string_view value, ClassId of = 0);

  // Appends a value chosen by `random` (64 random bits); false if there is none yet.
  bool AppendRandom(SourceId source, std::uint64_t random, std::string& out, ClassId of = 0) const;

  std::size_t size(SourceId source, ClassId of = 0) const;

  // Values of this source are no matter of the pools: each user has its own (session.h).
  bool OfUser(SourceId source) const { return places_[source].of_user; }

  // The row of this user's next draw of a sequential or unique source; nothing once unique rows are
  // used up, which counts as no draw. In the open model (`serves`) the user has those only that
  // are kept aside for on_start and on_stop: the others are the arrivals'.
  std::optional<std::uint64_t> NextRow(SourceId source, std::uint64_t user,
                                       std::uint64_t most_users, bool serves) const;

 private:
  struct Pool;
  struct Counter;
  struct Place {
    static constexpr std::uint32_t kNone = ~0U;
    std::uint32_t first = kNone;  // in pools_
    bool by_class = false;
    bool of_user = false;
  };
  Pool* Find(SourceId source, ClassId of) const;  // null: it has no pool

  std::vector<Place> places_;  // by source
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<std::unique_ptr<Counter>> counters_;  // by source; null for what is not counted
};

}  // namespace sfp::scenario
