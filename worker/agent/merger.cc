#include "worker/agent/merger.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace sfp::agent {

void Merger::Begin() { std::fill(newest_.begin(), newest_.end(), kNothingYet); }

std::vector<stats::Interval> Merger::Add(std::uint32_t thread, stats::Interval interval) {
  SFP_CHECK(thread < newest_.size());
  if (newest_[thread] != kIdle) {
    newest_[thread] = std::max<std::int64_t>(newest_[thread], interval.index);
  }
  const auto found = pending_.find(interval.index);
  if (found == pending_.end()) {
    pending_.emplace(interval.index, std::move(interval));
  } else {
    found->second.MergePeer(interval);
    found->second.cpu = std::max(found->second.cpu, interval.cpu);
    Spare(std::move(interval));
  }
  return TakeComplete();
}

std::vector<stats::Interval> Merger::Idle(std::uint32_t thread) {
  SFP_CHECK(thread < newest_.size());
  newest_[thread] = kIdle;
  return TakeComplete();
}

bool Merger::AllIdle() const {
  return std::all_of(newest_.begin(), newest_.end(), [](std::int64_t n) { return n == kIdle; });
}

void Merger::Spare(stats::Interval interval) {
  if (spare_.size() < newest_.size()) spare_.push_back(std::move(interval));
}

std::optional<stats::Interval> Merger::TakeSpare() {
  if (spare_.empty()) return std::nullopt;
  stats::Interval interval = std::move(spare_.back());
  spare_.pop_back();
  return interval;
}

std::vector<stats::Interval> Merger::TakeComplete() {
  const std::int64_t complete = *std::min_element(newest_.begin(), newest_.end());
  std::vector<stats::Interval> taken;
  while (!pending_.empty() &&
         (pending_.begin()->first <= complete || pending_.size() > kMostPending)) {
    taken.push_back(std::move(pending_.begin()->second));
    pending_.erase(pending_.begin());
  }
  return taken;
}

}  // namespace sfp::agent
