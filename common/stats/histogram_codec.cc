// The wire form of a histogram: HdrHistogram's V2 payload (zigzag LEB128, runs of empty buckets as
// one negative number) beside the exact figures. Each histogram has exactly one encoding; the
// decoder refuses all others, so that what was decoded encodes to the same bytes again.

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/stats/histogram.h"

namespace sfp::stats {
namespace {

// HdrHistogram's LEB128 of 64 bits: at most 9 bytes, of which the ninth carries 8 bits.
constexpr int kMostBytes = 9;

void PutNumber(std::string& out, std::int64_t value) {
  std::uint64_t rest =
      (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (int i = 1; i < kMostBytes && rest >= 0x80; ++i) {
    out.push_back(static_cast<char>(rest | 0x80));
    rest >>= 7;
  }
  out.push_back(static_cast<char>(rest));
}

// Takes the first number off `in`. False if it is cut off or longer than need be.
bool TakeNumber(std::string_view& in, std::int64_t& value) {
  std::uint64_t raw = 0;
  for (std::size_t i = 0; i < kMostBytes; ++i) {
    if (i == in.size()) return false;
    const auto byte = static_cast<std::uint8_t>(in[i]);
    const bool last = i == kMostBytes - 1;
    const std::uint64_t bits = last ? byte : byte & 0x7fU;
    raw |= bits << (7 * i);
    if (!last && (byte & 0x80U) != 0) continue;
    if (i > 0 && byte == 0) return false;
    in.remove_prefix(i + 1);
    value = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
    return true;
  }
  return false;
}

void PutGap(std::string& out, std::uint32_t empty) {
  if (empty == 1) PutNumber(out, 0);
  if (empty > 1) PutNumber(out, -static_cast<std::int64_t>(empty));
}

using Wide = unsigned __int128;

// What the buckets alone say of the exact figures: they must lie within.
struct Bounds {
  std::uint64_t count = 0;
  Wide lowest_sum = 0;  // in ns
  Wide highest_sum = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint64_t last_count = 0;
};

std::uint64_t LowestNs(std::uint32_t index) { return Histogram::LowestUs(index) * 1000; }
std::uint64_t HighestNs(std::uint32_t index) {
  return (Histogram::LowestUs(index) + Histogram::WidthUs(index)) * 1000 - 1;
}

void Note(Bounds& bounds, std::uint32_t index, std::uint64_t count) {
  if (bounds.count == 0) bounds.first = index;
  bounds.count += count;
  bounds.lowest_sum += Wide{LowestNs(index)} * count;
  bounds.highest_sum += Wide{HighestNs(index)} * count;
  bounds.last = index;
  bounds.last_count = count;
}

Status CheckTotals(const v1::Histogram& in, const Bounds& bounds) {
  constexpr std::uint32_t kTop = Histogram::IndexOf(Histogram::kHighestUs);
  constexpr std::uint64_t kAbove = (Histogram::kHighestUs + 1) * 1000;
  if (in.count() != bounds.count) return Invalid("histogram: count is not that of its buckets");
  const std::uint64_t above = in.above_range();
  if (in.count() == 0) {
    if (in.sum_ns() != 0 || in.min_ns() != 0 || in.max_ns() != 0 || above != 0) {
      return Invalid(
          "histogram: empty, yet with a sum, minimum, maximum or values above its range");
    }
    return Ok();
  }
  if (in.max_ns() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Invalid("histogram: maximum is no duration");
  }
  if (above > (bounds.last == kTop ? bounds.last_count : 0)) {
    return Invalid("histogram: more values above the range than in the last bucket");
  }
  if ((above > 0) != (in.max_ns() >= kAbove)) {
    return Invalid("histogram: maximum and values above the range contradict each other");
  }
  const bool all_above = above == in.count();
  const std::uint64_t least = all_above ? kAbove : LowestNs(bounds.first);
  const std::uint64_t most_min = all_above ? in.max_ns() : HighestNs(bounds.first);
  if (in.min_ns() < least || in.min_ns() > most_min || in.min_ns() > in.max_ns()) {
    return Invalid("histogram: minimum is not in the first bucket");
  }
  if (above == 0 && (in.max_ns() < LowestNs(bounds.last) || in.max_ns() > HighestNs(bounds.last))) {
    return Invalid("histogram: maximum is not in the last bucket");
  }
  const Wide highest =
      bounds.highest_sum - Wide{HighestNs(kTop)} * above + Wide{in.max_ns()} * above;
  if (in.sum_ns() < bounds.lowest_sum || in.sum_ns() > highest) {
    return Invalid("histogram: sum is not possible with its buckets");
  }
  return Ok();
}

}  // namespace

void Histogram::ToProto(v1::Histogram& out) const {
  out.Clear();
  if (count_ == 0) return;
  SFP_CHECK(sum_ns_ <= std::numeric_limits<std::uint64_t>::max());
  out.set_count(count_);
  out.set_sum_ns(static_cast<std::uint64_t>(sum_ns_));
  out.set_min_ns(min_ns_);
  out.set_max_ns(max_ns_);
  out.set_above_range(above_range_);
  AppendCounts(*out.mutable_counts());
}

void Histogram::AppendCounts(std::string& out) const {
  std::uint32_t next = 0;
  ForEachBucket([&](std::uint32_t index, std::uint64_t count) {
    PutGap(out, index - next);
    PutNumber(out, static_cast<std::int64_t>(count));
    next = index + 1;
  });
}

StatusOr<Histogram> Histogram::FromProto(const v1::Histogram& in) {
  Histogram out;
  if (Status status = out.Decode(in); !status.ok()) return status;
  return out;
}

Status Histogram::Decode(const v1::Histogram& in) {
  SFP_CHECK(count_ == 0);
  constexpr std::uint32_t kEnd = IndexOf(kHighestUs) + 1;
  Bounds bounds;
  std::string_view bytes = in.counts();
  cells_.reserve(std::min<std::uint64_t>(in.count(), bytes.size()));
  std::uint64_t index = 0;
  bool gap = false;  // the last number stood for empty buckets
  while (!bytes.empty()) {
    std::int64_t number = 0;
    if (!TakeNumber(bytes, number)) return Invalid("histogram: broken number");
    if (number > 0) {
      if (index >= kEnd) return Invalid("histogram: bucket out of range");
      if (static_cast<std::uint64_t>(number) > in.count() - bounds.count) {
        return Invalid("histogram: count is not that of its buckets");
      }
      Note(bounds, static_cast<std::uint32_t>(index), static_cast<std::uint64_t>(number));
      cells_.push_back({static_cast<std::uint32_t>(index), static_cast<std::uint64_t>(number)});
      ++index;
      gap = false;
      continue;
    }
    if (gap || number == -1) return Invalid("histogram: empty buckets written in two ways");
    if (number < -static_cast<std::int64_t>(kEnd)) return Invalid("histogram: bucket out of range");
    index += number == 0 ? 1 : static_cast<std::uint64_t>(-number);
    gap = true;
  }
  if (gap) return Invalid("histogram: ends with empty buckets");
  if (Status status = CheckTotals(in, bounds); !status.ok()) return status;
  if (in.count() == 0) return Ok();
  count_ = in.count();
  above_range_ = in.above_range();
  sum_ns_ = in.sum_ns();
  min_ns_ = in.min_ns();
  max_ns_ = in.max_ns();
  return Ok();
}

}  // namespace sfp::stats
