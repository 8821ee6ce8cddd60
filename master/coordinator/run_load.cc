#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "common/base/log.h"
#include "common/plan/plan.h"
#include "master/coordinator/run.h"

namespace sfp::coordinator {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
// A level's known end is told to the workers so long beforehand.
constexpr Duration kTellAhead = std::chrono::milliseconds(2500);

bool HasUniqueData(const v1::Scenario& scenario) {
  return std::any_of(scenario.data().begin(), scenario.data().end(),
                     [](const v1::DataSource& source) { return source.pick() == v1::PICK_UNIQUE; });
}

}  // namespace

Status Run::Check(const RunSpec& spec) {
  if (spec.run == 0) return Invalid("a run needs a number");
  if (spec.workers == 0) return Invalid("a run needs a worker");
  if (spec.endpoints.empty()) return Invalid("a run needs an endpoint");
  if (std::holds_alternative<plan::Sweep>(spec.shape) != (spec.levels != nullptr)) {
    return Invalid("a sweep, and only a sweep, needs a policy for its levels");
  }
  if (plan::MostUsers(spec.shape) == 0) return Invalid("a run needs a user");
  v1::Plan plan = plan::Compile(spec.shape);
  plan.add_owners(0);
  return plan::Plan::Create(plan).status();
}

// Owners.

void Run::Rebalance() {
  if (plan_.iterations() > 0) return;  // what a user has begun is nobody else's
  plan::Owners owners = home_;
  const std::vector<plan::Share> present = SharesOf(true);
  if (present.empty()) return;  // nobody to take over: it stays as it is
  for (const auto& [index, part] : parts_) {
    if (!part.present()) plan::Reassign(owners, index, present);
  }
  plan_.mutable_owners()->Assign(owners.begin(), owners.end());
}

void Run::GiveEntries(std::uint32_t index) {
  if (plan::CountOf(home_, index) == 0) plan::Join(home_, index, SharesOf(false));
}

void Run::TakeEntries(const Worker& worker) {
  const auto older = worker.replaces ? parts_.find(*worker.replaces) : parts_.end();
  const bool vacant = older != parts_.end() && older->second.left;
  if (vacant && registry_.ByIndex(older->first)->threads == worker.threads) {
    std::replace(home_.begin(), home_.end(), older->first, worker.index);
  }
  GiveEntries(worker.index);
}

void Run::SendPlan(Time now) {
  if (plan_.owners().empty()) plan_.mutable_owners()->Assign(home_.begin(), home_.end());
  Rebalance();
  owners_changed_ = false;
  plan_.set_revision(plan_.revision() + 1);
  if (!WriteRecord(now, [&](v1::JournalRecord& record) { *record.mutable_plan() = plan_; })) return;
  v1::MasterMessage message;
  *message.mutable_plan() = plan_;
  for (const auto& [index, part] : parts_) {
    if (part.stage == Stage::kStarted && part.knows) Send(*registry_.ByIndex(index), message);
  }
}

void Run::TickPlan(Time now) {
  if (!owners_changed_ || SharesOf(true).empty()) return;
  SendPlan(now);
  for (auto& [index, part] : parts_) {
    if (over() || !part.waits_for_start) continue;
    part.waits_for_start = false;
    SendStart(*registry_.ByIndex(index));
  }
}

void Run::TickLost(Time now) {
  bool present = false;
  for (auto& [index, part] : parts_) {
    if (part.stage != Stage::kStarted || part.lost) continue;
    Worker& worker = *registry_.ByIndex(index);
    if (!worker.connection && now - worker.gone > kResumption) {
      Lose(worker, part, "its connection broke", now);
    } else if (now - worker.last_heard > kSilence) {
      Lose(worker, part, "nothing is heard from it", now);
    } else {
      present = present || !part.left;
    }
    if (over()) return;
  }
  if (present || state_ == RunState::kStopping) {
    all_away_since_.reset();
  } else if (!all_away_since_) {
    all_away_since_ = now;
  } else if (now - *all_away_since_ > kAllAway) {
    Finish(Outcome::Kind::kIncomplete, "no worker is left", now);
  }
}

