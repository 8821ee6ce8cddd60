#include "master/results/timeline.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sfp::results {
namespace {

bool Covers(const Row& row, std::uint32_t second) {
  return second >= row.begin_s && (!row.end_s || second < *row.end_s);
}

double SumSeconds(const stats::Histogram& histogram) {
  return static_cast<double>(histogram.sum_ns()) * 1e-9;
}

}  // namespace

void Generator::Add(const stats::Interval& interval) {
  constexpr double kBusy = 0.97;
  lag.Merge(interval.lag);
  loop_lag.Merge(interval.loop_lag);
  throttled += interval.machine.throttled;
  ++intervals;
  if (interval.cpu >= kBusy) ++busy;
}

void Generator::Merge(const Generator& other) {
  lag.Merge(other.lag);
  loop_lag.Merge(other.loop_lag);
  throttled += other.throttled;
  intervals += other.intervals;
  busy += other.busy;
  jumps += other.jumps;
}

void Timeline::Add(const stats::Interval& interval, std::optional<std::uint32_t> previous,
                   std::uint32_t carried_users, std::uint64_t carried_in_flight) {
  for (std::uint32_t s = previous ? *previous + 1 : interval.index; s < interval.index; ++s) {
    SeriesPoint& point = PointOf(s);
    point.users += carried_users;
    point.in_flight += carried_in_flight;
  }
  SeriesPoint& point = PointOf(interval.index);
  // A worker that delivers the same second again (its last, partial interval) replaces its state
  // there.
  const bool again = previous == interval.index;
  point.users += interval.users - (again ? carried_users : 0);
  point.in_flight += interval.in_flight - (again ? carried_in_flight : 0);
  AddToSecond(interval.index, interval);
  if (complete_ && interval.index <= *complete_) FillPercentiles(interval.index);
  Settle();
  RefreshRows(previous ? std::min(*previous, interval.index) : interval.index);
}

void Timeline::AddToSecond(std::uint32_t second, const stats::Interval& interval) {
  Row* row = RowOf(second);
  const bool settled = second < first_retained_;
  Second* retained = settled ? nullptr : &seconds_[second];
  Settled* settled_row =
      settled && row != nullptr ? &settled_[static_cast<std::size_t>(row - rows_.data())] : nullptr;
  if (row != nullptr) row->generator.Add(interval);
  if (retained != nullptr) retained->generator.Add(interval);
  if (settled_row != nullptr) settled_row->generator.Add(interval);
  for (std::size_t i = 0; i < interval.endpoints.size(); ++i) {
    const stats::EndpointStats& stats = interval.endpoints[i];
    if (stats.empty()) continue;
    const bool counts = !apart_.contains(i);
    if (counts) AddToPoint(series_[second], stats);
    if (counts && row != nullptr) {
      row->total.MergeButPhases(stats);
      row->batches.Add(second, stats);
    }
    if (retained != nullptr) {
      if (counts) retained->total.MergeButPhases(stats);
      if (retained->endpoints.size() <= i) retained->endpoints.resize(i + 1);
      retained->endpoints[i].requests += stats.requests();
      retained->endpoints[i].failures += stats.failed;
      if (std::find(watched_.begin(), watched_.end(), i) != watched_.end()) {
        retained->watched[i].MergeButPhases(stats);
      }
    } else if (counts && settled_row != nullptr) {
      settled_row->total.MergeButPhases(stats);
      settled_row->batches.Add(second, stats);
    }
  }
}

void Timeline::NoteJump(std::uint32_t second) {
  const auto retained = seconds_.find(second);
  if (retained != seconds_.end()) ++retained->second.generator.jumps;
  if (Row* row = RowOf(second)) {
    ++row->generator.jumps;
    const auto at = static_cast<std::size_t>(row - rows_.data());
    if (retained == seconds_.end()) ++settled_[at].generator.jumps;
  }
}

void Timeline::AddToPoint(SeriesPoint& point, const stats::EndpointStats& stats) {
  point.started += stats.started;
  point.requests += stats.requests();
  point.failures += stats.failed;
  point.response_sum_s += SumSeconds(stats.response);
}

SeriesPoint& Timeline::PointOf(std::uint32_t second) {
  while (series_.size() <= second) {
    SeriesPoint point;
    point.second = static_cast<std::uint32_t>(series_.size());
    point.degraded = degraded_ || (point.second < marked_.size() && marked_[point.second]);
    series_.push_back(point);
  }
  return series_[second];
}

void Timeline::Complete(std::uint32_t second) {
  if (complete_ && second <= *complete_) return;
  const std::uint32_t from = complete_ ? *complete_ + 1 : 0;
  complete_ = second;
  PointOf(second);
  for (std::uint32_t s = std::max(from, first_retained_); s <= second; ++s) FillPercentiles(s);
  Settle();
  RefreshRows(from);
}

void Timeline::FillPercentiles(std::uint32_t second) {
  const auto found = seconds_.find(second);
  if (found == seconds_.end()) return;
  series_[second].p50 = found->second.total.response.Quantile(0.50);
  series_[second].p95 = found->second.total.response.Quantile(0.95);
}

void Timeline::Settle() {
  const std::uint32_t behind = complete_ && *complete_ >= kRecent ? *complete_ - kRecent + 1 : 0;
  const auto known = static_cast<std::uint32_t>(series_.size());
  const std::uint32_t keep = std::max(behind, known > kMostRetained ? known - kMostRetained : 0);
  while (!seconds_.empty() && seconds_.begin()->first < keep) {
    const auto& [second, figures] = *seconds_.begin();
    FillPercentiles(second);
    if (const Row* row = RowOf(second)) {
      Settled& into = settled_[static_cast<std::size_t>(row - rows_.data())];
      into.total.MergeButPhases(figures.total);
      into.batches.Add(second, figures.total);
      into.generator.Merge(figures.generator);
    }
    seconds_.erase(seconds_.begin());
  }
  first_retained_ = std::max(first_retained_, keep);
}

