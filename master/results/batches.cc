#include "master/results/batches.h"

#include <algorithm>

namespace sfp::results {
namespace {

using stats::Histogram;

constexpr std::uint32_t kFine = Histogram::kSubBuckets;  // buckets of 1 us
constexpr std::uint32_t kFineWidth = 8;
constexpr std::uint32_t kCoarse = Histogram::kBlock / 32;  // histogram buckets in one of ours

std::uint32_t CoarseOf(std::uint32_t index) {
  if (index < kFine) return index / kFineWidth;
  return kFine / kFineWidth + (index - kFine) / kCoarse;
}

// The first histogram bucket of ours, in us.
double LowestUs(std::uint32_t bucket) {
  constexpr std::uint32_t kFineBuckets = kFine / kFineWidth;
  const std::uint32_t index =
      bucket < kFineBuckets ? bucket * kFineWidth : kFine + (bucket - kFineBuckets) * kCoarse;
  return static_cast<double>(Histogram::LowestUs(index));
}

}  // namespace

std::uint32_t& Batch::CountOf(std::uint32_t bucket) {
  if (counts_.empty()) first_ = bucket;
  if (bucket < first_) {
    counts_.insert(counts_.begin(), first_ - bucket, 0);
    first_ = bucket;
  }
  if (bucket - first_ >= counts_.size()) counts_.resize(bucket - first_ + 1, 0);
  return counts_[bucket - first_];
}

void Batch::Add(const stats::EndpointStats& stats) {
  requests_ += stats.requests();
  failures_ += stats.failed;
  response_sum_s_ += static_cast<double>(stats.response.sum_ns()) * 1e-9;
  stats.response.ForEachBucket([&](std::uint32_t index, std::uint64_t count) {
    CountOf(CoarseOf(index)) += static_cast<std::uint32_t>(count);
  });
}

void Batch::Add(const Batch& other) {
  requests_ += other.requests_;
  failures_ += other.failures_;
  response_sum_s_ += other.response_sum_s_;
  for (std::size_t i = 0; i < other.counts_.size(); ++i) {
    if (other.counts_[i] > 0)
      CountOf(other.first_ + static_cast<std::uint32_t>(i)) += other.counts_[i];
  }
}

double Batch::Above(Duration value) const {
  const double us = static_cast<double>(value.count()) * 1e-3;
  double above = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const std::uint32_t bucket = first_ + static_cast<std::uint32_t>(i);
    const double low = LowestUs(bucket);
    const double high = LowestUs(bucket + 1);
    above += counts_[i] * std::clamp((high - us) / (high - low), 0.0, 1.0);
  }
  return above;
}

void Batches::Double() {
  length_s_ *= 2;
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (i % 2 == 1) {
      batches_[i / 2].Add(batches_[i]);
    } else if (i > 0) {
      batches_[i / 2] = std::move(batches_[i]);
    }
  }
  batches_.resize((batches_.size() + 1) / 2);
}

Batch& Batches::At(std::uint32_t second) {
  while ((second - begin_s_) / length_s_ >= kMost) Double();
  const std::size_t at = (second - begin_s_) / length_s_;
  if (batches_.size() <= at) batches_.resize(at + 1);
  return batches_[at];
}

void Batches::Add(std::uint32_t second, const stats::EndpointStats& stats) {
  if (second >= begin_s_) At(second).Add(stats);
}

void Batches::Add(const Batches& other) {
  while (length_s_ < other.length_s_) Double();
  for (std::size_t i = 0; i < other.batches_.size(); ++i) {
    const auto second = other.begin_s_ + static_cast<std::uint32_t>(i) * other.length_s_;
    if (second >= begin_s_) At(second).Add(other.batches_[i]);
  }
}

std::vector<Batch> Batches::Whole(std::uint32_t end_s) const {
  std::vector<Batch> out(batches_);
  out.resize(end_s > begin_s_ ? (end_s - begin_s_) / length_s_ : 0);
  return out;
}

}  // namespace sfp::results
