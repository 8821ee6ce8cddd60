#pragma once

// The worker's life: join the master, prepare, run, deliver, wait for the next run. It decides; the
// shell (worker/app) connects, compiles, runs the engines' threads and calls back.
//
//   joining --Welcome--> ready --Prepare--> preparing --Prepared, Start--> running
//           --Stop | plan's end--> stopping --all engines idle, Finished--> ready
//           (until Prepare of the next run, or Goodbye: exit 0)
//
// * A lost connection is taken up again, after 0.1 s … 2 s, until the join timeout is over since
//   the worker was last with its master. The engines run on meanwhile
//   and their snapshots wait in the outbox; what the master had not acknowledged is sent again.
// * Dead man's switch: nothing heard from the master for 10 s while running stops all load at once.
//   When the master is back and still has the run, the engines start again, their clock unchanged.
// * A signal, or a newer worker in its place (Replaced), ends it: its users stop, what it measured
//   is delivered. Requests under way may end within the drain limit, and are in flight then.
// * Lease: where others can take the users over, a worker that cannot know whether its master still
//   hears it pauses them after 3 s, about when the others get them. Its engines stay on; the users
//   go on with the master's next sign of having heard (README.md).
// * A refusal without `retry` ends the worker with its reason; one by the connection (certificates)
//   does so before the first Welcome, later it is taken for an accident of the network.
//
// The shell calls Tick at least every 50 ms, each event on the same loop, and never from inside a
// call of the AgentShell. Time is the worker's monotonic clock.
//
// Thread: confined to the worker's control loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock_watch.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "common/plan/plan.h"
#include "common/stats/interval.h"
#include "sfp/v1/control.pb.h"

namespace sfp::agent {

// What the agent wants done. No call may call back into the agent before it returns.
class AgentShell {
 public:
  // Begin one attempt to connect: OnConnected or OnDisconnected follows. Never called while one is
  // open.
  virtual void Connect() = 0;
  // End the stream once what was sent is out: OnDisconnected follows. Does nothing without a
  // stream.
  virtual void Disconnect() = 0;
  // The same for a stream on which nothing comes any more: without waiting for what was sent.
  virtual void Break() { Disconnect(); }
  virtual void Send(const v1::WorkerMessage& message) = 0;

  // Compile the scenario and resolve the target, answered by OnPrepared. `worker` is this worker's
  // index in the owner table. A second one before the answer replaces the first.
  virtual void Prepare(const v1::Prepare& prepare, std::uint32_t worker) = 0;
  // One engine per thread, all with this start: time 0 of the plan and of the intervals. It lies in
  // the past for a worker that joins late or starts again; seconds before now are then left out.
  // Each engine's intervals come by OnInterval in order, then OnEngineIdle.
  virtual void StartEngines(const plan::Plan& plan, Time start) = 0;
  virtual void UpdatePlan(const plan::Plan& plan) = 0;
  // Memory for that thread's engine to use again (Engine::Recycle). Need not be done.
  virtual void Recycle(std::uint32_t, stats::Interval) {}
  // Engine::Stop on each; may be called again.
  virtual void StopEngines() = 0;
  // Stop, and whatever is under way after so long is reported as in flight.
  virtual void DrainEngines(Duration limit) = 0;
  // Throw the engines and the prepared run away; nothing more is heard of them.
  virtual void AbandonEngines() = 0;

  // The last call. `reason` is one line for people.
  virtual void Exit(int code, const std::string& reason) = 0;

 protected:
  ~AgentShell() = default;
};

// Exit codes of a worker.
inline constexpr int kExitDone = 0;      // Goodbye; by default a signal and everything delivered
inline constexpr int kExitRefused = 2;   // the master will not have it
inline constexpr int kExitNoMaster = 3;  // join timeout, or gone before all was delivered
inline constexpr int kExitReplaced = 4;  // a newer worker has its place
inline constexpr int kExitInterrupted = 130;  // a second signal

struct AgentOptions {
  std::uint64_t session = 0;  // random, never 0
  std::string name;
  std::uint32_t threads = 1;
  std::uint64_t max_users = 0;    // 0: not known
  std::uint64_t local_ports = 0;  // 0: not known
  std::string token;
  std::optional<std::uint32_t> place;  // its number from outside
  std::uint64_t memory_bytes = 0;      // 0: not known
  // Without a master for so long; absent: for ever.
  std::optional<Duration> join_timeout;
  int drained_exit_code = kExitDone;     // after a signal, when all was delivered
  Duration drain_limit{20'000'000'000};  // from a signal to the end of requests under way
};

enum class State {
  kJoining,
  kReady,
  kPreparing,
  kPrepared,
  kRunning,
  kStopping,
  kFinished,
  kExited
};

class Agent {
 public:
  Agent(AgentShell& shell, AgentOptions options, Time now);  // Connect is called by the first Tick
  ~Agent();

  void OnConnected(Time now);
  void OnDisconnected(const std::string& reason, Time now);
  // The same, and trying again cannot help: whoever was never welcome gives up.
  void OnRefused(const std::string& reason, Time now);
  void OnMessage(const v1::MasterMessage& message, Time now);

  void OnPrepared(std::uint64_t run, const Status& status, Time now);
  // From the engine of `thread` (0 … threads - 1), each thread's intervals in order.
  void OnInterval(std::uint32_t thread, stats::Interval interval, Time now);
  void OnEngineIdle(std::uint32_t thread, Time now);

  // Each second: how far the wall clock is ahead of the monotonic one, and what was noticed since
  // the last call. It goes to the master and into no figure.
  void OnClocks(Duration wall_ahead, const ClockChange& change);
  // The newest moment at which the master's machine is known to have answered, if only its kernel.
  void OnReached(Time at);
  // Leave: stop the users, deliver everything, exit. A second one exits at once.
  void OnSignal(Time now);
  void Tick(Time now);

  State state() const;
  bool connected() const;              // welcomed, and the stream is up
  std::uint64_t run() const;           // 0: none
  std::size_t unacknowledged() const;  // snapshots

 private:
  class Life;
  std::unique_ptr<Life> life_;
};

}  // namespace sfp::agent
