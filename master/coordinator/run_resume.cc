#include <absl/strings/str_format.h>

#include <algorithm>
#include <span>

#include "common/base/log.h"
#include "common/plan/plan.h"
#include "master/coordinator/resumption.h"
#include "master/coordinator/run.h"

namespace sfp::coordinator {
namespace {

// Workers may have later revisions than a slow disk had: whatever is sent now must be newer.
constexpr std::uint64_t kUnseenRevisions = 1'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;
// Snapshots of running workers are never older than this; older ones mean that the load stopped.
constexpr std::uint32_t kFreshSeconds = 2;

std::uint32_t SecondsOf(Duration d) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, d.count()) / kSecondNs);
}

}  // namespace

Status Adopt(const Resumption& from, RunSpec& spec) {
  const v1::RunStarted& run = from.results.run();
  if (from.results.ended()) return Invalid("the run is over");
  if (run.run() == 0 || from.plan.owners().empty()) return Invalid("the run had not begun");
  if (static_cast<int>(spec.endpoints.size()) != run.endpoints_size()) {
    return Invalid("the configuration has other endpoints than the run");
  }
  for (int i = 0; i < run.endpoints_size(); ++i) {
    if (spec.endpoints[static_cast<std::size_t>(i)].name() != run.endpoints(i).name()) {
      return Invalid("the configuration has other endpoints than the run");
    }
  }
  spec.run = run.run();
  spec.id = run.id();
  spec.seed = run.seed();
  const bool levels = !from.results.rows().empty();
  if (!levels && spec.levels != nullptr) {
    spec.shape = plan::Constant{.users = from.plan.most_users()};
    spec.levels.reset();
  } else if (levels && spec.levels == nullptr) {
    return Invalid("the run is a sweep, the configuration is not");
  }
  return Ok();
}

Run::Run(RunSpec spec, Resumption from, std::unique_ptr<Journal> journal, Registry& registry,
         CoordinatorShell& shell, Time now)
    : Run(std::move(spec), std::move(journal), registry, shell, now) {
  results_ = std::move(from.results);
  plan_ = std::move(from.plan);
  plan_.set_revision(plan_.revision() + kUnseenRevisions);
  home_.assign(plan_.owners().begin(), plan_.owners().end());
  start_ = from.start;
  away_from_ = results_.newest();
  started_ = true;
  state_ = RunState::kResuming;
  stop_why_ = results_.stopping();
  aborted_by_ = results_.aborted_by();
  if (!results_.rows().empty()) level_ = results_.rows().size() - 1;
  for (const auto& [index, known] : results_.workers()) {
    Worker& worker = registry_.Restore(index, known.session, now);
    worker.name = known.name;
    worker.threads = std::max(1u, known.threads);
    worker.place = known.place;
    Part& part = parts_[index];
    part.stage = known.compared ? Stage::kFinished : Stage::kStarted;
    part.inbox = session::Inbox(known.sequence);
    part.acked = known.sequence;
    part.left = worker.replaced = known.replaced;
  }
}

bool Run::Here(std::uint32_t index) const {
  const Worker& worker = *registry_.ByIndex(index);
  return worker.connection.has_value() && worker.clock.good();
}

void Run::TickResuming(Time now) {
  std::uint32_t awaited = 0, back = 0, fresh = 0;
  for (const auto& [index, part] : parts_) {
    if (part.left || part.stage == Stage::kFinished) continue;
    const bool here = Here(index);
    if (part.stage == Stage::kStarted) {
      ++awaited;
      back += here;
    } else if (part.stage == Stage::kPrepared) {
      fresh += here;
    }
  }
  const bool all = back == awaited && (awaited > 0 || PlanIsOver(now));
  const Duration waited = now - waiting_since_;
  if (!all && waited < kComeBack) return;
  if (all || back + fresh >= spec_.workers || stop_why_ || PlanIsOver(now)) return GoOn(now);
  if (!spec_.workers_timeout || waited < *spec_.workers_timeout) return;
  if (back + fresh > 0) return GoOn(now);
  Finish(Outcome::Kind::kIncomplete, "the master came back, no worker did", now);
}

// Whoever ran at its end has run it to its end: workers follow the plan without their master. So
// have those who delivered all, though their users may have been paused at the last.
bool Run::PlanIsOver(Time now) const {
  if (plan_.end_ns() <= 0 || now < start_ + Duration(plan_.end_ns())) return false;
  bool finished = false, others = false;
  for (const auto& [index, part] : parts_) {
    if (part.left) continue;
    (part.stage == Stage::kFinished ? finished : others) = true;
  }
  if (finished && !others) return true;
  return LoadStopped() * kSecondNs >= plan_.end_ns() - kSecondNs;
}

