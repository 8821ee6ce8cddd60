#pragma once

// Where the values of variables come from: rows that everybody knows (values of the configuration,
// ranges of numbers), and pools of values collected from responses.
//
// Rows are a pure function of their index, so that any worker draws the same. Pools are one per
// worker process and source, shared by its loops: a ring of the newest `capacity` values.
//
// Thread: DataSource immutable; Pools safe (a lock per source, held for one copy).

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/scenario/task.h"

namespace sfp::scenario {

class Program;

struct DataSource {
  enum class Kind : std::uint8_t { kValues, kRange, kCollected };
  enum class Pick : std::uint8_t { kRandom, kSequential, kUnique };

  std::string name;
  Kind kind = Kind::kValues;
  Pick pick = Pick::kRandom;

  std::vector<std::string> values;
  std::int64_t from = 0;
  std::int64_t step = 1;
  std::uint32_t width = 0;        // zero-padded to so many digits
  std::uint32_t capacity = 0;     // of a pool
  std::uint64_t rows = 0;         // of values and ranges; at least 1
  std::uint16_t counter = 0;      // index of a user's draw counter, if pick is not random
  std::uint32_t draws_aside = 0;  // the most that a user's on_start and on_stop draw of it

  // Appends row `row` (< rows).
  void AppendRow(std::string& out, std::uint64_t row) const;
};

class Pools {
 public:
  explicit Pools(const Program& program);
  ~Pools();

  // Values longer than kMostBytes are left out: they are no identifiers.
  static constexpr std::size_t kMostBytes = 4096;
  void Add(SourceId source, std::string_view value);

  // Appends a value chosen by `random` (64 random bits); false if there is none yet.
  bool AppendRandom(SourceId source, std::uint64_t random, std::string& out) const;

  std::size_t size(SourceId source) const;

 private:
  struct Pool;
  std::vector<std::unique_ptr<Pool>> pools_;  // by source; null for what is not collected
};

}  // namespace sfp::scenario