void Run::Lose(Worker& worker, Part& part, const std::string& reason, Time now) {
  part.lost = true;
  part.lost_since = now;
  LogWarn(NameOf(worker) + " is lost: " + reason);
  if (!WriteRecord(now, [&](v1::JournalRecord& record) {
        record.mutable_lost()->set_index(worker.index);
        record.mutable_lost()->set_reason(reason);
        record.mutable_lost()->set_heard_ns((worker.last_heard - start_).count());
      })) {
    return;
  }
  if (plan_.iterations() > 0) return;  // it goes on when it is back, nobody else does its part
  owners_changed_ = true;
}

void Run::Return(Worker& worker, Part& part, Time now) {
  part.lost = false;
  LogInfo(NameOf(worker) + " is back");
  WriteJoined(worker, true, now);
  if (over() || part.left) return;  // it has left: it comes to deliver, no more
  GiveEntries(worker.index);
  if (state_ == RunState::kStopping) return SendAll(worker);
  owners_changed_ = part.waits_for_start = true;
}

void Run::JoinLate(Worker& worker, Part& part, Time now) {
  // A master that resumes the run must know whoever measures for it.
  if (!part.joining) {
    WriteJoined(worker, false, now);
    if (over()) return;
    part.joining = {journal_->appended(), now};
  }
  const bool safe = journal_->safe() >= part.joining->record || journal_late_;
  if (!safe && now - part.joining->since <= kJournalPatience) return;
  part.stage = Stage::kStarted;
  LogInfo(NameOf(worker) + " joins the run");
  TakeEntries(worker);
  owners_changed_ = part.waits_for_start = true;
}

// Levels.

std::uint32_t Run::EarliestChange(Time now) const {
  const std::int64_t t = std::max<std::int64_t>(0, (now - start_).count());
  return static_cast<std::uint32_t>((t + 2 * kSecondNs - 1) / kSecondNs);
}

void Run::BeginLevel(double load, std::uint32_t at_s, Time now) {
  const auto& sweep = std::get<plan::Sweep>(spec_.shape);
  level_load_ = load;
  Duration begin(at_s * kSecondNs);
  if (sweep.of_rates()) {
    plan::AppendRate(plan_, begin, load);
  } else {
    begin = plan::AppendLevel(plan_, begin, static_cast<std::uint32_t>(load), sweep.spawn_rate);
  }
  level_ramp_s_ = at_s;
  level_begin_s_ = level_full_s_ = asked_ = static_cast<std::uint32_t>(begin.count() / kSecondNs);
  if (!WriteLevelStarted(level_begin_s_, now)) return;
  const std::optional<std::uint32_t> levels = spec_.levels->Count();
  const std::string doing = spec_.levels->Doing();
  LogInfo(absl::StrFormat(
      "level %u%s: %.6g %s%s", level_ + 1, levels ? absl::StrFormat(" of %u", *levels) : "", load,
      sweep.of_rates() ? "arrivals per second" : "users", doing.empty() ? "" : " (" + doing + ")"));
  level_left_.reset();
  level_why_.clear();
  level_end_s_ = spec_.levels->Begin(load, level_ramp_s_, level_begin_s_);
}

bool Run::WriteLevelStarted(std::uint32_t begin_s, Time now) {
  const bool of_rates = std::get<plan::Sweep>(spec_.shape).of_rates();
  return WriteRecord(now, [&](v1::JournalRecord& record) {
    record.mutable_level()->set_users(of_rates ? plan_.most_users()
                                               : static_cast<std::uint32_t>(level_load_));
    if (of_rates) record.mutable_level()->set_rate(level_load_);
    record.mutable_level()->set_begin_s(begin_s);
  });
}

bool Run::CloseLevel(std::uint32_t end_s, Time now) {
  return WriteRecord(
      now, [&](v1::JournalRecord& record) { record.mutable_level_ended()->set_end_s(end_s); });
}

void Run::NextLevel(std::uint32_t end_s, std::uint32_t at_s, Time now) {
  if (!CloseLevel(end_s, now)) return;
  if (const auto load = spec_.levels->Next(results_.rows())) {
    ++level_;
    BeginLevel(*load, at_s, now);
  } else {
    last_level_ended_ = true;
    plan_.set_end_ns(at_s * kSecondNs);
  }
  if (!over()) SendPlan(now);
}

