#include "master/coordinator/run.h"

#include <absl/strings/str_format.h>

#include <cmath>
#include <utility>

#include "common/base/log.h"

namespace sfp::coordinator {

Run::Run(RunSpec spec, std::unique_ptr<Journal> journal, Registry& registry,
         CoordinatorShell& shell, Time now)
    : spec_(std::move(spec)),
      journal_(std::move(journal)),
      registry_(registry),
      shell_(shell),
      waiting_since_(now),
      say_missing_at_(now + kSayMissing) {
  plan_ = plan::Compile(spec_.shape);
  plan_.set_revision(1);
}

bool Run::Write(v1::JournalRecord& record, Time now) {
  record.set_t_ns((now - start_).count());
  if (Status status = results_.Apply(record); !status.ok()) {
    if (!over()) Finish(Outcome::Kind::kIncomplete, Message(Annotate(status, "journal")), now);
    return false;
  }
  journal_->Append(record);
  return true;
}

void Run::WriteJoined(const Worker& worker, bool again, Time now) {
  WriteRecord(now, [&](v1::JournalRecord& record) {
    v1::WorkerJoined& joined = *record.mutable_joined();
    joined.set_index(worker.index);
    joined.set_name(worker.name);
    joined.set_threads(worker.threads);
    joined.set_again(again);
    joined.set_session(worker.session);
    if (worker.replaces) joined.set_replaces(*worker.replaces);
    if (worker.place) joined.set_place(*worker.place);
    if (worker.wall_offset) joined.set_wall_offset_ns(worker.wall_offset->count());
  });
  if (!again && worker.wall_offset && results::IsWrongWallClock(*worker.wall_offset)) {
    LogWarn(absl::StrFormat("%s: its wall clock is %.1f s %s the master's; no figure uses it",
                            NameOf(worker), std::abs(Seconds(*worker.wall_offset)),
                            *worker.wall_offset > Duration(0) ? "ahead of" : "behind"));
  }
}

void Run::OnClocksChanged(const ClockChange& change, Time now) {
  if (!started_ || over()) return;
  if (change.step != Duration(0)) {
    LogWarn(absl::StrFormat("the master's wall clock was stepped by %+.3f s: no figure uses it",
                            Seconds(change.step)));
  }
  if (change.suspended != Duration(0)) {
    LogWarn(absl::StrFormat("the master's machine was suspended for %.1f s",
                            Seconds(change.suspended)));
  }
  WriteRecord(now, [&](v1::JournalRecord& record) {
    record.mutable_clock_changed()->set_step_ns(change.step.count());
    record.mutable_clock_changed()->set_suspended_ns(change.suspended.count());
  });
}

void Run::AckWhatIsSafe(Time now) {
  const std::uint64_t safe = journal_->safe();
  std::map<std::uint32_t, std::uint64_t> sequences;  // by worker
  const auto take = [&] {
    sequences[unsafe_.front().worker] = unsafe_.front().sequence;
    unsafe_.pop_front();
  };
  while (!unsafe_.empty() && unsafe_.front().record <= safe) take();
  if (journal_late_ && safe == journal_->appended()) {
    LogInfo("the journal is complete again");
    journal_late_ = false;
  } else if (!journal_late_ && !unsafe_.empty()) {
    const std::string trouble = journal_->trouble();
    if (!trouble.empty() || now - unsafe_.front().since > kJournalPatience) {
      LogError("the journal is incomplete: " + (trouble.empty() ? kTooSlow : trouble) +
               "; results stay in memory, the run goes on");
      journal_late_ = true;
    }
  }
  while (journal_late_ && !unsafe_.empty()) take();
  v1::MasterMessage message;
  message.mutable_ack()->set_run(spec_.run);
  for (const auto& [index, sequence] : sequences) {
    parts_.at(index).acked = sequence;
    message.mutable_ack()->set_sequence(sequence);
    Send(*registry_.ByIndex(index), message);
  }
}

void Run::Send(const Worker& worker, const v1::MasterMessage& message) {
  if (worker.connection) shell_.Send(*worker.connection, message);
}

Run::Part* Run::PartOf(const Worker& worker) {
  const auto found = parts_.find(worker.index);
  return found == parts_.end() ? nullptr : &found->second;
}

std::vector<plan::Share> Run::SharesOf(bool present_only) const {
  std::vector<plan::Share> shares;
  for (const auto& [index, part] : parts_) {
    if (part.left || part.stage == Stage::kInvited) continue;
    if (present_only && !part.present()) continue;
    shares.push_back({index, registry_.ByIndex(index)->threads});
  }
  return shares;
}

// Streams.

StatusOr<Run::Known> Run::OnHello(const Worker& worker, std::uint64_t hello_run) {
  Part* part = PartOf(worker);
  if (part == nullptr || over()) return Known{};
  part->knows = hello_run == spec_.run;
  if (part->knows) return Known{spec_.run, part->acked};
  if (part->inbox.applied() > 0 || part->stage == Stage::kFinished) {
    return Invalid("it dropped a run that it took part in; start it anew");
  }
  // It never had the Prepare, or gave the run up before it measured anything.
  if (part->stage == Stage::kPrepared) part->stage = Stage::kInvited;
  return Known{};
}

void Run::OnWelcome(Worker& worker, Time now) {
  if (over()) return;
  Part* part = PartOf(worker);
  if (part == nullptr) {
    if (state_ == RunState::kPreparing || state_ == RunState::kStarting ||
        state_ == RunState::kRunning || state_ == RunState::kResuming) {
      Invite(worker, now);
    }
    return;
  }
  if (part->left || (part->knows && state_ == RunState::kResuming)) return;
  if (!part->knows) return SendPrepare(worker);
  if (part->lost) return Return(worker, *part, now);
  if (part->stage == Stage::kStarted) SendAll(worker);
}

void Run::SendAll(const Worker& worker) {
  v1::MasterMessage message;
  *message.mutable_plan() = plan_;
  Send(worker, message);
  SendStart(worker);
  if (stop_sent_) SendStop(worker);
}

void Run::OnHeard(Worker& worker, Time now) {
  Part* part = PartOf(worker);
  if (part != nullptr && part->lost && !over()) Return(worker, *part, now);
}

// What workers say.

Status Run::OnPrepared(Worker& worker, const v1::Prepared& prepared, Time now) {
  if (prepared.run() != spec_.run || over()) return Ok();  // of a run before
  Part* part = PartOf(worker);
  if (part == nullptr) return Invalid("prepared a run to which it was not invited");
  if (prepared.error().empty()) {
    part->knows = true;
    if (part->stage == Stage::kInvited) part->stage = Stage::kPrepared;
    // It missed the start.
    if (part->stage == Stage::kStarted && state_ != RunState::kResuming) SendAll(worker);
    return Ok();
  }
  const std::string why = NameOf(worker) + " cannot prepare the run: " + prepared.error();
  if (started_) {
    LogWarn(why);
    if (part->stage == Stage::kInvited) parts_.erase(worker.index);
  } else {
    Finish(Outcome::Kind::kFailed, why, now);
  }
  return Ok();
}

void Run::WarnOfClocks(const Worker& worker, const v1::Snapshot& snapshot) {
  if (snapshot.clock_step_ns() != 0) {
    LogWarn(absl::StrFormat("%s: its wall clock was stepped by %+.3f s; no figure uses it",
                            NameOf(worker), Seconds(Duration(snapshot.clock_step_ns()))));
  }
  if (snapshot.suspended_ns() != 0) {
    LogWarn(absl::StrFormat("%s: its machine was suspended for %.1f s", NameOf(worker),
                            Seconds(Duration(snapshot.suspended_ns()))));
  }
}

Status Run::OnSnapshot(Worker& worker, v1::Snapshot& snapshot, Time now) {
  if (snapshot.run() != spec_.run || over()) return Ok();  // the run is over: it will be told so
  Part* part = PartOf(worker);
  if (part == nullptr || part->stage == Stage::kInvited || part->stage == Stage::kPrepared) {
    return Invalid("a snapshot of a run that it has not started");
  }
  if (snapshot.session() != worker.session) return Invalid("a snapshot of another session");
  switch (part->inbox.Judge(snapshot.sequence())) {
    case session::Inbox::Verdict::kGap:
      return Invalid(
          absl::StrFormat("snapshot %u came after %u", snapshot.sequence(), part->inbox.applied()));
    case session::Inbox::Verdict::kDuplicate:
      break;
    case session::Inbox::Verdict::kNext: {
      const std::uint64_t sequence = snapshot.sequence();
      WarnOfClocks(worker, snapshot);
      v1::JournalRecord& record = snapshot_record_;
      record.set_t_ns((now - start_).count());
      record.mutable_snapshot()->set_worker(worker.index);
      record.mutable_snapshot()->mutable_snapshot()->Swap(&snapshot);
      if (Status status = results_.Apply(record); !status.ok()) return status;
      journal_->Append(record);
      part->inbox.Accept();
      unsafe_.push_back({journal_->appended(), worker.index, sequence, now});
      AckWhatIsSafe(now);
      return Ok();
    }
  }
  v1::MasterMessage message;
  message.mutable_ack()->set_run(spec_.run);
  message.mutable_ack()->set_sequence(part->acked);
  Send(worker, message);
  return Ok();
}

Status Run::OnFinished(Worker& worker, const v1::Finished& finished, Time now) {
  if (finished.run() != spec_.run || over()) return Ok();
  Part* part = PartOf(worker);
  if (part == nullptr) return Invalid("finished a run in which it takes no part");
  if (part->stage == Stage::kFinished) return Ok();  // said again on a new stream
  if (finished.snapshots() != part->inbox.applied()) {
    return Invalid(absl::StrFormat("finished after %u snapshots, of which %u came",
                                   finished.snapshots(), part->inbox.applied()));
  }
  if (part->stage != Stage::kStarted) return Ok();  // stopped before the start
  const v1::Totals ours = results_.workers().at(worker.index).totals;
  if (!stats::SameTotals(finished.totals(), ours)) {
    totals_differ_ = true;
    LogError(absl::StrFormat(
        "TOTALS DIFFER: %s counted %u requests started, %u succeeded, %u failed (digest %016x); "
        "here are %u, %u, %u (%016x)",
        NameOf(worker), finished.totals().started(), finished.totals().succeeded(),
        finished.totals().failed(), finished.totals().digest(), ours.started(), ours.succeeded(),
        ours.failed(), ours.digest()));
  }
  part->stage = Stage::kFinished;
  WriteRecord(now, [&](v1::JournalRecord& record) {
    record.mutable_finished()->set_worker(worker.index);
    *record.mutable_finished()->mutable_theirs() = finished.totals();
    *record.mutable_finished()->mutable_ours() = ours;
  });
  return Ok();
}

void Run::OnLeaving(Worker& worker, const std::string& reason, Time now) {
  Part* part = PartOf(worker);
  if (part == nullptr || part->left || over()) return;
  LogInfo(NameOf(worker) + " leaves the run: " + reason);
  if (part->stage == Stage::kInvited || part->stage == Stage::kPrepared) {
    if (part->joining) {  // it has measured nothing, and that is all
      WriteRecord(now, [&](v1::JournalRecord& record) {
        record.mutable_finished()->set_worker(worker.index);
      });
    }
    parts_.erase(worker.index);
    return;
  }
  part->left = true;
  owners_changed_ = true;
}

void Run::OnReplaced(Worker& worker, Time now) { OnLeaving(worker, "it is replaced", now); }

void Run::OnBanned(Worker& worker, Time now) {
  Part* part = PartOf(worker);
  if (part == nullptr || over()) return;
  if (part->stage == Stage::kStarted && !part->lost) {
    Lose(worker, *part, "sent an impossible message", now);
  } else if (!started_) {
    parts_.erase(worker.index);
  }
}

}  // namespace sfp::coordinator
