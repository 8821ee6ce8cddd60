#include "master/results/results.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace sfp::results {
namespace {

// A snapshot may name no second further ahead than this of all that is known: it bounds what a
// broken worker can make us allocate.
constexpr std::uint32_t kMostAhead = 600;
constexpr std::uint32_t kMostAbsence = 7 * 24 * 3600;
constexpr Duration kBetweenRecords = std::chrono::seconds(1);
constexpr Duration kDeadMan = std::chrono::seconds(10);  // of the workers

// The second of the run that `at` lies in; 0 before the start.
std::uint32_t SecondOf(Duration at) {
  return at.count() <= 0 ? 0 : static_cast<std::uint32_t>(at.count() / 1'000'000'000);
}

// A tenth of a second in which far more connections broke than in the others.
bool IsBurst(const stats::Interval& interval) {
  constexpr std::uint32_t kLeast = 8;
  constexpr std::uint32_t kTimesMean = 5;
  std::uint32_t all = 0, most = 0;
  for (std::size_t i = 0; i < stats::Interval::kBreaks; ++i) {
    const std::uint32_t next = i + 1 < stats::Interval::kBreaks ? interval.breaks[i + 1] : 0;
    all += interval.breaks[i];
    most = std::max(most, interval.breaks[i] + next);
  }
  return most >= kLeast && most * (stats::Interval::kBreaks / 2) >= kTimesMean * all;
}

// Whatever a broken worker says.
constexpr std::int64_t kLongest = 100LL * 365 * 24 * 3600 * 1'000'000'000;

Duration Clamped(std::int64_t ns) { return Duration(std::clamp(ns, -kLongest, kLongest)); }

Duration Size(Duration d) { return d < Duration(0) ? -d : d; }

void NoteClocks(ClockTrouble& trouble, std::int64_t step_ns, std::int64_t suspended_ns,
                std::uint32_t second) {
  if (step_ns != 0) {
    const Duration step = Clamped(step_ns);
    if (trouble.steps++ == 0) trouble.first_step_s = second;
    if (Size(step) > Size(trouble.largest_step)) trouble.largest_step = step;
  }
  if (suspended_ns > 0) {
    if (trouble.suspended == Duration(0)) trouble.first_suspended_s = second;
    trouble.suspended = std::min(trouble.suspended + Clamped(suspended_ns), Duration(kLongest));
  }
}

Status UnknownWorker(std::uint32_t index) {
  return Invalid("worker " + std::to_string(index) + " has not joined");
}

}  // namespace

Status Results::Apply(const v1::JournalRecord& record) {
  const Duration at(record.t_ns());
  if (record.body_case() == v1::JournalRecord::kRun) return OnRun(record.run());
  if (!started_) return Invalid("a run's first record must be its start");
  const Status status = ApplyBody(record, at);
  if (status.ok()) newest_ = std::max(newest_, at);
  return status;
}

Status Results::ApplyBody(const v1::JournalRecord& record, Duration at) {
  switch (record.body_case()) {
    case v1::JournalRecord::kJoined:
      return OnJoined(record.joined(), at);
    case v1::JournalRecord::kLost:
      return OnLost(record.lost(), at);
    case v1::JournalRecord::kSnapshot:
      return OnSnapshot(record.snapshot(), at);
    case v1::JournalRecord::kLevel:
      return timeline_.StartLevel(record.level().users(), record.level().begin_s(),
                                  record.level().rate());
    case v1::JournalRecord::kLevelEnded:
      return timeline_.EndLevel(record.level_ended().end_s());
    case v1::JournalRecord::kPlan:
      return OnPlan(record.plan(), at);
    case v1::JournalRecord::kFinished:
      return OnFinished(record.finished());
    case v1::JournalRecord::kEnded:
      return OnEnded(record.ended(), at);
    case v1::JournalRecord::kResumed:
      return OnResumed(record.resumed());
    case v1::JournalRecord::kClockChanged:
      NoteClocks(clocks_, record.clock_changed().step_ns(), record.clock_changed().suspended_ns(),
                 SecondOf(at));
      if (record.clock_changed().suspended_ns() > 0) NoteJump(SecondOf(at));
      return Ok();
    case v1::JournalRecord::kStopping:
      stopping_ = record.stopping().why();
      aborted_by_ = record.stopping().aborted_by();
      return Ok();
    case v1::JournalRecord::kRun:
    case v1::JournalRecord::BODY_NOT_SET:
      break;
  }
  return Invalid("a journal record of an unknown kind");
}

Status Results::OnRun(const v1::RunStarted& run) {
  if (started_) return Invalid("a run starts twice");
  started_ = true;
  run_ = run;
  endpoints_.resize(static_cast<std::size_t>(run.endpoints_size()));
  batches_.resize(endpoints_.size());
  connections_.failures.resize(endpoints_.size());
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (apart(i)) {
      timeline_.SetApart(i);
      history_.SetApart(i);
    }
    const std::string prefix = run.endpoints(static_cast<int>(i)).name() + ":";
    const auto names = [&](const v1::ThresholdRule& rule) {
      return absl::StripLeadingAsciiWhitespace(rule.check()).substr(0, prefix.size()) == prefix;
    };
    if (std::any_of(run.threshold_rules().begin(), run.threshold_rules().end(), names)) {
      timeline_.Watch(i);
    }
  }
  return Ok();
}

