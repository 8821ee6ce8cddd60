#pragma once

// What happened in one interval of a run (a second, a level, the whole run): per endpoint the counters,
// histograms and failures. Every number is a sum, so intervals merge in any order, of any worker.
//
//   started = succeeded + failed + in flight, where in flight is counted at the end of the interval.
//
// Thread: confined to its owner; leaves a loop by move.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/stats/histogram.h"
#include "common/stats/outcome.h"
#include "sfp/v1/control.pb.h"

namespace sfp::stats {

// Failures that differ in one of these are reported apart.
struct FailureKey {
  FailureKind kind;
  Phase phase;
  std::string message;
  friend bool operator<(const FailureKey& a, const FailureKey& b) {
    return std::tie(a.kind, a.phase, a.message) < std::tie(b.kind, b.phase, b.message);
  }
  friend bool operator==(const FailureKey&, const FailureKey&) = default;
};

struct FailureStats {
  static constexpr std::size_t kMostSamples = 16;
  std::uint64_t count = 0;
  Duration first{0};  // since the run's start
  Duration last{0};
  std::vector<Evidence> samples;  // the earliest ones merged, at most kMostSamples
};

struct EndpointStats {
  std::uint64_t started = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dropped = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  Histogram response;
  Histogram intended;
  std::array<Histogram, kPhases> phases;
  std::map<std::uint32_t, std::uint64_t> status;
  std::map<FailureKey, FailureStats> failures;  // at most kMostFailures, then one row "(other failures)"

  static constexpr std::size_t kMostFailures = 100;
  std::uint64_t requests() const { return succeeded + failed; }
  void Merge(const EndpointStats& other);
  bool empty() const;
};

struct Interval {
  std::uint32_t index = 0;  // the second of the run
  Duration begin{0};        // since the run's start
  Duration end{0};
  std::uint32_t users = 0;       // running at the end; merging adds (over workers and threads)
  std::uint64_t in_flight = 0;   // at the end
  double cpu = 0;                // share of the cores used; not merged
  std::vector<EndpointStats> endpoints;  // by scenario::EndpointId
  Histogram lag;                 // of planned wake-ups

  // Adds what another thread or worker measured in the same second (users and in_flight add up).
  void MergePeer(const Interval& other);
};

// Sums over all endpoints, for the comparison at the end of a run; the digest is a 64-bit hash over the
// merged counters and histogram buckets of every endpoint in order, equal wherever they were merged.
v1::Totals ComputeTotals(const std::vector<EndpointStats>& endpoints);

// The wire form. ToProto leaves run, session, sequence to the caller. FromProto refuses impossible
// contents (unknown endpoint, unknown kind, broken histogram, succeeded + failed unequal to the response
// histogram's count) with a message; it never trusts a peer.
void ToProto(const Interval& interval, v1::Snapshot& out);
StatusOr<Interval> FromProto(const v1::Snapshot& in, std::size_t endpoints);

}  // namespace sfp::stats
