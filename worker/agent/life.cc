#include "worker/agent/life.h"

#include <absl/strings/str_format.h>

#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace sfp::agent {
namespace {

constexpr std::uint32_t kProtocol = 2;
// For the stream to take what was sent, before the process ends anyway.
constexpr Duration kCloseTime = std::chrono::seconds(2);
// For the delivery of what is left after a signal, once the engines are idle; and for one that is
// replaced, which nobody kills after 30 s.
constexpr Duration kLeaveTime = std::chrono::seconds(10);
constexpr Duration kReplacedTime = std::chrono::minutes(5);

}  // namespace

Agent::Life::Life(AgentShell& shell, AgentOptions options, Time now)
    : shell_(shell),
      options_(std::move(options)),
      with_master_(now),
      link_(options_.session, now) {}

void Agent::Life::OnConnected(Time now) {
  if (exited_) return;
  link_.Opened(now);
  Hello();
}

void Agent::Life::OnDisconnected(const std::string& reason, Time now) {
  if (exited_) return;
  const bool was_welcome = link_.welcome();
  if (was_welcome) with_master_ = now;
  link_.Down(now);
  if (exit_) return ExitNow(exit_->code, exit_->reason);
  if (was_welcome || last_trouble_ != reason) {
    LogWarn(absl::StrFormat("no connection to the master: %s; trying again", reason));
  }
  last_trouble_ = reason;
}

void Agent::Life::OnRefused(const std::string& reason, Time now) {
  if (exited_ || exit_ || ever_welcome_) return OnDisconnected(reason, now);
  link_.Down(now);
  Abandon(reason);
  ExitNow(kExitRefused, reason);
}

void Agent::Life::Hello() {
  v1::WorkerMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol(kProtocol);
  hello.set_version(std::string(Version()));
  hello.set_session(options_.session);
  hello.set_name(options_.name);
  hello.set_threads(options_.threads);
  hello.set_max_users(options_.max_users);
  hello.set_local_ports(options_.local_ports);
  if (options_.place) hello.set_place(*options_.place);
  hello.set_memory_bytes(options_.memory_bytes);
  hello.set_token(options_.token);
  hello.set_run(run_ ? run_->id() : 0);
  shell_.Send(message);
}

void Agent::Life::OnMessage(const v1::MasterMessage& message, Time now) {
  if (exited_ || exit_ || !link_.open()) return;
  link_.Heard(now);
  Obey(message, now);
  TickLease(now);
}

void Agent::Life::Obey(const v1::MasterMessage& message, Time now) {
  switch (message.body_case()) {
    case v1::MasterMessage::kWelcome:
      return Welcome(message.welcome(), now);
    case v1::MasterMessage::kRefused:
      return Refused(message.refused(), now);
    case v1::MasterMessage::kPing:
      return Pong(message.ping(), now);
    case v1::MasterMessage::kPrepare:
      return Prepare(message.prepare(), now);
    case v1::MasterMessage::kStart:
      return Start(message.start(), now);
    case v1::MasterMessage::kPlan:
      return NewPlan(message.plan(), now);
    case v1::MasterMessage::kAck:
      return Acknowledged(message.ack(), now);
    case v1::MasterMessage::kStop:
      return Stop(message.stop(), now);
    case v1::MasterMessage::kGoodbye:
      return Goodbye(message.goodbye(), now);
    case v1::MasterMessage::kReplaced:
      return Replaced(message.replaced(), now);
    case v1::MasterMessage::BODY_NOT_SET:
      return;  // of a newer master: nothing that we must know
  }
}

void Agent::Life::Welcome(const v1::Welcome& welcome, Time now) {
  if (!ever_welcome_) {
    LogInfo(absl::StrFormat("joined the master (sfp %s) as worker %u", welcome.version(),
                            welcome.index()));
  } else if (!last_trouble_.empty()) {
    LogInfo(absl::StrFormat("joined the master again as worker %u", welcome.index()));
  }
  link_.Welcomed();
  ever_welcome_ = true;
  last_trouble_.clear();
  index_ = welcome.index();
  if (run_) Resume(welcome, now);
  if (leaving_ && link_.welcome()) SendLeaving();
}

void Agent::Life::Refused(const v1::Refused& refused, Time now) {
  last_trouble_ = "the master refuses this worker: " + refused.reason();
  if (refused.retry()) {
    LogWarn(last_trouble_ + "; trying again");
    link_.Slow();
    return Close();
  }
  Abandon(last_trouble_);
  Leave(kExitRefused, last_trouble_, now);
}

void Agent::Life::Goodbye(const v1::Goodbye& goodbye, Time now) {
  const std::string reason =
      goodbye.reason().empty() ? "the master is done" : "the master is done: " + goodbye.reason();
  Abandon(reason);
  Leave(kExitDone, reason, now);
}

void Agent::Life::Pong(const v1::Ping& ping, Time now) {
  if (ping.pong_ns() != 0) link_.Confirmed(std::min(now, Time(Duration(ping.pong_ns()))));
  v1::WorkerMessage message;
  message.mutable_pong()->set_master_ns(ping.master_ns());
  message.mutable_pong()->set_worker_ns(now.time_since_epoch().count());
  if (wall_ahead_) {
    message.mutable_pong()->set_wall_ns((now.time_since_epoch() + *wall_ahead_).count());
  }
  shell_.Send(message);
}