Status Results::OnJoined(const v1::WorkerJoined& joined, Duration at) {
  // An index may be given anew after one that measured nothing.
  if (const auto before = workers_.find(joined.index());
      before != workers_.end() && before->second.session != joined.session() &&
      before->second.sequence == 0 && joined.session() != 0) {
    workers_.erase(before);
  }
  const auto [found, is_new] = workers_.try_emplace(joined.index());
  Worker& worker = found->second;
  worker.index = joined.index();
  worker.name = joined.name();
  worker.threads = joined.threads();
  if (is_new) worker.session = joined.session();
  if (joined.has_wall_offset_ns()) {
    const Duration offset = Clamped(joined.wall_offset_ns());
    if (Size(offset) >= Size(worker.wall_offset.value_or(Duration(0)))) worker.wall_offset = offset;
  }
  if (!is_new) ++worker.rejoined;
  if (joined.has_place()) worker.place = joined.place();
  worker.lost = false;
  worker.finished = false;
  worker.awaited = at.count() <= 0;
  if (const auto older = workers_.find(joined.replaces());
      joined.has_replaces() && older != workers_.end()) {
    older->second.replaced = true;
  }
  UpdateComplete();
  return Ok();
}

Status Results::OnLost(const v1::WorkerLost& lost, Duration at) {
  const auto found = workers_.find(lost.index());
  if (found == workers_.end()) return UnknownWorker(lost.index());
  Worker& worker = found->second;
  if (worker.finished) return Ok();  // it has delivered all: nothing is missing
  worker.lost = true;
  worker.heard = lost.has_heard_ns() ? Duration(lost.heard_ns()) : at;
  worker.awaited = false;
  worker.users = 0;
  worker.in_flight = 0;
  if (at.count() >= 0) {
    const std::uint32_t from = worker.delivered ? *worker.delivered + 1 : 0;
    missing_since_ = std::min(missing_since_.value_or(from), from);
    timeline_.MarkDegraded(from, std::max(from, SecondOf(at)) + 1);
    timeline_.SetDegraded(true);
  }
  UpdateComplete();
  return Ok();
}

Status Results::OnPlan(const v1::Plan& plan, Duration at) {
  plan_ = plan;
  plan_end_.reset();
  if (plan.end_ns() > 0) plan_end_ = Duration(plan.end_ns());
  if (!missing_since_) return Ok();
  timeline_.MarkDegraded(*missing_since_, std::max(*missing_since_, SecondOf(at)) + 1);
  timeline_.SetDegraded(false);
  missing_since_.reset();
  return Ok();
}

StatusOr<Results::Checked> Results::Check(const v1::RecordedSnapshot& recorded,
                                          const Worker& worker, Duration at) const {
  const v1::Snapshot& snapshot = recorded.snapshot();
  if (snapshot.run() != run_.run()) return Invalid("a snapshot of another run");
  if (snapshot.sequence() != 0 && snapshot.session() == worker.session &&
      snapshot.sequence() <= worker.sequence) {
    return Invalid("snapshot " + std::to_string(snapshot.sequence()) + " comes twice");
  }
  const std::uint64_t known = std::max<std::uint64_t>(SecondOf(at), series().size());
  if (snapshot.interval() > known + kMostAhead) return Invalid("a snapshot from the future");
  StatusOr<stats::Interval> interval = stats::FromProto(snapshot, endpoints_.size());
  if (!interval.ok()) return interval.status();
  v1::Totals sum = snapshot.session() == worker.session ? worker.totals : v1::Totals();
  stats::AddTotals(sum, stats::ComputeTotals(interval->endpoints));
  if (sum.started() < sum.succeeded() + sum.failed()) {
    return Invalid("more requests completed than started");
  }
  return Checked{*std::move(interval), std::move(sum)};
}