void Timeline::MarkDegraded(std::uint32_t from, std::uint32_t to) {
  if (marked_.size() < to) marked_.resize(to, false);
  for (std::uint32_t s = from; s < to; ++s) {
    marked_[s] = true;
    if (s < series_.size()) series_[s].degraded = true;
  }
  RefreshRows(from);
}

Row* Timeline::RowOf(std::uint32_t second) {
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    if (Covers(*row, second)) return &*row;
  }
  return nullptr;
}

Status Timeline::StartLevel(std::uint32_t users, std::uint32_t begin_s, double rate) {
  const bool again = level_open() && rows_.back().users == users && rows_.back().rate == rate;
  if (level_open() && !again) return Invalid("a level begins before the last one has ended");
  const std::uint32_t least = rows_.empty() ? 0
                              : again       ? rows_.back().begin_s
                                            : *rows_.back().end_s;
  if (begin_s < least) return Invalid("a level begins within the one before it");
  if (begin_s < first_retained_) return Invalid("a level begins too far in the past");
  if (!again) {
    rows_.emplace_back();
    settled_.emplace_back();
  }
  rows_.back().users = users;
  rows_.back().rate = rate;
  rows_.back().begin_s = begin_s;
  settled_.back() = Settled{.total = {}, .generator = {}, .batches = Batches(begin_s)};
  Rebuild(rows_.size() - 1);
  return Ok();
}

Status Timeline::EndLevel(std::uint32_t end_s) {
  if (!level_open()) return Invalid("a level ends that has not begun");
  if (end_s < rows_.back().begin_s) return Invalid("a level ends before it begins");
  if (end_s < first_retained_) return Invalid("a level ends too far in the past");
  rows_.back().end_s = end_s;
  Rebuild(rows_.size() - 1);
  return Ok();
}

void Timeline::Rebuild(std::size_t at) {
  rows_[at].total = settled_[at].total;
  rows_[at].generator = settled_[at].generator;
  rows_[at].batches = settled_[at].batches;
  for (const auto& [second, figures] : seconds_) {
    if (!Covers(rows_[at], second)) continue;
    rows_[at].total.MergeButPhases(figures.total);
    rows_[at].batches.Add(second, figures.total);
    rows_[at].generator.Merge(figures.generator);
  }
  rows_[at].degraded = false;
  RefreshRow(rows_[at], rows_[at].begin_s);
}

void Timeline::RefreshRows(std::uint32_t since) {
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    if (row->end_s && *row->end_s < since) return;  // and so do those before it
    RefreshRow(*row, since);
  }
}

void Timeline::RefreshRow(Row& row, std::uint32_t since) const {
  const auto known = static_cast<std::uint32_t>(series_.size());
  const std::uint32_t end = row.end_s ? std::min(*row.end_s, known) : known;
  const std::uint32_t length = end > row.begin_s ? end - row.begin_s : 0;
  row.per_second.resize(length);
  row.response_sum_s.resize(length);
  for (std::uint32_t s = std::max(since, row.begin_s); s < end; ++s) {
    row.per_second[s - row.begin_s] = series_[s].requests;
    row.response_sum_s[s - row.begin_s] = series_[s].response_sum_s;
    row.degraded = row.degraded || series_[s].degraded;
  }
  std::uint32_t last = end;  // the first second that does not count for `in_flight`
  if (!row.end_s && complete_) last = std::min(end, *complete_ + 1);
  row.in_flight = last > row.begin_s ? series_[last - 1].in_flight : 0;
}

std::uint32_t Timeline::FirstRecent(std::uint32_t seconds) const {
  const std::uint32_t wanted = std::min(seconds, kRecent);
  return *complete_ + 1 >= wanted ? *complete_ + 1 - wanted : 0;
}

stats::Histogram Timeline::Recent(std::uint32_t seconds) const {
  stats::Histogram out;
  if (!complete_) return out;
  const std::uint32_t first = FirstRecent(seconds);
  for (auto at = seconds_.lower_bound(first); at != seconds_.end() && at->first <= *complete_;
       ++at) {
    out.Merge(at->second.total.response);
  }
  return out;
}

stats::EndpointStats Timeline::RecentStats(std::optional<std::size_t> endpoint,
                                           std::uint32_t& seconds) const {
  stats::EndpointStats out;
  seconds = 0;
  if (!complete_) return out;
  const std::uint32_t first = FirstRecent(kRecent);
  seconds = *complete_ + 1 - first;
  for (auto at = seconds_.lower_bound(first); at != seconds_.end() && at->first <= *complete_;
       ++at) {
    if (!endpoint) {
      out.Merge(at->second.total);
    } else if (const auto found = at->second.watched.find(*endpoint);
               found != at->second.watched.end()) {
      out.Merge(found->second);
    }
  }
  return out;
}

std::vector<Counts> Timeline::RecentCounts(std::uint32_t& seconds) const {
  std::vector<Counts> out;
  seconds = 0;
  if (!complete_) return out;
  const std::uint32_t first = FirstRecent(kRecent);
  seconds = *complete_ + 1 - first;
  for (auto at = seconds_.lower_bound(first); at != seconds_.end() && at->first <= *complete_;
       ++at) {
    if (out.size() < at->second.endpoints.size()) out.resize(at->second.endpoints.size());
    for (std::size_t i = 0; i < at->second.endpoints.size(); ++i) {
      out[i].requests += at->second.endpoints[i].requests;
      out[i].failures += at->second.endpoints[i].failures;
    }
  }
  return out;
}

}  // namespace sfp::results
