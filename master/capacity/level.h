#pragma once

// When may a level of a sweep end? Asked by the coordinator once a second with what the level has
// brought so far. With automatic steps a level ends as soon as its row is long enough:
//
//   warm-up  until each user has made 2 request cycles on average, at least 2 s; it is not part of the row
//   window   until each user has made 10 more, at least 4 s
//   cap      300 s altogether, so that a dead server doesn't hold the sweep
//
// A user's cycle is one completed request, so both ends follow from counting, whatever the think
// time. With a fixed step time the level ends with it and the warm-up takes at most a quarter of
// it.
//
// Seconds are those of the run; `begin_s` is the first one with all users of the level.
//
// Thread: pure, immutable.

#include <cstdint>
#include <optional>
#include <span>

namespace sfp::capacity {

struct LevelDecision {
  bool done = false;
  bool capped = false;  // done, but without enough cycles
  // The row's borders: its first second once the warm-up is over, and its end once it is done.
  std::optional<std::uint32_t> window_begin_s;
  std::optional<std::uint32_t> window_end_s;
  double remaining_s = 0;  // estimated from the throughput of the last seconds; 0 when done
};

class LevelGovernor {
 public:
  static constexpr std::uint32_t kWarmUpCycles = 2;
  static constexpr std::uint32_t kLeastWarmUp = 2;  // s
  static constexpr std::uint32_t kCycles = 10;
  static constexpr std::uint32_t kLeastWindow = 4;  // s
  static constexpr std::uint32_t kCap = 300;        // s

  // `fixed_end_s`: where a fixed step time ends; absent for automatic steps.
  LevelGovernor(std::uint32_t users, std::uint32_t begin_s,
                std::optional<std::uint32_t> fixed_end_s = std::nullopt);

  // `per_second`: completed requests in each complete second from begin_s on.
  LevelDecision Decide(std::span<const std::uint64_t> per_second) const;

 private:
  std::optional<std::uint32_t> WarmUp(std::span<const std::uint64_t> per_second) const;
  std::optional<std::uint32_t> Window(std::span<const std::uint64_t> window) const;
  double Remaining(std::span<const std::uint64_t> per_second,
                   std::optional<std::uint32_t> warm_up) const;

  std::uint32_t users_;
  std::uint32_t begin_s_;
  bool fixed_;
  std::uint32_t most_s_;  // of the whole level
  std::uint32_t most_warm_up_s_;
};

}  // namespace sfp::capacity