Status Results::OnSnapshot(const v1::RecordedSnapshot& recorded, Duration at) {
  const auto found = workers_.find(recorded.worker());
  if (found == workers_.end()) return UnknownWorker(recorded.worker());
  Worker& worker = found->second;
  StatusOr<Checked> checked = Check(recorded, worker, at);
  if (!checked.ok()) {
    return Annotate(checked.status(), "worker " + std::to_string(recorded.worker()));
  }
  const bool was_awaited = worker.awaited && !worker.finished;
  const std::optional<std::uint32_t> before = worker.delivered;
  Count(worker, recorded.snapshot(), *std::move(checked));
  if (was_awaited && !worker.finished && before && least_ && *worker.delivered > *before) {
    // Others hold the second back: with many workers that is the usual case.
    if (*before > *least_ || --at_least_ > 0) return Ok();
  }
  UpdateComplete();
  return Ok();
}

void Results::Count(Worker& worker, const v1::Snapshot& snapshot, Checked checked) {
  const stats::Interval& interval = checked.interval;
  worker.session = snapshot.session();
  worker.sequence = snapshot.sequence();
  worker.totals = std::move(checked.totals);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (interval.endpoints[i].empty()) continue;
    endpoints_[i].Merge(interval.endpoints[i]);
    batches_[i].Add(interval.index, interval.endpoints[i]);
  }
  CountFailures(interval);
  generator_.Add(interval);
  for (std::size_t i = 0; i < window_.size(); ++i) window_[i].Merge(interval.endpoints[i]);
  timeline_.Add(interval, worker.delivered, worker.users, worker.in_flight);
  history_.Add(interval);
  worker.delivered = std::max(worker.delivered.value_or(0), interval.index);
  worker.delivered_until = std::max(worker.delivered_until, interval.end);
  std::uint64_t started = 0;
  for (const stats::EndpointStats& endpoint : interval.endpoints) started += endpoint.started;
  worker.busiest_second = std::max(worker.busiest_second, started);
  iterations_ += interval.iterations;
  users_stopped_ += interval.users_stopped;
  worker.lag.Merge(interval.lag);
  worker.loop_lag.Merge(interval.loop_lag);
  worker.machine.Merge(interval.machine);
  worker.cpu = interval.cpu;
  worker.cpu_max = std::max(worker.cpu_max, interval.cpu);
  NoteClocks(worker.clocks, snapshot.clock_step_ns(), snapshot.suspended_ns(), interval.index);
  if (snapshot.clock_step_ns() != 0 || snapshot.suspended_ns() > 0) NoteJump(interval.index);
  if (!worker.lost) {
    worker.awaited = true;
    worker.users = interval.users;
    worker.in_flight = interval.in_flight;
  }
  if (snapshot.paused()) timeline_.MarkDegraded(interval.index, interval.index + 1);
  worker.finished = worker.finished || snapshot.last();
  duration_ = std::max(duration_, interval.end);
}

// Seconds of one episode have at most one other second between them.
Episode& Results::EpisodeAt(std::uint32_t second) {
  constexpr std::size_t kMostEpisodes = 100;
  for (Episode& episode : connections_.episodes) {
    if (second + 2 < episode.from_s || second > episode.to_s + 2) continue;
    episode.from_s = std::min(episode.from_s, second);
    episode.to_s = std::max(episode.to_s, second);
    return episode;
  }
  if (connections_.episodes.size() == kMostEpisodes) {
    Episode& last = connections_.episodes.back();
    last.to_s = std::max(last.to_s, second);
    return last;
  }
  Episode& episode = connections_.episodes.emplace_back();
  episode.from_s = episode.to_s = second;
  episode.failures.resize(endpoints_.size());
  return episode;
}

void Results::CountFailures(const stats::Interval& interval) {
  connections_.kept_idle.Merge(interval.kept_idle);
  connections_.closed_idle.Merge(interval.closed_idle);
  const bool burst = IsBurst(interval);
  for (std::size_t i = 0; i < interval.endpoints.size(); ++i) {
    for (const auto& [key, row] : interval.endpoints[i].failures) {
      const bool episode =
          key.kind == stats::FailureKind::kRefused || (burst && stats::IsBreak(key.kind));
      stats::FailureMap& rows =
          episode ? EpisodeAt(interval.index).failures[i] : connections_.failures[i];
      stats::AddFailures(rows, key, row);
    }
  }
}

