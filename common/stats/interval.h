#pragma once

// What happened in one interval of a run (a second, a level, the whole run): per endpoint the
// counters, histograms and failures. Every number is a sum, so intervals merge in any order, of any
// worker.
//
//   started = succeeded + failed + in flight, where in flight is counted at the end of the
//   interval.
//
// Thread: confined to its owner; leaves a loop by move.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/stats/histogram.h"
#include "common/stats/outcome.h"
#include "sfp/v1/control.pb.h"

namespace sfp::stats {

// Failures that differ in one of these are reported apart. The view looks one up without a copy.
struct FailureKeyView {
  FailureKind kind;
  Phase phase;
  std::string_view message;
};
struct FailureKey {
  FailureKind kind;
  Phase phase;
  std::string message;
  operator FailureKeyView() const { return {kind, phase, message}; }
  friend bool operator==(const FailureKey&, const FailureKey&) = default;
};
inline bool operator<(const FailureKeyView& a, const FailureKeyView& b) {
  return std::tie(a.kind, a.phase, a.message) < std::tie(b.kind, b.phase, b.message);
}
// The row that takes all failures for which no row is left.
inline constexpr FailureKeyView kOtherFailures{FailureKind::kOther, Phase::kBlocked,
                                               "(other failures)"};
inline constexpr std::size_t kMostMessageBytes = 200;

struct FailureStats {
  static constexpr std::size_t kMostSamples = 16;
  std::uint64_t count = 0;
  Duration first{0};  // since the run's start
  Duration last{0};
  std::vector<Evidence> samples;  // the earliest ones merged, at most kMostSamples
  // Of the kinds that are IsBrokenOff, each failure is in one of them, or in none if it broke at
  // once on a new connection.
  Histogram idle;        // broke at once on a reused connection: how long that had been idle
  Histogram since_send;  // broke later: how long after the request was sent
  void Count(FailureKind kind, const Evidence& evidence, Duration at);
  void Merge(const FailureStats& other);
};
using FailureMap = std::map<FailureKey, FailureStats, std::less<>>;
// Adds failures to their row, or to that of kOtherFailures once the table is full.
void AddFailures(FailureMap& rows, const FailureKey& key, const FailureStats& failures);
using StatusMap = std::map<std::uint32_t, std::uint64_t>;

struct EndpointStats {
  std::uint64_t started = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dropped = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  unsigned __int128 failed_sum_ns = 0;  // of response.sum_ns(), the part of the failed ones
  Histogram response;                   // of all completed requests
  Histogram intended;
  std::array<Histogram, kPhases> phases;
  // Ages of the requests that were given up without an answer when the load ended. They stay in
  // flight, so this is no part of requests().
  Histogram unanswered;
  StatusMap status;
  FailureMap failures;  // at most kMostFailures rows, and then kOtherFailures
  // Successes that were not as expected, where the step only warns; as many rows, no part of them.
  FailureMap warnings;

  static constexpr std::size_t kMostFailures = 100;
  std::uint64_t requests() const { return succeeded + failed; }
  void Merge(const EndpointStats& other);
  // For whom response times and counts are enough.
  void MergeButPhases(const EndpointStats& other);
  bool empty() const;
  // Empty again; histograms keep their memory.
  void Clear();
};

// The machine under a worker, and what is left of its limits. Zero: not known.
struct Machine {
  Duration throttled{0};  // its cgroup was held back in the interval, altogether
  std::uint64_t throttled_periods = 0;
  std::uint64_t descriptors = 0;  // open
  std::uint64_t descriptor_limit = 0;
  std::uint64_t ports = 0;  // local ones in use
  std::uint64_t port_limit = 0;
  // Of the same machine: what was held back adds up, the fullest moment counts.
  void Merge(const Machine& other);
};

struct Interval {
  std::uint32_t index = 0;  // the second of the run
  Duration begin{0};        // since the run's start
  Duration end{0};
  std::uint32_t users = 0;       // at the end: running, or (open model) needed so far; merging adds
  std::uint64_t in_flight = 0;   // at the end
  std::uint64_t iterations = 0;  // tasks ended, those of on_start and on_stop not counted
  std::uint64_t users_stopped = 0;       // by themselves, though the plan wants them
  double cpu = 0;                        // share of the cores used; not merged
  std::vector<EndpointStats> endpoints;  // by scenario::EndpointId
  Histogram lag;                         // of planned wake-ups
  Histogram loop_lag;                    // of the loops' turns
  Histogram kept_idle;    // idle times before requests that were answered, to 8 binary digits
  Histogram closed_idle;  // idle times at which connections were found closed
  Machine machine;
  // When connections broke with a request on them: twentieths of the interval's second.
  static constexpr std::size_t kBreaks = 20;
  std::array<std::uint32_t, kBreaks> breaks{};

  // Adds what another thread or worker measured in the same second (users and in_flight add up).
  void MergePeer(const Interval& other);
};

// Sums over all endpoints, for the comparison at the end of a run. The digest is a linear 64-bit
// hash,
//
//   sum over all counters, histogram sums and buckets of  number × odd(Mix(its place))  mod 2^64,
//
// where a place is (endpoint, field, bucket). So it does not depend on how or in which order
// intervals were merged; the totals of a merged set are the sum of the totals of its parts
// (AddTotals), which spares both ends of a session a second copy of the histograms; and a single
// number that differs always shows.
v1::Totals ComputeTotals(const std::vector<EndpointStats>& endpoints);
void AddTotals(v1::Totals& sum, const v1::Totals& part);
bool SameTotals(const v1::Totals& a, const v1::Totals& b);

// A message as it may stand in a key: printable ASCII or valid UTF-8, at most kMostMessageBytes.
bool IsCleanMessage(std::string_view text);
std::string CleanMessage(std::string_view text);

// The wire form. ToProto leaves run, session, sequence to the caller. FromProto refuses impossible
// contents (unknown endpoint, unknown kind, broken histogram, succeeded + failed unequal to the
// response histogram's count, more requests given up than are in flight) with a message; it never
// trusts a peer.
void ToProto(const Interval& interval, v1::Snapshot& out);
StatusOr<Interval> FromProto(const v1::Snapshot& in, std::size_t endpoints);

}  // namespace sfp::stats
