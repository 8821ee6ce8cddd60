#pragma once

// stats_history.csv: a line per second in Locust's columns. The rates and percentiles are those of
// the newest 10 seconds (Locust's window), the totals those since the start; Timestamp is the end
// of the second, in seconds since 1970. By default there are lines for the aggregate only; with
// `endpoints` also one for each endpoint, as Locust's --csv-full-history has them.
//
// Fed by results::ForEachSecond; the text goes to a sink as it comes, so a day's file takes no
// memory.
//
// Thread: confined to its caller.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/stats/histogram.h"
#include "master/results/results.h"
#include "master/results/seconds.h"

namespace sfp::report {

using Sink = std::function<void(std::string_view text)>;

class HistoryCsv {
 public:
  static constexpr std::size_t kWindow = 10;  // seconds

  // `results` must outlive it.
  HistoryCsv(const results::Results& results, bool endpoints, Sink sink);
  void Add(std::uint32_t second, const results::Parts& parts);

 private:
  struct Cell {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::uint64_t bytes_received = 0;
    stats::Histogram response;
    void Merge(const Cell& other);
  };
  // By endpoint, the aggregate last; only the aggregate is filled unless all are wanted.
  using Cells = std::vector<Cell>;

  void Line(std::uint32_t second, std::size_t at);

  const results::Results& results_;
  const bool endpoints_;
  const Sink sink_;
  std::int64_t start_s_ = 0;
  Cells total_;
  std::deque<Cells> window_;
};

}  // namespace sfp::report
