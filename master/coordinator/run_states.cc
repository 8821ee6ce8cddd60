#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "master/coordinator/run.h"

namespace sfp::coordinator {

namespace {

// A thousand workers need not all be named.
std::string Shortened(std::vector<std::string> names) {
  constexpr std::size_t kMost = 20;
  const std::size_t more = names.size() - std::min(names.size(), kMost);
  names.resize(names.size() - more);
  return absl::StrJoin(names, ", ") + (more > 0 ? absl::StrFormat(" and %u more", more) : "");
}

}  // namespace

void Run::Tick(Time now) {
  if (!over()) AckWhatIsSafe(now);
  switch (state_) {
    case RunState::kWaiting:
      return TickWaiting(now);
    case RunState::kPreparing:
      return TickPreparing(now);
    case RunState::kStarting:
    case RunState::kRunning:
      return TickRunning(now);
    case RunState::kStopping:
      return TickStopping(now);
    case RunState::kResuming:
      return TickResuming(now);
    case RunState::kIdle:
    case RunState::kFinished:
      return;
  }
}

void Run::TickWaiting(Time now) {
  const std::uint32_t here = registry_.connected();
  if (here >= spec_.workers) {
    state_ = RunState::kPreparing;
    LogInfo(absl::StrFormat("%u of %u workers joined; preparing", here, spec_.workers));
    for (const auto& [index, worker] : registry_.workers()) {
      if (worker->connection && !parts_.contains(index)) Invite(*worker, now);
    }
    return;
  }
  if (spec_.workers_timeout && now - waiting_since_ >= *spec_.workers_timeout) {
    Finish(Outcome::Kind::kIncomplete,
           absl::StrFormat("%u of %u workers joined within %s: %s", here, spec_.workers,
                           FormatDuration(*spec_.workers_timeout), WhoIsMissing()),
           now);
  } else if (now >= say_missing_at_) {
    say_missing_at_ = now + kSayMissingEvery;
    LogWarn(
        absl::StrFormat("%u of %u workers have joined: %s", here, spec_.workers, WhoIsMissing()));
  }
}

// "2 missing, with index 1, 3; here: worker-0 (index 0), worker-2 (index 2)". Without indices only
// how many.
std::string Run::WhoIsMissing() const {
  std::vector<std::string> here, missing;
  std::set<std::uint32_t> places;
  for (const auto& [index, worker] : registry_.workers()) {
    if (!worker->connection) continue;
    if (worker->place) places.insert(*worker->place);
    here.push_back(worker->name);
  }
  for (std::uint32_t i = 0; i < spec_.workers && !places.empty(); ++i) {
    if (!places.contains(i)) missing.push_back(std::to_string(i));
  }
  std::string text =
      absl::StrFormat("%u missing", spec_.workers - std::min(spec_.workers, registry_.connected()));
  if (places.size() == here.size() && !missing.empty()) {
    text += ", with index " + Shortened(std::move(missing));
  }
  return here.empty() ? text + ", nobody is here" : text + "; here: " + Shortened(std::move(here));
}

void Run::Invite(Worker& worker, Time now) {
  parts_[worker.index] = Part{.invited = now};
  SendPrepare(worker);
}

void Run::SendPrepare(const Worker& worker) {
  v1::MasterMessage message;
  v1::Prepare& prepare = *message.mutable_prepare();
  prepare.set_run(spec_.run);
  prepare.set_seed(spec_.seed);
  *prepare.mutable_scenario() = spec_.scenario;
  *prepare.mutable_plan() = plan_;
  if (prepare.plan().owners().empty()) prepare.mutable_plan()->add_owners(worker.index);
  prepare.set_stop_timeout_ns(spec_.stop_timeout.count());
  Send(worker, message);
}

void Run::TickPreparing(Time now) {
  bool all = true;
  for (auto it = parts_.begin(); it != parts_.end();) {
    const Worker& worker = *registry_.ByIndex(it->first);
    const bool gone =
        worker.connection ? now - worker.last_heard > kReturn : now - worker.gone > kResumption;
    const bool late =
        it->second.stage == Stage::kInvited && now - it->second.invited > kPrepareTime;
    if (gone || late) {
      LogWarn(NameOf(worker) + (gone ? " went away" : " does not get prepared") +
              " before the start");
      it = parts_.erase(it);
      continue;
    }
    all = all && it->second.stage == Stage::kPrepared && worker.connection && worker.clock.good();
    ++it;
  }
  if (parts_.size() < spec_.workers) {
    state_ = RunState::kWaiting;
    waiting_since_ = now;
    say_missing_at_ = now + kSayMissing;
  } else if (all) {
    BeginStart(now);
  }
}

// The part of the users that has a connection at a time. Those that close theirs while they think
// have one during requests only, and then how long the server takes decides, which nobody knows
// yet: what goes beyond a limit fails then, and says so.
double Run::ConnectedPart() const {
  const v1::Connections& connections = spec_.scenario.target().connections();
  if (!(spec_.think_time_s > 0)) return 1;
  if (connections.one_request()) return 0;
  if (connections.idle_ttl_ns() <= 0) return 1;
  return std::min(1.0, Seconds(Duration(connections.idle_ttl_ns())) / spec_.think_time_s);
}

// Which worker may not open the connections of its share, and how many it needs; empty if none.
std::string Run::Overburdened() const {
  const v1::Connections& connections = spec_.scenario.target().connections();
  const std::uint64_t sources = std::max(1, connections.source_addresses_size());
  for (const auto& [index, part] : parts_) {
    const Worker& worker = *registry_.ByIndex(index);
    double share = static_cast<double>(plan::CountOf(home_, index)) /
                   static_cast<double>(home_.size()) * plan_.most_users();
    share = connections.shared() > 0 ? std::min<double>(share, connections.shared())
                                     : share * ConnectedPart();
    const std::uint64_t ports = worker.local_ports * sources;
    if (worker.max_users > 0 && std::floor(share) > static_cast<double>(worker.max_users)) {
      return absl::StrFormat(
          "%s can have %u connections, its share of %u users needs %.0f: raise its limit of open "
          "file descriptors (ulimit -n), or add workers",
          NameOf(worker), worker.max_users, plan_.most_users(), share);
    }
    if (ports > 0 && std::floor(share) > static_cast<double>(ports)) {
      return absl::StrFormat(
          "%s has local ports for %u connections, its share of %u users needs %.0f: give it "
          "target.connections.source_addresses, widen net.ipv4.ip_local_port_range, or add workers",
          NameOf(worker), ports, plan_.most_users(), share);
    }
  }
  return "";
}

// Which worker's memory its share will hardly fit into; empty if none. An estimate: the run goes
// on.
std::string Run::ShortOfMemory() const {
  // Measured: an idle user with its connection; the program before its first user. Bodies come on
  // top.
  const bool tls = spec_.scenario.target().url().starts_with("https:");
  const double per_user = tls ? 28e3 : 2e3, program = 40e6;
  for (const auto& [index, part] : parts_) {
    const Worker& worker = *registry_.ByIndex(index);
    const double share = static_cast<double>(plan::CountOf(home_, index)) /
                         static_cast<double>(home_.size()) * plan_.most_users();
    const double needed = program + share * per_user;
    if (worker.memory_bytes == 0 || needed <= static_cast<double>(worker.memory_bytes)) continue;
    return absl::StrFormat(
        "%s may use %.0f MB of memory, its share of %u users needs about %.0f MB: it may be "
        "killed; "
        "raise its limit, or add workers",
        NameOf(worker), static_cast<double>(worker.memory_bytes) / 1e6, plan_.most_users(),
        needed / 1e6);
  }
  return "";
}

void Run::BeginStart(Time now) {
  home_ = plan::BuildOwners(SharesOf(false));
  if (const std::string why = Overburdened(); !why.empty()) {
    Finish(Outcome::Kind::kFailed, why, now);
    return;
  }
  if (const std::string warning = ShortOfMemory(); !warning.empty()) LogWarn(warning);
  start_ = now + kLead;
  started_ = true;
  state_ = RunState::kStarting;
  const bool written = WriteRecord(now, [&](v1::JournalRecord& record) {
    v1::RunStarted& run = *record.mutable_run();
    run.set_run(spec_.run);
    run.set_id(spec_.id);
    run.set_name(spec_.name);
    run.set_seed(spec_.seed);
    run.set_started_at(shell_.WallClock(start_));
    run.set_target(spec_.target);
    run.set_sfp_version(std::string(Version()));
    run.mutable_endpoints()->Add(spec_.endpoints.begin(), spec_.endpoints.end());
    run.set_resolved_config(spec_.resolved_config);
    run.mutable_threshold_rules()->Add(spec_.thresholds.begin(), spec_.thresholds.end());
    run.set_think_time_s(spec_.think_time_s);
    run.set_iterations(plan_.iterations());
    if (spec_.declared_pool) run.set_declared_pool(*spec_.declared_pool);
    run.set_start_ns(start_.time_since_epoch().count());
    run.set_clock(spec_.clock);
    if (spec_.scenario_think_time_s) {
      run.set_probe(true);
      run.set_scenario_think_time_s(*spec_.scenario_think_time_s);
    }
    const auto* sweep = std::get_if<plan::Sweep>(&spec_.shape);
    if (sweep != nullptr && sweep->find) *run.mutable_find() = GoalOf(*sweep);
  });
  if (!written) return;
  LogInfo(absl::StrFormat("%u workers are ready; the run starts", parts_.size()));
  for (auto& [index, part] : parts_) {
    Worker& worker = *registry_.ByIndex(index);
    if (worker.clock.round_trip() > std::chrono::milliseconds(40)) {
      LogWarn(absl::StrFormat("%s: its clock is known to %s only", NameOf(worker),
                              HumanDuration(worker.clock.round_trip() / 2)));
    }
    part.stage = Stage::kStarted;
    WriteJoined(worker, false, now);
    if (over()) return;
  }
  if (spec_.levels != nullptr) BeginLevel(spec_.levels->Next({}).value_or(1), 0, now);
  if (over()) return;
  SendPlan(now);
  // Nobody waits for the master yet, and a run that the journal does not know cannot be resumed.
  journal_->Flush(kLastFlush);
  for (const auto& [index, part] : parts_) SendStart(*registry_.ByIndex(index));
}

void Run::SendStart(const Worker& worker) {
  v1::MasterMessage message;
  message.mutable_start()->set_run(spec_.run);
  message.mutable_start()->set_start_ns(worker.clock.ToWorkerNs(start_));
  Send(worker, message);
}

void Run::SendStop(const Worker& worker) {
  v1::MasterMessage message;
  message.mutable_stop()->set_run(spec_.run);
  Send(worker, message);
}

void Run::TickRunning(Time now) {
  if (state_ == RunState::kStarting && now >= start_) state_ = RunState::kRunning;
  for (auto& [index, part] : parts_) {
    // A newcomer has no part in a number of iterations.
    if (part.stage != Stage::kPrepared || plan_.iterations() > 0) continue;
    Worker& worker = *registry_.ByIndex(index);
    if (worker.connection && worker.clock.good()) JoinLate(worker, part, now);
    if (over()) return;
  }
  if (now >= next_look_) {
    next_look_ = now + kBetweenLooks;
    TickLost(now);
    if (over()) return;
  }
  if ((plan_.end_ns() > 0 && now >= start_ + Duration(plan_.end_ns())) || IterationsAreOver(now)) {
    state_ = RunState::kStopping;
    stopping_since_ = now;
    return;
  }
  if (AskThresholds(now)) return;
  if (spec_.levels != nullptr) TickLevels(now);
  if (!over()) TickPlan(now);
}

// True: the run is stopping.
bool Run::AskThresholds(Time now) {
  const std::optional<std::uint32_t> complete = results_.complete_second();
  if (!spec_.abort_when || !complete || watched_ > *complete) return false;
  watched_ = *complete + 1;
  const std::optional<Abort> abort = spec_.abort_when(results_);
  if (!abort) return false;
  aborted_by_ = abort->check;
  Stop(abort->why, now);
  return true;
}

// Each worker ends by itself when its users have done their parts. One that is lost may come back.
bool Run::IterationsAreOver(Time now) const {
  if (plan_.iterations() == 0 || state_ != RunState::kRunning) return false;
  return std::none_of(parts_.begin(), parts_.end(), [&](const auto& entry) {
    const Part& part = entry.second;
    if (!part.awaited()) return false;
    const Worker& worker = *registry_.ByIndex(entry.first);
    const bool away = part.lost || (part.left && !worker.connection);
    return !away || now - std::max(part.lost_since, worker.gone) < kReturn;
  });
}

void Run::Stop(const std::string& why, Time now) {
  if (over()) return;
  if (!started_ || stop_why_) {
    for (const auto& [index, part] : parts_) SendStop(*registry_.ByIndex(index));
    stop_why_ = why;
    aborted_by_.clear();
    return Finish(Outcome::Kind::kInterrupted, why, now);
  }
  stop_why_ = why;
  LogInfo("stopping: " + why);
  if (!WriteRecord(now, [&](v1::JournalRecord& record) {
        record.mutable_stopping()->set_why(why);
        record.mutable_stopping()->set_aborted_by(aborted_by_);
      })) {
    return;
  }
  if (state_ == RunState::kResuming) return GoOn(now);
  if (spec_.levels != nullptr && !last_level_ended_) {
    const auto second = static_cast<std::uint32_t>(std::max(0.0, Seconds(now - start_)));
    last_level_ended_ = true;
    if (!CloseLevel(std::max(second, level_begin_s_), now)) return;
  }
  if (state_ != RunState::kStopping) {
    state_ = RunState::kStopping;
    stopping_since_ = now;
  }
  StopAll(now);
}

void Run::StopAll(Time) {
  stop_sent_ = true;
  for (const auto& [index, part] : parts_) {
    if (part.stage == Stage::kStarted) SendStop(*registry_.ByIndex(index));
  }
}

void Run::TickStopping(Time now) {
  // The workers know the plan's end themselves; this is for one that was away or restarted
  // meanwhile.
  if (!stop_sent_ && now - stopping_since_ > std::chrono::seconds(1)) StopAll(now);
  TickLost(now);
  if (over()) return;
  std::uint32_t missing = 0;
  bool waiting = false;
  for (const auto& [index, part] : parts_) {
    if (!part.awaited()) continue;
    ++missing;
    const Worker& worker = *registry_.ByIndex(index);
    const Time since = std::max(part.lost_since, worker.gone);
    const bool away = part.lost || (part.left && !worker.connection);
    if (!away || now - since < kReturn) waiting = true;
  }
  const bool too_late = now - stopping_since_ > spec_.stop_timeout + kStopMargin;
  if (missing > 0 && waiting && !too_late) return;
  if (stop_why_ && aborted_by_.empty()) {
    return Finish(Outcome::Kind::kInterrupted, *stop_why_, now);
  }
  if (stop_why_ && missing == 0) return Finish(Outcome::Kind::kDone, *stop_why_, now);
  if (missing == 0) return Finish(Outcome::Kind::kDone, "", now);
  Finish(Outcome::Kind::kIncomplete,
         absl::StrFormat("%u of %u workers did not deliver all that they measured", missing,
                         parts_.size()),
         now);
}

void Run::Finish(Outcome::Kind kind, const std::string& reason, Time now) {
  SFP_CHECK(!over());
  std::string why = reason;
  if (started_ && kind != Outcome::Kind::kInterrupted && aborted_by_.empty() &&
      results_.iterations() < plan_.iterations()) {
    kind = Outcome::Kind::kIncomplete;
    why += absl::StrFormat("%s%d of %d iterations were done", why.empty() ? "" : "; ",
                           results_.iterations(), plan_.iterations());
  }
  state_ = RunState::kFinished;
  Outcome outcome{.kind = kind, .why = why, .started = started_, .totals_differ = totals_differ_};
  if (started_) {
    for (const auto& [index, part] : parts_) outcome.missing_workers += part.awaited();
  } else if (kind == Outcome::Kind::kIncomplete) {
    outcome.missing_workers = spec_.workers - std::min(spec_.workers, registry_.connected());
  }
  for (const auto& [index, part] : parts_) {
    if (part.stage != Stage::kFinished) SendStop(*registry_.ByIndex(index));
  }
  if (started_) {
    if (!journal_->Flush(kLastFlush)) {
      const std::string trouble = journal_->trouble();
      outcome.journal = trouble.empty() ? kTooSlow : trouble;
      LogError("the journal is incomplete: " + outcome.journal);
    }
    AckWhatIsSafe(now);
    WriteRecord(now, [&](v1::JournalRecord& record) {
      record.mutable_ended()->set_interrupted(kind == Outcome::Kind::kInterrupted);
      record.mutable_ended()->set_why(why);
      record.mutable_ended()->set_kind(static_cast<std::uint32_t>(kind));
      record.mutable_ended()->set_aborted_by(aborted_by_);
      record.mutable_ended()->set_missing_workers(outcome.missing_workers);
      record.mutable_ended()->set_journal(outcome.journal);
    });
  }
  shell_.OnRunFinished(outcome);
}

}  // namespace sfp::coordinator
