// What a worker sends each second: impossible contents are refused; what is accepted is written as
// the same numbers again.
//
//   first byte: 0 a histogram, else a snapshot · the rest: its message

#include <google/protobuf/stubs/logging.h>

#include "common/base/check.h"
#include "common/stats/interval.h"
#include "tests/fuzz/input.h"

namespace {

using namespace sfp;

void CheckHistogram(std::string_view bytes) {
  v1::Histogram wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto histogram = stats::Histogram::FromProto(wire);
  if (!histogram.ok()) return;
  SFP_CHECK(histogram->count() == wire.count() && histogram->sum_ns() == wire.sum_ns());
  v1::Histogram again;
  histogram->ToProto(again);
  SFP_CHECK(again.counts() == wire.counts() && again.min_ns() == wire.min_ns() &&
            again.max_ns() == wire.max_ns() && again.above_range() == wire.above_range());
  for (const double q : {1e-9, 0.5, 0.99, 1.0}) {
    const auto value = histogram->Quantile(q);
    SFP_CHECK(value.has_value() == (histogram->count() > 0));
    SFP_CHECK(!value || *value <= *histogram->max());
  }
}

void CheckSnapshot(std::string_view bytes) {
  constexpr std::size_t kEndpoints = 3;
  v1::Snapshot wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto interval = stats::FromProto(wire, kEndpoints);
  if (!interval.ok()) return;
  SFP_CHECK(interval->endpoints.size() == kEndpoints);
  for (const stats::EndpointStats& stats : interval->endpoints) {
    SFP_CHECK(stats.requests() == stats.response.count());
  }
  v1::Snapshot again;
  stats::ToProto(*interval, again);
  const auto back = stats::FromProto(again, kEndpoints);
  SFP_CHECK(back.ok());
  SFP_CHECK(stats::SameTotals(stats::ComputeTotals(back->endpoints),
                              stats::ComputeTotals(interval->endpoints)));
  stats::Interval merged = *interval;
  merged.MergePeer(*back);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer kQuiet;  // it would print each broken UTF-8 text
  fuzz::Input input(data, size);
  if (input.Byte() == 0) {
    CheckHistogram(input.Rest());
  } else {
    CheckSnapshot(input.Rest());
  }
  return 0;
}