void Results::NoteJump(std::uint32_t second) {
  timeline_.NoteJump(second);
  ++generator_.jumps;
}

Status Results::OnFinished(const v1::WorkerFinished& finished) {
  const auto found = workers_.find(finished.worker());
  if (found == workers_.end()) return UnknownWorker(finished.worker());
  Worker& worker = found->second;
  worker.finished = true;
  worker.compared = true;
  worker.totals_differ = !stats::SameTotals(finished.theirs(), finished.ours()) ||
                         !stats::SameTotals(finished.theirs(), worker.totals);
  UpdateComplete();
  return Ok();
}

Status Results::OnResumed(const v1::RunResumed& resumed) {
  if (resumed.to_s() < resumed.from_s()) return Invalid("an absence ends before it begins");
  if (resumed.to_s() > SecondOf(newest_) + kMostAbsence) return Invalid("an absence without end");
  absences_.push_back({resumed.from_s(), resumed.to_s(), resumed.paused_s()});
  timeline_.MarkDegraded(resumed.from_s(), resumed.to_s());
  return Ok();
}

std::optional<MayBeMissing> Results::Missing(const Worker& worker) const {
  if (worker.finished) return std::nullopt;
  // Its last sign of life, and as long as a worker goes on without hearing from its master.
  // A master that was killed may have been heard for a second after its last record.
  const Duration master_heard = newest_ + (ended_ ? Duration(0) : kBetweenRecords);
  Duration until = (worker.lost ? worker.heard : master_heard) + kDeadMan;
  if (plan_end_) until = std::min(until, *plan_end_);
  MayBeMissing missing;
  missing.span = std::max(Duration(0), until - worker.delivered_until);
  missing.unanswered = worker.totals.started() - worker.totals.succeeded() - worker.totals.failed();
  if (worker.delivered) {
    missing.requests = static_cast<std::uint64_t>(
        std::ceil(Seconds(missing.span) * static_cast<double>(worker.busiest_second)));
  }
  return missing;
}

Status Results::OnEnded(const v1::RunEnded& ended, Duration at) {
  if (ended_) return Invalid("a run ends twice");
  if (timeline_.level_open()) {
    // What was under way counts as far as it was measured in whole seconds.
    const std::uint32_t measured = complete_second() ? *complete_second() + 1 : 0;
    const std::uint32_t least = std::max(timeline_.first_retained(), rows().back().begin_s);
    const Status status = timeline_.EndLevel(std::max(least, std::min(SecondOf(at), measured)));
    if (!status.ok()) return status;
  }
  ended_ = ended;
  return Ok();
}

void Results::UpdateComplete() {
  std::optional<std::uint32_t> least;  // that any worker has yet to pass
  std::optional<std::uint32_t> most;
  bool waiting = false;  // for a worker that has delivered nothing
  at_least_ = 0;
  for (const auto& [index, worker] : workers_) {
    if (worker.delivered) most = std::max(most.value_or(0), *worker.delivered);
    if (!worker.awaited || worker.finished) continue;
    if (!worker.delivered) {
      waiting = true;
    } else {
      if (!least || *worker.delivered < *least) {
        least = *worker.delivered;
        at_least_ = 0;
      }
      at_least_ += *worker.delivered == *least;
    }
  }
  least_ = waiting ? std::nullopt : least;
  if (waiting) return;
  if (const auto complete = least ? least : most) timeline_.Complete(*complete);
}

stats::EndpointStats Results::Total() const {
  stats::EndpointStats out;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!apart(i)) out.Merge(endpoints_[i]);
  }
  return out;
}

Batches Results::TotalBatches() const {
  Batches out;
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (!apart(i)) out.Add(batches_[i]);
  }
  return out;
}

void Results::StartWindow() {
  window_.assign(endpoints_.size(), {});
  window_begin_ = duration_;
}

std::uint64_t Results::in_flight() const {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const stats::EndpointStats& stats = endpoints_[i];
    if (!apart(i)) out += stats.started - std::min(stats.started, stats.requests());
  }
  return out;
}

}  // namespace sfp::results
