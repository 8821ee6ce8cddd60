#include "common/stats/recorder.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sfp::stats {
namespace {

// One interval is being sent while the next one fills; more than a few spare ones are never of use.
constexpr std::size_t kMostSpare = 4;
constexpr std::size_t kMostSpareNodes = 512;

// Below it a connection was not idle: no server closes one so soon.
constexpr Duration kLeastIdle{1'000'000};

// Eight binary digits are enough to tell whether connections outlive a time, and keep snapshots
// small.
Duration EightDigits(Duration d) {
  const auto ns = static_cast<std::uint64_t>(d.count());
  const int cut = std::max(0, static_cast<int>(std::bit_width(ns)) - 8);
  return Duration(static_cast<std::int64_t>(ns >> cut << cut));
}

template <typename Map>
void KeepNodes(Map& map, std::vector<typename Map::node_type>& spare) {
  while (!map.empty() && spare.size() < kMostSpareNodes) {
    spare.push_back(map.extract(map.begin()));
  }
}

}  // namespace

Recorder::Recorder(std::size_t endpoints, Time run_start)
    : endpoints_(endpoints), run_start_(run_start), interval_begin_(run_start) {
  current_.endpoints.resize(endpoints);
}

void Recorder::Started(std::size_t endpoint) {
  ++current_.endpoints[endpoint].started;
  ++in_flight_;
}

void Recorder::Completed(std::size_t endpoint, const Sample& sample) {
  EndpointStats& stats = current_.endpoints[endpoint];
  --in_flight_;
  stats.response.Record(sample.response);
  if (sample.intended != kNotMeasured) stats.intended.Record(sample.intended);
  for (std::size_t i = 0; i < kPhases; ++i) {
    if (sample.phases[i] != kNotMeasured) stats.phases[i].Record(sample.phases[i]);
  }
  stats.bytes_sent += sample.bytes_sent;
  stats.bytes_received += sample.bytes_received;
  if (sample.reconnected) ++stats.reconnects;
  CountIdle(sample);
  if (sample.status != 0) CountStatus(stats.status, static_cast<std::uint32_t>(sample.status));
  if (sample.failure == nullptr) {
    ++stats.succeeded;
  } else {
    ++stats.failed;
    stats.failed_sum_ns +=
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, sample.response.count()));
    CountFailure(stats.failures, *sample.failure, sample.ended - run_start_);
  }
}

void Recorder::Warned(std::size_t endpoint, FailureKind kind, std::string message,
                      const Sample& sample) {
  const Failure warning{.kind = kind, .phase = Phase::kBody, .message = std::move(message)};
  RowOf(current_.endpoints[endpoint].warnings, warning)
      .Count(kind, warning.evidence, sample.ended - run_start_);
}

void Recorder::CountIdle(const Sample& sample) {
  if (sample.status != 0 && sample.idle >= kLeastIdle) {
    current_.kept_idle.Record(EightDigits(sample.idle));
  }
  if (sample.closed_idle >= kLeastIdle) current_.closed_idle.Record(sample.closed_idle);
}

void Recorder::Skipped(std::size_t endpoint) { ++current_.endpoints[endpoint].skipped; }

void Recorder::Dropped(std::size_t endpoint, std::uint64_t count) {
  current_.endpoints[endpoint].dropped += count;
}

void Recorder::GroupEnded(std::size_t endpoint, Time began, Time ended, bool succeeded) {
  static const Failure kFailed{.kind = FailureKind::kExpectation,
                               .phase = Phase::kBody,
                               .message = "a step of the group failed or was skipped"};
  EndpointStats& stats = current_.endpoints[endpoint];
  const Duration took = ended - began;
  ++stats.started;
  stats.response.Record(took);
  if (succeeded) {
    ++stats.succeeded;
  } else {
    ++stats.failed;
    stats.failed_sum_ns += static_cast<std::uint64_t>(std::max<std::int64_t>(0, took.count()));
    CountFailure(stats.failures, kFailed, ended - run_start_);
  }
}

