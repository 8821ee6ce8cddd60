#pragma once

// When may a level of a sweep end? Asked by the coordinator once a second with what the level has
// brought so far. With automatic steps a level ends as soon as its row is long enough:
//
//   warm-up  until each user has made 2 request cycles on average, at least 2 s; and as long as
//            MSER finds that the throughput is still on its way. It is not part of the row
//   window   until each user has made 10 more, at least 10 s, and the throughput's 95 % interval
//            (batch means) is narrower than ±3 %
//   caps     300 s for the precision; 300 s for a target that answers nothing at all; 1200 s
//            altogether
//
// A user's cycle is one completed request, so both ends follow from counting, whatever the think
// time. MSER (White, Simulation 69, 1997; in batches as White, Cobb and Spratt's MSER-5, Winter
// Simulation Conference 2000: a second is a batch) cuts where the standard error of what is left is
// least. Its cut counts if what it cuts off differs by more than 5 % and three standard errors.
//
// With a fixed step time the level ends with it and the warm-up takes at most a quarter of it.
//
// Seconds are those of the run; `begin_s` is the first one with all users of the level.
//
// Thread: confined to its caller.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sfp::capacity {

struct LevelDecision {
  bool done = false;
  bool capped = false;  // done, but without enough cycles
  // The row's borders: its first second once the warm-up is over, and its end once it is done.
  std::optional<std::uint32_t> window_begin_s;
  std::optional<std::uint32_t> window_end_s;
  double remaining_s = 0;  // estimated from the throughput of the last seconds; 0 when done
  std::string why;  // what it still waits for, or, when done, why: "throughput known to ±2.9 %"
};

// Where MSER cuts the beginning off: at most half of the values.
std::size_t MserCut(std::span<const std::uint64_t> values);
// Whether [from, cut) differs from what follows by more than 5 % and three standard errors.
bool CutMatters(std::span<const std::uint64_t> values, std::size_t from, std::size_t cut);

class LevelGovernor {
 public:
  static constexpr std::uint32_t kWarmUpCycles = 2;
  static constexpr std::uint32_t kLeastWarmUp = 2;  // s
  static constexpr std::uint32_t kCycles = 10;
  static constexpr std::uint32_t kLeastWindow = 10;  // s
  static constexpr double kPrecision = 0.03;
  static constexpr std::uint32_t kPrecisionCap = 300;  // s
  static constexpr std::uint32_t kSilentCap = 300;
  static constexpr std::uint32_t kCap = 1200;
  // A warm-up is found to be longer at most so many seconds late: later its seconds cannot be taken
  // out of the row any more.
  static constexpr std::uint32_t kLookBack = 8;

  // `fixed_end_s`: where a fixed step time ends; absent for automatic steps.
  LevelGovernor(std::uint32_t users, std::uint32_t begin_s,
                std::optional<std::uint32_t> fixed_end_s = std::nullopt);

  // `per_second`: completed requests in each complete second from begin_s on; what was there the
  // last time, and more.
  LevelDecision Decide(std::span<const std::uint64_t> per_second);

 private:
  using Counts = std::span<const std::uint64_t>;
  // With these seconds and no more: is it over, and what is left?
  LevelDecision After(Counts counts);
  void WarmUp(Counts counts);
  void Extend(Counts counts);
  void Finish(Counts counts, LevelDecision& out) const;
  void Estimate(Counts counts, LevelDecision& out) const;

  std::uint32_t users_;
  std::uint32_t begin_s_;
  bool fixed_;
  std::uint32_t most_s_;  // of the whole level
  std::uint32_t most_warm_up_s_;
  std::size_t seen_ = 0;
  std::optional<std::uint32_t> warm_up_s_;  // once it is over
  LevelDecision last_;
};

}  // namespace sfp::capacity