void Run::TickLevels(Time now) {
  if (last_level_ended_) return;
  AskPolicy(now);
  if (over() || last_level_ended_ || !level_end_s_) return;
  const Time end = start_ + Duration(*level_end_s_ * kSecondNs);
  if (end - now > kTellAhead) return;
  const std::uint32_t at_s = std::max(*level_end_s_, EarliestChange(now));
  NextLevel(at_s, at_s, now);
}

void Run::AskPolicy(Time now) {
  const std::optional<std::uint32_t> complete = results_.complete_second();
  if (!complete || asked_ > *complete) return;
  asked_ = *complete + 1;
  const auto& series = results_.series();
  const std::size_t from = std::min<std::size_t>(level_full_s_, asked_);
  const LevelDecision decision = spec_.levels->Decide({&series[from], asked_ - from});
  level_left_ = decision.left;
  level_why_ = decision.why;
  if (decision.begin_s && *decision.begin_s > level_begin_s_) {
    // What has been settled in the row stays there.
    level_begin_s_ = std::max(*decision.begin_s, results_.first_retained());
    if (!WriteLevelStarted(level_begin_s_, now)) return;
  }
  if (!decision.done || level_end_s_) return;
  if (!decision.why.empty()) LogInfo("the level is measured: " + decision.why);
  const std::uint32_t at_s = std::max(EarliestChange(now), level_begin_s_);
  const std::uint32_t end_s = std::max(decision.end_s.value_or(at_s), results_.first_retained());
  NextLevel(std::clamp(end_s, level_begin_s_, at_s), at_s, now);
}

// Live edits.

Status Run::SetUsers(std::uint32_t users, double spawn_rate, Time now) {
  if (!std::holds_alternative<plan::Constant>(spec_.shape)) {
    return Invalid("only a run with a constant number of users can be edited");
  }
  if (plan_.iterations() > 0) return Invalid("a number of iterations is shared by all users");
  if (state_ != RunState::kStarting && state_ != RunState::kRunning) {
    return Invalid("the run is not under way");
  }
  if (!(spawn_rate > 0) || !std::isfinite(spawn_rate)) return Invalid("the spawn rate must be > 0");
  if (users > plan_.most_users() && HasUniqueData(spec_.scenario)) {
    return Invalid(
        absl::StrFormat("a data source is picked unique for at most %u users", plan_.most_users()));
  }
  const std::int64_t at = EarliestChange(now) * kSecondNs;
  StatusOr<plan::Plan> old = plan::Plan::Create(plan_);
  if (!old.ok()) return old.status();
  v1::Plan edited = plan_;
  edited.clear_points();
  for (const v1::Plan::Point& point : plan_.points()) {
    if (point.t_ns() < at) *edited.add_points() = point;
  }
  v1::Plan::Point& from = *edited.add_points();
  from.set_t_ns(at);
  from.set_users(old->UsersAt(Duration(at)));
  plan::AppendLevel(edited, Duration(at), users, spawn_rate);
  edited.set_most_users(std::max(edited.most_users(), users));
  if (Status status = plan::Plan::Create(edited).status(); !status.ok()) return status;
  plan_ = edited;
  LogInfo(absl::StrFormat("%u users from second %d on", users, at / kSecondNs));
  SendPlan(now);
  return Ok();
}

Status Run::SetRate(double rate, Time now) {
  const auto* arrivals = std::get_if<plan::Arrivals>(&spec_.shape);
  if (arrivals == nullptr || !arrivals->stages.empty()) {
    return Invalid("only a run with a constant rate of arrivals can be edited");
  }
  if (state_ != RunState::kStarting && state_ != RunState::kRunning) {
    return Invalid("the run is not under way");
  }
  if (!(rate > 0) || !std::isfinite(rate)) return Invalid("the rate must be > 0");
  const std::int64_t at = EarliestChange(now) * kSecondNs;
  v1::Plan edited = plan_;
  plan::AppendRate(edited, Duration(at), rate);
  if (Status status = plan::Plan::Create(edited).status(); !status.ok()) return status;
  plan_ = edited;
  LogInfo(absl::StrFormat("%g arrivals per second from second %d on", rate, at / kSecondNs));
  SendPlan(now);
  return Ok();
}

}  // namespace sfp::coordinator