void Agent::Life::OnClocks(Duration wall_ahead, const ClockChange& change) {
  wall_ahead_ = wall_ahead;
  if (change.step != Duration(0)) {
    LogWarn(absl::StrFormat("the wall clock was stepped by %+.3f s: no figure uses it",
                            Seconds(change.step)));
  }
  if (change.suspended != Duration(0)) {
    LogWarn(absl::StrFormat("this machine was suspended for %.1f s", Seconds(change.suspended)));
  }
  if (run_) run_->Notice(change);
}

void Agent::Life::Leave(int code, const std::string& reason, Time now) {
  if (exit_) return;
  if (link_.state() == Link::State::kDown) return ExitNow(code, reason);
  exit_ = Exit{code, reason, now + kCloseTime};
  Close();
}

void Agent::Life::Close() {
  if (link_.state() == Link::State::kClosing) return;
  link_.Closing();
  shell_.Disconnect();
}

void Agent::Life::ExitNow(int code, const std::string& reason) {
  exited_ = true;
  shell_.Exit(code, reason);
}

void Agent::Life::SendLeaving() {
  v1::WorkerMessage message;
  message.mutable_leaving()->set_reason(leave_why_);
  shell_.Send(message);
}

void Agent::Life::OnSignal(Time now) {
  if (exited_) return;
  if (std::exchange(signalled_, true)) {
    Abandon("a second signal");
    return ExitNow(kExitInterrupted, "interrupted");
  }
  if (!leaving_) {
    return BeginLeaving(options_.drained_exit_code, "stopped by a signal", kLeaveTime, now);
  }
  leaving_ = now;  // replaced, and now there is less time
  patience_ = kLeaveTime;
}

void Agent::Life::Replaced(const v1::Replaced& replaced, Time now) {
  if (leaving_ && leave_code_ == kExitReplaced) return;
  BeginLeaving(kExitReplaced, "replaced: " + replaced.reason(),
               signalled_ ? kLeaveTime : kReplacedTime, now);
}

void Agent::Life::BeginLeaving(int code, const std::string& why, Duration patience, Time now) {
  leaving_ = now;
  patience_ = patience;
  leave_code_ = code;
  leave_why_ = why;
  if (exit_) return;
  // The master may have sent a Start that was lost: that nothing was measured has to be said.
  if (run_ && run_->phase == Run::Phase::kPrepared && link_.welcome()) Finish(now);
  if (link_.welcome()) SendLeaving();
  if (run_ && run_->engines_on) {
    LogInfo(why + ": users stop, what was measured is delivered");
    run_->phase = Run::Phase::kStopping;
    shell_.DrainEngines(options_.drain_limit);
  } else if (run_ && run_->outbox.recorded() > 0 && run_->phase != Run::Phase::kFinished) {
    Finish(now);  // halted, and now it will not start again
  }
  TickLeaving(now);
}

void Agent::Life::TickLeaving(Time now) {
  if (exit_ || (run_ && run_->engines_on)) return;
  const bool delivered = !run_ || run_->outbox.unacknowledged() == 0;
  const bool told = !run_ || run_->phase != Run::Phase::kFinished || run_->finished_sent;
  if (delivered && told) return Leave(leave_code_, leave_why_, now);
  const Time since = std::max(*leaving_, run_->idle_since);
  if (now - since > patience_) {
    Leave(kExitNoMaster,
          absl::StrFormat("%s; the master has not taken %u snapshots", leave_why_,
                          run_->outbox.unacknowledged()),
          now);
  }
}

void Agent::Life::Tick(Time now) {
  if (exited_) return;
  if (exit_) {
    if (now >= exit_->at) ExitNow(exit_->code, exit_->reason);
    return;
  }
  if (run_ && run_->phase == Run::Phase::kRunning && run_->engines_on && !run_->halted &&
      link_.Silence(now) > kMostSilence) {
    Halt("nothing heard from the master for " + HumanDuration(link_.Silence(now)));
  }
  TickLease(now);
  if (link_.Stale(now)) {
    link_.Closing();
    shell_.Break();
  }
  if (leaving_) {
    TickLeaving(now);
    if (exited_ || exit_) return;
  }
  if (TickJoinTimeout(now)) return;
  if (link_.Due(now)) {
    link_.Connecting();
    shell_.Connect();
  }
}

bool Agent::Life::TickJoinTimeout(Time now) {
  if (!options_.join_timeout || link_.welcome()) return false;
  if (now - with_master_ <= *options_.join_timeout) return false;
  std::string reason =
      absl::StrFormat("%s within %s", ever_welcome_ ? "no master again" : "not joined",
                      HumanDuration(*options_.join_timeout));
  if (!last_trouble_.empty()) reason += ": " + last_trouble_;
  if (run_ && run_->outbox.unacknowledged() > 0) {
    reason += absl::StrFormat(" (%u snapshots are lost)", run_->outbox.unacknowledged());
  }
  Leave(kExitNoMaster, reason, now);
  return true;
}

State Agent::Life::state() const {
  if (exited_) return State::kExited;
  if (!run_) return ever_welcome_ ? State::kReady : State::kJoining;
  switch (run_->phase) {
    case Run::Phase::kPreparing:
      return State::kPreparing;
    case Run::Phase::kPrepared:
      return State::kPrepared;
    case Run::Phase::kRunning:
      return State::kRunning;
    case Run::Phase::kStopping:
      return State::kStopping;
    case Run::Phase::kFinished:
      return State::kFinished;
  }
  return State::kReady;
}

}  // namespace sfp::agent