std::uint32_t Run::LoadStopped() const {
  const auto& series = results_.series();
  std::size_t stopped = series.size();
  while (stopped > 0 && series[stopped - 1].users == 0) --stopped;
  return static_cast<std::uint32_t>(stopped);
}

void Run::GoOn(Time now) {
  const std::uint32_t away_from_s = SecondsOf(away_from_);
  const bool over = PlanIsOver(now) || stop_why_.has_value();
  const std::uint32_t at_s = EarliestChange(now);
  const std::uint32_t stopped_s = LoadStopped();
  const bool paused = !over && SecondsOf(now - start_) > stopped_s + kFreshSeconds;
  const std::uint32_t paused_s = paused ? at_s - stopped_s : 0;
  if (!WriteRecord(now, [&](v1::JournalRecord& record) {
        record.mutable_resumed()->set_from_s(std::min(away_from_s, at_s));
        record.mutable_resumed()->set_to_s(at_s);
        record.mutable_resumed()->set_paused_s(paused_s);
      })) {
    return;
  }
  TakeBack(now);
  if (this->over()) return;
  if (over) {
    state_ = RunState::kStopping;
    stopping_since_ = now;
    last_level_ended_ = true;
    return StopAll(now);
  }
  LogInfo(paused ? absl::StrFormat("the load stopped at second %u; it goes on at second %u, the "
                                   "rest of the plan comes %u s later",
                                   stopped_s, at_s, paused_s)
                 : "the load never stopped; the run goes on");
  state_ = RunState::kRunning;
  const Duration from(stopped_s * kSecondNs), to(at_s * kSecondNs);
  if (spec_.levels != nullptr) {
    if (!GoOnWithLevel(paused ? std::optional(from) : std::nullopt, at_s, now)) return;
  } else if (paused) {
    plan::Pause(plan_, from, to);
  }
  SendPlan(now);
  for (const auto& [index, part] : parts_) {
    if (part.present() && !this->over()) SendStart(*registry_.ByIndex(index));
  }
}

// Who is here takes part again, who is not is lost.
void Run::TakeBack(Time now) {
  for (auto& [index, part] : parts_) {
    if (part.stage != Stage::kStarted) continue;
    Worker& worker = *registry_.ByIndex(index);
    const bool was_lost = results_.workers().at(index).lost;
    if (!Here(index) && results_.workers().at(index).finished) {
      part.stage = Stage::kFinished;  // it delivered all and went; only its own totals are missing
    } else if (part.left) {
      continue;
    } else if (!Here(index)) {
      part.lost = true;
      part.lost_since = now;
      if (!was_lost) Lose(worker, part, "it did not come back to the resumed run", now);
    } else {
      if (was_lost) WriteJoined(worker, true, now);
      GiveEntries(index);
    }
    if (over()) return;
  }
}

// The level under way is measured anew: what was measured of it before the absence is in the
// totals, not in its row.
bool Run::GoOnWithLevel(std::optional<Duration> paused_from, std::uint32_t at_s, Time now) {
  const auto& sweep = std::get<plan::Sweep>(spec_.shape);
  const Duration at(at_s * kSecondNs);
  const bool closed = results_.rows().back().end_s.has_value();
  const std::span<const results::Row> done(results_.rows().data(), level_ + (closed ? 1 : 0));
  const std::optional<double> next = spec_.levels->Next(done);
  last_level_ended_ = closed && !next;
  if (paused_from) plan::Pause(plan_, *paused_from, at);
  if (last_level_ended_) return true;
  if (closed) {
    ++level_;
    BeginLevel(*next, at_s, now);
    return !over();
  }
  const std::uint32_t users = results_.rows().back().users;
  level_load_ = sweep.of_rates() ? results_.rows().back().rate : users;
  std::uint32_t begin_s = results_.rows().back().begin_s;
  if (sweep.of_rates()) {
    begin_s = at_s;  // the rate is there at once
  } else if (paused_from || plan_.points().rbegin()->users() != users) {
    // From nobody, by the sweep's own ramp.
    while (plan_.points_size() > 0 && plan_.points().rbegin()->t_ns() >= at.count()) {
      plan_.mutable_points()->RemoveLast();
    }
    begin_s = SecondsOf(plan::AppendLevel(plan_, at, users, sweep.spawn_rate));
  }
  level_ramp_s_ = at_s;
  level_begin_s_ = level_full_s_ = asked_ = std::max(begin_s, at_s);
  LogInfo(absl::StrFormat("level %u is measured anew", level_ + 1));
  level_end_s_ = spec_.levels->Begin(level_load_, level_ramp_s_, level_begin_s_);
  return WriteLevelStarted(level_begin_s_, now);
}

}  // namespace sfp::coordinator
