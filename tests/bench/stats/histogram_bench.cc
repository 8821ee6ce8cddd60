#include <benchmark/benchmark.h>

#include <vector>

#include "common/base/rng.h"
#include "common/stats/histogram.h"

namespace sfp::stats {
namespace {

// Response times as they come: a body around 2 ms and a tail to some seconds.
std::vector<Duration> Times(std::size_t count) {
  Rng rng(1);
  std::vector<Duration> times;
  for (std::size_t i = 0; i < count; ++i) {
    const double mean = rng.Below(50) == 0 ? 0.5 : 0.002;
    times.push_back(FromSeconds(rng.Exponential(mean)));
  }
  return times;
}

Histogram Filled() {
  Histogram histogram;
  for (const Duration time : Times(100'000)) histogram.Record(time);
  return histogram;
}

void HistogramRecord(benchmark::State& state) {
  const std::vector<Duration> times = Times(4096);
  Histogram histogram;
  std::size_t i = 0;
  for (auto _ : state) histogram.Record(times[i++ % times.size()]);
  benchmark::DoNotOptimize(histogram.count());
}
BENCHMARK(HistogramRecord);

void HistogramMerge(benchmark::State& state) {
  const Histogram from = Filled();
  Histogram into = Filled();
  for (auto _ : state) into.Merge(from);
  benchmark::DoNotOptimize(into.count());
}
BENCHMARK(HistogramMerge);

void HistogramPercentile(benchmark::State& state) {
  const Histogram histogram = Filled();
  for (auto _ : state) benchmark::DoNotOptimize(histogram.Quantile(0.99));
}
BENCHMARK(HistogramPercentile);

}  // namespace
}  // namespace sfp::stats
