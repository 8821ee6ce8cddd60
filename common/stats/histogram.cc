#include "common/stats/histogram.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sfp::stats {

static_assert(Histogram::IndexOf(0) == 0 && Histogram::IndexOf(2047) == 2047);
static_assert(Histogram::IndexOf(2048) == 2048 && Histogram::IndexOf(2049) == 2048);
static_assert(Histogram::IndexOf(Histogram::kHighestUs) / Histogram::kBlock ==
              Histogram::kBlocks - 1);

Histogram::Histogram(const Histogram& other) { Merge(other); }

Histogram& Histogram::operator=(const Histogram& other) {
  if (this != &other) {
    Clear();
    Merge(other);
  }
  return *this;
}

// What was moved from is empty and may be used again, like what was cleared.
Histogram::Histogram(Histogram&& other) noexcept { *this = std::move(other); }

Histogram& Histogram::operator=(Histogram&& other) noexcept {
  if (this == &other) return *this;
  count_ = std::exchange(other.count_, 0);
  above_range_ = std::exchange(other.above_range_, 0);
  sum_ns_ = std::exchange(other.sum_ns_, 0);
  min_ns_ = std::exchange(other.min_ns_, ~0ULL);
  max_ns_ = std::exchange(other.max_ns_, 0);
  blocks_ = std::move(other.blocks_);
  cells_ = std::exchange(other.cells_, {});
  return *this;
}

void Histogram::Merge(const Histogram& other) {
  if (other.count_ == 0) return;
  Unpack();
  for (const Cell& cell : other.cells_) Add(cell.index, cell.count);
  for (std::uint32_t b = 0; b < kBlocks && other.cells_.empty(); ++b) {
    if (!other.blocks_[b]) continue;
    if (!blocks_[b]) {
      blocks_[b] = std::make_unique<Block>(*other.blocks_[b]);
    } else {
      for (std::uint32_t i = 0; i < kBlock; ++i) (*blocks_[b])[i] += (*other.blocks_[b])[i];
    }
  }
  count_ += other.count_;
  above_range_ += other.above_range_;
  sum_ns_ += other.sum_ns_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

void Histogram::Clear() {
  if (count_ == 0) return;
  for (std::unique_ptr<Block>& block : blocks_) {
    if (block) block->fill(0);
  }
  cells_.clear();
  count_ = above_range_ = 0;
  sum_ns_ = 0;
  min_ns_ = ~0ULL;
  max_ns_ = 0;
}

std::optional<Duration> Histogram::min() const {
  if (count_ == 0) return std::nullopt;
  return Duration(static_cast<std::int64_t>(min_ns_));
}

std::optional<Duration> Histogram::max() const {
  if (count_ == 0) return std::nullopt;
  return Duration(static_cast<std::int64_t>(max_ns_));
}

std::optional<Duration> Histogram::mean() const {
  if (count_ == 0) return std::nullopt;
  return Duration(static_cast<std::int64_t>(sum_ns_ / count_));
}

std::optional<Duration> Histogram::Quantile(double q) const {
  if (count_ == 0) return std::nullopt;
  if (!(q < 1)) return max();
  // One step towards 0 keeps q = 0.07 of 100 values at rank 7, though 0.07 × 100 > 7 in binary.
  const double exact = std::nextafter(std::max(q, 0.0), 0.0) * static_cast<double>(count_);
  const std::uint64_t rank =
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact)), 1, count_);
  std::uint64_t seen = 0;
  const auto value_of = [this](std::uint32_t index) {
    const std::uint64_t highest_ns = (LowestUs(index) + WidthUs(index)) * 1000 - 1;
    return Duration(static_cast<std::int64_t>(std::clamp(highest_ns, min_ns_, max_ns_)));
  };
  for (const Cell& cell : cells_) {
    seen += cell.count;
    if (seen >= rank) return value_of(cell.index);
  }
  for (std::uint32_t b = 0; b < kBlocks; ++b) {
    if (!blocks_[b]) continue;
    for (std::uint32_t i = 0; i < kBlock; ++i) {
      seen += (*blocks_[b])[i];
      if (seen >= rank) return value_of(b * kBlock + i);
    }
  }
  return max();
}

void Histogram::ForEach(
    const std::function<void(std::uint64_t, std::uint64_t, std::uint64_t)>& visit) const {
  ForEachBucket([&](std::uint32_t index, std::uint64_t count) {
    visit(LowestUs(index), WidthUs(index), count);
  });
}

bool operator==(const Histogram& a, const Histogram& b) {
  if (a.count_ != b.count_ || a.above_range_ != b.above_range_ || a.sum_ns_ != b.sum_ns_ ||
      a.min_ns_ != b.min_ns_ || a.max_ns_ != b.max_ns_) {
    return false;
  }
  if (!a.cells_.empty() || !b.cells_.empty()) {
    return Histogram(a) == Histogram(b);  // copies have blocks
  }
  static constexpr Histogram::Block kEmpty{};
  for (std::uint32_t i = 0; i < Histogram::kBlocks; ++i) {
    const Histogram::Block& left = a.blocks_[i] ? *a.blocks_[i] : kEmpty;
    const Histogram::Block& right = b.blocks_[i] ? *b.blocks_[i] : kEmpty;
    if (left != right) return false;
  }
  return true;
}

void Histogram::Add(std::uint32_t index, std::uint64_t count) {
  std::unique_ptr<Block>& block = blocks_[index / kBlock];
  if (!block) block = std::make_unique<Block>();
  (*block)[index % kBlock] += count;
}

void Histogram::AddBlock(std::unique_ptr<Block>& block) {
  Unpack();
  if (!block) block = std::make_unique<Block>();
}

void Histogram::Unpack() {
  for (const Cell& cell : cells_) Add(cell.index, cell.count);
  cells_ = {};
}

}  // namespace sfp::stats
