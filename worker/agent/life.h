#pragma once

// The inside of Agent: its state and its decisions, in two files. life.cc is about the link
// (joining, refusals, leaving), life_run.cc about the run (preparing, load, delivery).
//
// Thread: confined to the agent's loop.

#include <optional>
#include <string>

#include "worker/agent/agent.h"
#include "worker/agent/link.h"
#include "worker/agent/run.h"

namespace sfp::agent {

class Agent::Life {
 public:
  Life(AgentShell& shell, AgentOptions options, Time now);

  void OnConnected(Time now);
  void OnDisconnected(const std::string& reason, Time now);
  void OnRefused(const std::string& reason, Time now);
  void OnMessage(const v1::MasterMessage& message, Time now);
  void OnPrepared(std::uint64_t run, const Status& status, Time now);
  void OnInterval(std::uint32_t thread, stats::Interval interval, Time now);
  void OnEngineIdle(std::uint32_t thread, Time now);
  void OnClocks(Duration wall_ahead, const ClockChange& change);
  void OnReached(Time at) { link_.Reached(at); }
  void OnSignal(Time now);
  void Tick(Time now);

  State state() const;
  const Link& link() const { return link_; }
  const std::optional<Run>& run() const { return run_; }

 private:
  struct Exit {
    int code;
    std::string reason;
    Time at;  // even if the stream has not ended by then
  };

  // The link: life.cc.
  void Hello();
  void Welcome(const v1::Welcome& welcome, Time now);
  void Refused(const v1::Refused& refused, Time now);
  void Goodbye(const v1::Goodbye& goodbye, Time now);
  void Replaced(const v1::Replaced& replaced, Time now);
  void Obey(const v1::MasterMessage& message, Time now);
  void Pong(const v1::Ping& ping, Time now);
  // An orderly end: close the stream, then Exit.
  void Leave(int code, const std::string& reason, Time now);
  void Close();
  void ExitNow(int code, const std::string& reason);
  bool TickJoinTimeout(Time now);  // whether it is over
  void BeginLeaving(int code, const std::string& why, Duration patience, Time now);
  void TickLeaving(Time now);
  void SendLeaving();

  // The run: life_run.cc.
  void Prepare(const v1::Prepare& prepare, Time now);
  void Start(const v1::Start& start, Time now);
  void NewPlan(const v1::Plan& plan, Time now);
  void Acknowledged(const v1::Ack& ack, Time now);
  void Stop(const v1::Stop& stop, Time now);
  void Resume(const v1::Welcome& welcome, Time now);
  void Halt(const std::string& why);
  void MaybeStartAgain(Time now);
  void TickLease(Time now);  // pauses the users, or lets them go on
  bool MustPause(Time now) const;
  void Deliver(Time now);  // what the outbox lets go, and Finished behind the last acknowledgement
  void Finish(Time now);
  void SendPrepared();
  void Abandon(const std::string& why);
  void Impossible(const std::string& what);  // the master said what it cannot mean: a new stream

  AgentShell& shell_;
  const AgentOptions options_;
  Time with_master_;  // when it last was, or when it was born
  Link link_;
  std::optional<Run> run_;
  std::uint32_t index_ = 0;
  std::optional<Duration> wall_ahead_;  // of the monotonic clock
  bool ever_welcome_ = false;
  std::string last_trouble_;     // why there is no master, for the join timeout's message
  std::optional<Time> leaving_;  // since the first signal, or since it was replaced
  Duration patience_{0};         // to deliver what is left, once the engines are idle
  bool signalled_ = false;
  int leave_code_ = kExitDone;  // and how it ends when all is delivered
  std::string leave_why_;
  std::optional<Exit> exit_;  // decided, the stream is being closed
  bool exited_ = false;
};

}  // namespace sfp::agent
