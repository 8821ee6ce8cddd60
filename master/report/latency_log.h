#pragma once

// latency.hlog: an HdrHistogram interval log, format 1.3, which every HdrHistogram tool reads. Each
// line holds one endpoint's response times (tag "NAME:response") or intended response times
// ("NAME:intended") of one interval as a V2 compressed histogram: values in us, 3 digits, up to
// 24 h. The intervals of a tag added up are the run's histogram of answers, bucket for bucket.
//
//   Tag=by_term:response,12.000,1.000,181.247,HISTFAAAA…
//   tag, start since StartTime in s, length in s, greatest value in ms, zlib and Base64
//
// Intervals are of one second, in a run of more than an hour of as many as give 3600 intervals. One
// without a value has no line. In tags, what the format does not allow (comma, white space) is
// percent-encoded.
//
// Thread: confined to its caller.

#include <cstdint>
#include <string>
#include <vector>

#include "common/stats/histogram.h"
#include "master/report/history_csv.h"
#include "master/results/results.h"
#include "master/results/seconds.h"

namespace sfp::report {

// HdrHistogram's V2 compressed encoding, in Base64.
std::string EncodeCompressed(const stats::Histogram& histogram);

class LatencyLog {
 public:
  static constexpr std::uint32_t kMostIntervals = 3600;

  // `results` must outlive it.
  LatencyLog(const results::Results& results, Sink sink);
  void Add(std::uint32_t second, const results::Parts& parts);
  // Writes the interval that is not full yet.
  void Finish();

 private:
  struct Line {
    std::string tag;
    stats::Histogram histogram;
  };
  void Write(const Line& line);

  const Sink sink_;
  std::uint32_t length_s_ = 1;
  std::uint32_t begin_s_ = 0;
  std::uint32_t end_s_ = 0;
  std::vector<Line> lines_;  // response and intended of each endpoint in turn
};

}  // namespace sfp::report
