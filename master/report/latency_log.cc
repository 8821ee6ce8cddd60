#include "master/report/latency_log.h"

#include <absl/strings/str_format.h>
#include <zlib.h>

#include <bit>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/base/wall_clock.h"

namespace sfp::report {
namespace {

// The two cookies of the V2 encoding; the 0x10 in them stands for counts of variable length.
constexpr std::uint32_t kCookie = 0x1c849313;
constexpr std::uint32_t kCompressedCookie = 0x1c849314;

// Big-endian.
template <typename T>
void Put(std::string& out, T value) {
  for (int shift = static_cast<int>(8 * sizeof value) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

std::string Compress(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  const int result =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_DEFAULT_COMPRESSION);
  SFP_CHECK(result == Z_OK);
  out.resize(size);
  return out;
}

std::string Tag(std::string_view name, std::string_view kind) {
  std::string out;
  for (const char c : name) {
    const bool allowed = static_cast<unsigned char>(c) > ' ' && c != ',' && c != '%' && c != 0x7f;
    out += allowed ? std::string(1, c) : absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
  }
  return out + ":" + std::string(kind);
}

}  // namespace

std::string EncodeCompressed(const stats::Histogram& histogram) {
  std::string counts;
  histogram.AppendCounts(counts);
  std::string plain;
  Put(plain, kCookie);
  Put(plain, static_cast<std::uint32_t>(counts.size()));
  Put(plain, std::uint32_t{0});  // index offset
  Put(plain, std::uint32_t{3});  // significant digits
  Put(plain, std::uint64_t{1});  // lowest discernible value
  Put(plain, stats::Histogram::kHighestUs);
  Put(plain, std::bit_cast<std::uint64_t>(1.0));  // ratio of integer to double values
  const std::string body = Compress(plain + counts);
  std::string out;
  Put(out, kCompressedCookie);
  Put(out, static_cast<std::uint32_t>(body.size()));
  return Base64(out + body);
}

LatencyLog::LatencyLog(const results::Results& results, Sink sink) : sink_(std::move(sink)) {
  const v1::RunStarted& run = results.run();
  for (const v1::EndpointName& endpoint : run.endpoints()) {
    lines_.push_back({Tag(endpoint.name(), "response"), {}});
    lines_.push_back({Tag(endpoint.name(), "intended"), {}});
  }
  const auto seconds = static_cast<std::uint32_t>(results.series().size());
  length_s_ = std::max<std::uint32_t>(1, (seconds + kMostIntervals - 1) / kMostIntervals);
  const double start =
      static_cast<double>(ParseRfc3339(run.started_at()).value_or(0) / 1'000'000) * 1e-3;
  sink_(
      absl::StrFormat("#[Logged with sfp %s: values in microseconds, Interval_Max in "
                      "milliseconds]\n"
                      "#[Histogram log format version 1.3]\n"
                      "#[StartTime: %.3f (seconds since epoch), %s]\n"
                      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                      "\"Interval_Compressed_Histogram\"\n",
                      run.sfp_version(), start, run.started_at()));
}

void LatencyLog::Add(std::uint32_t second, const results::Parts& parts) {
  if (const std::uint32_t begin = second / length_s_ * length_s_; begin != begin_s_) {
    Finish();
    begin_s_ = begin;
  }
  end_s_ = second + 1;
  for (const stats::Interval& part : parts) {
    for (std::size_t i = 0; i < part.endpoints.size(); ++i) {
      lines_[2 * i].histogram.Merge(part.endpoints[i].response);
      lines_[2 * i + 1].histogram.Merge(part.endpoints[i].intended);
    }
  }
}

void LatencyLog::Finish() {
  for (Line& line : lines_) {
    if (line.histogram.count() > 0) Write(line);
    line.histogram = {};
  }
}

void LatencyLog::Write(const Line& line) {
  sink_(absl::StrFormat("Tag=%s,%.3f,%.3f,%.3f,%s\n", line.tag, static_cast<double>(begin_s_),
                        static_cast<double>(end_s_ - begin_s_), Millis(*line.histogram.max()),
                        EncodeCompressed(line.histogram)));
}

}  // namespace sfp::report
