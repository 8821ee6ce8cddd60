#include <benchmark/benchmark.h>

#include <string>

#include "common/base/check.h"
#include "common/base/rng.h"
#include "common/stats/recorder.h"

namespace sfp::stats {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::size_t kEndpoints = 4;
constexpr Time kStart{seconds(1000)};

// A busy second of a worker.
Interval Second() {
  Recorder recorder(kEndpoints, kStart);
  Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    Sample sample;
    sample.response = FromSeconds(rng.Exponential(0.003));
    sample.started = kStart + microseconds(50 * i);
    sample.ended = sample.started + sample.response;
    sample.phases.fill(kNotMeasured);
    sample.phases[static_cast<std::size_t>(Phase::kFirstByte)] = sample.response / 2;
    sample.phases[static_cast<std::size_t>(Phase::kBody)] = sample.response / 9;
    sample.status = 200;
    recorder.Started(rng.Below(kEndpoints));
    recorder.Completed(rng.Below(kEndpoints), sample);
    recorder.Lag(microseconds(rng.Below(1000)));
  }
  return recorder.Rotate(0, kStart + seconds(1), 500);
}

void SnapshotEncode(benchmark::State& state) {
  const Interval interval = Second();
  std::string bytes;
  for (auto _ : state) {
    v1::Snapshot wire;
    ToProto(interval, wire);
    wire.SerializeToString(&bytes);
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK(SnapshotEncode);

void SnapshotDecode(benchmark::State& state) {
  v1::Snapshot wire;
  ToProto(Second(), wire);
  const std::string bytes = wire.SerializeAsString();
  for (auto _ : state) {
    v1::Snapshot parsed;
    SFP_CHECK(parsed.ParseFromString(bytes));
    const auto interval = FromProto(parsed, kEndpoints);
    SFP_CHECK(interval.ok());
  }
}
BENCHMARK(SnapshotDecode);

}  // namespace
}  // namespace sfp::stats
