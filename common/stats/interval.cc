#include "common/stats/interval.h"

#include <algorithm>

namespace sfp::stats {
namespace {

FailureStats& RowOf(FailureMap& rows, const FailureKey& key) {
  if (const auto found = rows.find(key); found != rows.end()) return found->second;
  if (rows.size() < EndpointStats::kMostFailures) return rows[key];
  return rows[FailureKey{kOtherFailures.kind, kOtherFailures.phase,
                         std::string(kOtherFailures.message)}];
}

}  // namespace

void FailureStats::Count(FailureKind kind, const Evidence& evidence, Duration at) {
  first = count == 0 ? at : std::min(first, at);
  last = count == 0 ? at : std::max(last, at);
  ++count;
  if (samples.size() < kMostSamples) samples.push_back(evidence);
  if (!IsBrokenOff(kind)) return;
  if (evidence.since_send >= kAtOnce) {
    since_send.Record(evidence.since_send);
  } else if (evidence.reused) {
    idle.Record(evidence.idle);
  }
}

void AddFailures(FailureMap& rows, const FailureKey& key, const FailureStats& failures) {
  RowOf(rows, key).Merge(failures);
}

void FailureStats::Merge(const FailureStats& other) {
  if (other.count == 0) return;
  first = count == 0 ? other.first : std::min(first, other.first);
  last = count == 0 ? other.last : std::max(last, other.last);
  count += other.count;
  idle.Merge(other.idle);
  since_send.Merge(other.since_send);
  const std::size_t room = kMostSamples - std::min(kMostSamples, samples.size());
  const std::size_t taken = std::min(room, other.samples.size());
  samples.insert(samples.end(), other.samples.begin(),
                 other.samples.begin() + static_cast<std::ptrdiff_t>(taken));
}

void EndpointStats::Merge(const EndpointStats& other) {
  MergeButPhases(other);
  for (std::size_t i = 0; i < kPhases; ++i) phases[i].Merge(other.phases[i]);
}

void EndpointStats::MergeButPhases(const EndpointStats& other) {
  started += other.started;
  succeeded += other.succeeded;
  failed += other.failed;
  skipped += other.skipped;
  dropped += other.dropped;
  reconnects += other.reconnects;
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  failed_sum_ns += other.failed_sum_ns;
  response.Merge(other.response);
  intended.Merge(other.intended);
  unanswered.Merge(other.unanswered);
  for (const auto& [code, count] : other.status) status[code] += count;
  for (const auto& [key, row] : other.failures) AddFailures(failures, key, row);
  for (const auto& [key, row] : other.warnings) AddFailures(warnings, key, row);
}

bool EndpointStats::empty() const {
  return started == 0 && requests() == 0 && skipped == 0 && dropped == 0 && reconnects == 0 &&
         bytes_sent == 0 && bytes_received == 0 && unanswered.count() == 0;
}

void EndpointStats::Clear() {
  started = succeeded = failed = skipped = dropped = reconnects = bytes_sent = bytes_received = 0;
  failed_sum_ns = 0;
  response.Clear();
  intended.Clear();
  for (Histogram& phase : phases) phase.Clear();
  unanswered.Clear();
  status.clear();
  failures.clear();
  warnings.clear();
}

void Machine::Merge(const Machine& other) {
  throttled += other.throttled;
  throttled_periods += other.throttled_periods;
  descriptors = std::max(descriptors, other.descriptors);
  descriptor_limit = std::max(descriptor_limit, other.descriptor_limit);
  ports = std::max(ports, other.ports);
  port_limit = std::max(port_limit, other.port_limit);
}

void Interval::MergePeer(const Interval& other) {
  begin = std::min(begin, other.begin);
  end = std::max(end, other.end);
  users += other.users;
  in_flight += other.in_flight;
  iterations += other.iterations;
  users_stopped += other.users_stopped;
  if (endpoints.size() < other.endpoints.size()) endpoints.resize(other.endpoints.size());
  for (std::size_t i = 0; i < other.endpoints.size(); ++i) {
    endpoints[i].Merge(other.endpoints[i]);
  }
  lag.Merge(other.lag);
  loop_lag.Merge(other.loop_lag);
  kept_idle.Merge(other.kept_idle);
  closed_idle.Merge(other.closed_idle);
  machine.Merge(other.machine);
  for (std::size_t i = 0; i < kBreaks; ++i) breaks[i] += other.breaks[i];
}

}  // namespace sfp::stats
