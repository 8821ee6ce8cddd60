#include "master/results/history.h"

#include <algorithm>
#include <utility>

namespace sfp::results {
namespace {

void MergeBuckets(std::vector<Bucket>& into, const std::vector<Bucket>& from) {
  if (into.empty()) {
    into = from;
    return;
  }
  std::vector<Bucket> merged;
  merged.reserve(into.size() + from.size());
  auto a = into.begin();
  auto b = from.begin();
  while (a != into.end() && b != from.end()) {
    if (a->index == b->index) {
      merged.push_back({a->index, a->count + b->count});
      ++a, ++b;
    } else {
      merged.push_back(a->index < b->index ? *a++ : *b++);
    }
  }
  merged.insert(merged.end(), a, into.end());
  merged.insert(merged.end(), b, from.end());
  into = std::move(merged);
}

Slot SlotOf(const stats::EndpointStats& stats) {
  Slot slot;
  slot.requests = stats.requests();
  slot.failures = stats.failed;
  stats.response.ForEachBucket([&](std::uint32_t index, std::uint64_t count) {
    const std::uint32_t bucket = History::BucketOf(stats::Histogram::LowestUs(index));
    if (slot.buckets.empty() || slot.buckets.back().index != bucket) {
      slot.buckets.push_back({bucket, 0});
    }
    slot.buckets.back().count += static_cast<std::uint32_t>(count);
  });
  return slot;
}

}  // namespace

void Slot::Merge(const Slot& other) {
  requests += other.requests;
  failures += other.failures;
  MergeBuckets(buckets, other.buckets);
}

std::optional<double> Slot::QuantileMs(double q) const {
  double whole = 0;
  for (const Bucket& bucket : buckets) whole += bucket.count;
  if (whole == 0) return std::nullopt;
  double left = q * whole;
  for (const Bucket& bucket : buckets) {
    if (left <= bucket.count || &bucket == &buckets.back()) {
      const auto low = static_cast<double>(History::LowestUs(bucket.index));
      const auto high = static_cast<double>(History::LowestUs(bucket.index + 1));
      return (low + (high - low) * std::min(1.0, left / bucket.count)) / 1000;
    }
    left -= bucket.count;
  }
  return std::nullopt;
}

void History::Add(const stats::Interval& interval) {
  while (interval.index / step_s_ >= kMostSlots) {
    Halve(total_);
    for (std::vector<Slot>& slots : endpoints_) Halve(slots);
    step_s_ *= 2;
  }
  const std::size_t own = std::min(interval.endpoints.size(), kMostEndpoints);
  if (endpoints_.size() < own) endpoints_.resize(own);
  Slot& total = At(total_, interval.index);
  for (std::size_t i = 0; i < interval.endpoints.size(); ++i) {
    if (interval.endpoints[i].requests() == 0) continue;
    const Slot slot = SlotOf(interval.endpoints[i]);
    if (!apart_.contains(i)) total.Merge(slot);
    if (i < own) At(endpoints_[i], interval.index).Merge(slot);
  }
}

std::span<const Slot> History::endpoint(std::size_t id) const {
  return id < endpoints_.size() ? std::span<const Slot>(endpoints_[id]) : std::span<const Slot>();
}

void History::Halve(std::vector<Slot>& slots) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i % 2 == 1) {
      slots[i / 2].Merge(slots[i]);
    } else if (i > 0) {
      slots[i / 2] = std::move(slots[i]);
    }
  }
  slots.resize((slots.size() + 1) / 2);
}

Slot& History::At(std::vector<Slot>& slots, std::uint32_t second) const {
  const std::size_t at = second / step_s_;
  if (slots.size() <= at) slots.resize(at + 1);
  return slots[at];
}

}  // namespace sfp::results
