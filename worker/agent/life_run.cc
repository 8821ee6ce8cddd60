#include <absl/strings/str_format.h>

#include <utility>

#include "common/base/log.h"
#include "worker/agent/life.h"

namespace sfp::agent {

void Agent::Life::Prepare(const v1::Prepare& prepare, Time) {
  if (run_ && run_->id() == prepare.run()) {  // the first one did arrive: only its answer was lost
    if (run_->phase == Run::Phase::kPrepared || run_->refused) SendPrepared();
    return;
  }
  if (leaving_) return;
  Abandon("the master begins another run");
  StatusOr<plan::Plan> plan = plan::Plan::Create(prepare.plan());
  if (!plan.ok()) return Impossible(Message(Annotate(plan.status(), "plan")));
  run_.emplace(prepare.run(), options_.session, options_.threads, *std::move(plan));
  run_->shared = run_->plan.IsSharedBy(index_);
  LogInfo("preparing the run");
  shell_.Prepare(prepare, index_);
}

void Agent::Life::OnPrepared(std::uint64_t run, const Status& status, Time) {
  if (exited_ || !run_ || run_->id() != run || run_->phase != Run::Phase::kPreparing) return;
  if (status.ok()) {
    run_->phase = Run::Phase::kPrepared;
  } else {
    run_->refused = Message(status);
    LogError("cannot prepare the run: " + *run_->refused);
  }
  SendPrepared();
}

void Agent::Life::SendPrepared() {
  if (!link_.welcome()) return;  // Resume says it again
  v1::WorkerMessage message;
  message.mutable_prepared()->set_run(run_->id());
  message.mutable_prepared()->set_error(run_->refused.value_or(""));
  shell_.Send(message);
}

void Agent::Life::Resume(const v1::Welcome& welcome, Time now) {
  if (welcome.run() != run_->id()) return Abandon("the master does not have this run any more");
  if (Status status = run_->outbox.Resume(welcome.sequence()); !status.ok()) {
    return Impossible(Message(status));
  }
  run_->finished_sent = false;
  if (run_->phase == Run::Phase::kPrepared || run_->refused) SendPrepared();
  Deliver(now);
}

void Agent::Life::Start(const v1::Start& start, Time now) {
  if (!run_ || run_->id() != start.run()) return;
  if (run_->phase == Run::Phase::kPrepared) {
    run_->phase = Run::Phase::kRunning;
    run_->start = Time(Duration(start.start_ns()));
    run_->engines_on = true;
    run_->merger.Begin();
    LogInfo("the run starts");
    shell_.StartEngines(run_->ToFollow(index_), run_->start);
  } else if (run_->halted) {
    run_->wanted_again = true;
    MaybeStartAgain(now);
  }
}

void Agent::Life::MaybeStartAgain(Time now) {
  // Only with an empty outbox: a master that does not take what there is shall not cause more.
  if (!run_->halted || !run_->wanted_again || run_->engines_on) return;
  if (run_->phase != Run::Phase::kRunning || run_->outbox.unacknowledged() > 0) return;
  run_->halted = run_->wanted_again = false;
  if (run_->PlanIsOver(now)) return Finish(now);
  if (run_->plan.iterations()) {
    LogWarn("the master is back: users do not start again, they would repeat iterations");
    return Finish(now);
  }
  LogInfo("the master is back: users start again");
  run_->engines_on = true;
  run_->merger.Begin();
  run_->paused = MustPause(now);
  shell_.StartEngines(run_->ToFollow(index_), run_->start);
}

bool Agent::Life::MustPause(Time now) const {
  return run_->shared && !run_->plan.iterations() && link_.LeaseIsOut(now);
}

void Agent::Life::TickLease(Time now) {
  if (!run_ || run_->phase != Run::Phase::kRunning || !run_->engines_on || run_->halted) return;
  const bool pause = MustPause(now);
  if (pause) run_->Paused(now);
  if (pause == run_->paused) return;
  run_->paused = pause;
  if (pause) {
    LogWarn("the master may not hear this worker: its users pause, others take them over");
  } else {
    LogInfo("the master hears this worker again: its users go on");
  }
  shell_.UpdatePlan(run_->ToFollow(index_));
}

void Agent::Life::NewPlan(const v1::Plan& proto, Time now) {
  if (!run_ || run_->phase == Run::Phase::kFinished) return;
  if (proto.revision() <= run_->plan.revision()) return;
  StatusOr<plan::Plan> plan = plan::Plan::Create(proto);
  if (!plan.ok()) return Impossible(Message(Annotate(plan.status(), "plan")));
  if ((plan->rate() != nullptr) != (run_->plan.rate() != nullptr)) {
    return Impossible("a plan of another kind");
  }
  run_->plan = *std::move(plan);
  // Who is away now may come back, or only be away from here: once shared, always shared.
  run_->shared = run_->shared || run_->plan.IsSharedBy(index_);
  if (run_->phase != Run::Phase::kRunning || !run_->engines_on) return;
  run_->paused = run_->paused && MustPause(now);
  shell_.UpdatePlan(run_->ToFollow(index_));
}

void Agent::Life::Acknowledged(const v1::Ack& ack, Time now) {
  if (!run_ || run_->id() != ack.run()) return;
  if (Status status = run_->outbox.Acknowledge(ack.sequence()); !status.ok()) {
    return Impossible(Message(status));
  }
  if (run_->halted && run_->outbox.unacknowledged() == 0) MaybeStartAgain(now);
  Deliver(now);
}

void Agent::Life::Stop(const v1::Stop& stop, Time now) {
  if (!run_ || run_->id() != stop.run() || run_->phase == Run::Phase::kFinished) return;
  run_->phase = Run::Phase::kStopping;
  if (run_->engines_on) {
    shell_.StopEngines();
  } else {
    Finish(now);
  }
}

void Agent::Life::Halt(const std::string& why) {
  LogError(why + ": all load stops");
  run_->halted = true;
  run_->paused = false;
  run_->wanted_again = false;
  shell_.StopEngines();
}

void Agent::Life::OnInterval(std::uint32_t thread, stats::Interval interval, Time now) {
  if (exited_ || !run_ || !run_->engines_on) return;
  run_->Record(run_->merger.Add(thread, std::move(interval)));
  if (auto spare = run_->merger.TakeSpare()) shell_.Recycle(thread, *std::move(spare));
  if (run_->outbox.full() && !run_->halted && run_->phase == Run::Phase::kRunning) {
    Halt("the master does not take what was measured");
    run_->wanted_again = true;
  }
  Deliver(now);
}

void Agent::Life::OnEngineIdle(std::uint32_t thread, Time now) {
  if (exited_ || !run_ || !run_->engines_on) return;
  run_->Record(run_->merger.Idle(thread));
  if (!run_->merger.AllIdle()) return Deliver(now);
  run_->engines_on = false;
  run_->idle_since = now;
  if (run_->halted && run_->phase == Run::Phase::kRunning) {
    MaybeStartAgain(now);
    return Deliver(now);
  }
  Finish(now);
}

void Agent::Life::Finish(Time now) {
  run_->phase = Run::Phase::kFinished;
  run_->idle_since = now;
  run_->RecordLast();
  LogInfo("the run is over here");
  Deliver(now);
}

void Agent::Life::Deliver(Time) {
  if (!link_.welcome()) return;
  v1::WorkerMessage message;
  while (const v1::Snapshot* next = run_->outbox.Next()) {
    *message.mutable_snapshot() = *next;
    shell_.Send(message);
  }
  if (run_->phase != Run::Phase::kFinished || run_->finished_sent) return;
  if (run_->outbox.unacknowledged() > 0) return;
  run_->finished_sent = true;
  v1::Finished& finished = *message.mutable_finished();
  finished.set_run(run_->id());
  finished.set_snapshots(run_->outbox.recorded());
  *finished.mutable_totals() = run_->totals();
  shell_.Send(message);
}

void Agent::Life::Abandon(const std::string& why) {
  if (!run_) return;
  if (run_->phase != Run::Phase::kFinished || run_->outbox.unacknowledged() > 0) {
    LogWarn(absl::StrFormat("the run is given up: %s (%u snapshots not delivered)", why,
                            run_->outbox.unacknowledged()));
  }
  shell_.AbandonEngines();
  run_.reset();
}

void Agent::Life::Impossible(const std::string& what) {
  LogError("the master cannot mean this: " + what);
  Abandon("the master and this worker disagree");
  Close();
}

}  // namespace sfp::agent
