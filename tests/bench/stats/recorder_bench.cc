#include <benchmark/benchmark.h>

#include "common/stats/recorder.h"

namespace sfp::stats {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Time kStart{seconds(1000)};

// What one request costs the statistics: started, completed with three phases, its lateness.
void RecorderRequest(benchmark::State& state) {
  Recorder recorder(4, kStart);
  Sample sample;
  sample.started = kStart;
  sample.phases.fill(kNotMeasured);
  sample.status = 200;
  std::uint32_t n = 0;
  for (auto _ : state) {
    const std::size_t endpoint = ++n % 4;
    sample.response = microseconds(200 + n % 1000);
    sample.ended = kStart + sample.response;
    for (const Phase phase : {Phase::kSend, Phase::kFirstByte, Phase::kBody}) {
      sample.phases[static_cast<std::size_t>(phase)] = sample.response / 3;
    }
    recorder.Started(endpoint);
    recorder.Completed(endpoint, sample);
    recorder.Lag(microseconds(n % 60));
  }
  benchmark::DoNotOptimize(recorder.in_flight());
}
BENCHMARK(RecorderRequest);

// The swap at the end of each second, with the memory given back.
void RecorderRotate(benchmark::State& state) {
  Recorder recorder(4, kStart);
  std::uint32_t second = 0;
  for (auto _ : state) {
    ++second;
    recorder.Recycle(recorder.Rotate(second, kStart + seconds(second), 100));
  }
}
BENCHMARK(RecorderRotate);

}  // namespace
}  // namespace sfp::stats