void Recorder::Lag(Duration late) { current_.lag.Record(late); }

void Recorder::CountStatus(StatusMap& statuses, std::uint32_t code) {
  if (const auto found = statuses.find(code); found != statuses.end()) {
    ++found->second;
  } else if (spare_statuses_.empty()) {
    statuses.emplace(code, 1);
  } else {
    StatusMap::node_type node = std::move(spare_statuses_.back());
    spare_statuses_.pop_back();
    node.key() = code;
    node.mapped() = 1;
    statuses.insert(std::move(node));
  }
}

void Recorder::CountFailure(FailureMap& rows, const Failure& failure, Duration at) {
  RowOf(rows, failure).Count(failure.kind, failure.evidence, at);
  if (IsBreak(failure.kind)) {
    constexpr std::int64_t kWidth = 1'000'000'000 / Interval::kBreaks;
    const std::int64_t bin = (at - (interval_begin_ - run_start_)).count() / kWidth;
    ++current_.breaks[static_cast<std::size_t>(
        std::clamp<std::int64_t>(bin, 0, Interval::kBreaks - 1))];
  }
}

FailureStats& Recorder::RowOf(FailureMap& rows, const Failure& failure) {
  const FailureKeyView key{failure.kind, failure.phase, failure.message};
  if (const auto found = rows.find(key); found != rows.end()) return found->second;
  if (!IsCleanMessage(failure.message)) {
    const std::string clean = CleanMessage(failure.message);
    const FailureKeyView cleaned{failure.kind, failure.phase, clean};
    if (const auto found = rows.find(cleaned); found != rows.end()) return found->second;
    if (rows.size() < EndpointStats::kMostFailures) return NewRow(rows, cleaned);
  } else if (rows.size() < EndpointStats::kMostFailures) {
    return NewRow(rows, key);
  }
  if (const auto found = rows.find(kOtherFailures); found != rows.end()) return found->second;
  return NewRow(rows, kOtherFailures);
}

FailureStats& Recorder::NewRow(FailureMap& rows, const FailureKeyView& key) {
  if (spare_rows_.empty()) {
    FailureKey copy{key.kind, key.phase, std::string(key.message)};
    return rows.emplace(std::move(copy), FailureStats{}).first->second;
  }
  FailureMap::node_type node = std::move(spare_rows_.back());
  spare_rows_.pop_back();
  node.key().kind = key.kind;
  node.key().phase = key.phase;
  node.key().message.assign(key.message);
  node.mapped().count = 0;
  node.mapped().samples.clear();
  node.mapped().idle.Clear();
  node.mapped().since_send.Clear();
  return rows.insert(std::move(node)).position->second;
}

Interval Recorder::Rotate(std::uint32_t index, Time now, std::uint32_t users) {
  Interval full = std::move(current_);
  if (spare_.empty()) {
    current_ = Interval{};
    current_.endpoints.resize(endpoints_);
  } else {
    current_ = std::move(spare_.back());
    spare_.pop_back();
  }
  full.index = index;
  full.begin = interval_begin_ - run_start_;
  full.end = now - run_start_;
  full.users = users;
  full.in_flight = in_flight_;
  interval_begin_ = now;
  return full;
}

void Recorder::Recycle(Interval&& interval) {
  if (spare_.size() >= kMostSpare || interval.endpoints.size() != endpoints_) return;
  for (EndpointStats& stats : interval.endpoints) {
    KeepNodes(stats.status, spare_statuses_);
    KeepNodes(stats.failures, spare_rows_);
    KeepNodes(stats.warnings, spare_rows_);
    stats.Clear();
  }
  interval.lag.Clear();
  interval.loop_lag.Clear();
  interval.kept_idle.Clear();
  interval.closed_idle.Clear();
  interval.machine = {};
  interval.breaks = {};
  interval.cpu = 0;
  interval.iterations = 0;
  interval.users_stopped = 0;
  spare_.push_back(std::move(interval));
}

}  // namespace sfp::stats
