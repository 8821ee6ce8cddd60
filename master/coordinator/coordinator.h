#pragma once

// The master's decisions: who is a worker, what run is on, who runs which users, what is
// acknowledged. The shells (master/control, master/app) carry messages and time; nothing in here
// reads a clock or a socket.
//
//   idle --StartRun--> waiting (for N workers) --> preparing (Prepare to all, all Prepared)
//        --> starting (Start, ~0.5 s ahead, on each worker's clock) --> running
//        --> stopping (plan's end, last level, StopRun; Finished from each, for a bounded time)
//        --> finished
//
//   ResumeRun --> resuming (until its workers are back) --> running
//
// Invariants
// * A snapshot is applied once, in order, and is in the journal before its Ack is sent, unless the
//   journal cannot be written or is 3 s behind: then the run goes on in memory and says so.
// * A worker keeps its index for as long as a run knows its session.
// * A worker of which nothing is heard for 2.5 s, or whose stream is closed for 1 s, is lost: its
//   entries of the owner table go to the others in a new revision of the plan. When it comes back
//   it gets them again.
// * An impossible message closes its own stream and bans its session from the run; nobody else
//   notices.
// * Memory: bounded by the number of workers and by what results::Results keeps.
//
// The shell calls Tick at least every 50 ms, and nothing from inside a call of the
// CoordinatorShell. Time is the master's monotonic clock.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock_watch.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "master/coordinator/journal.h"
#include "master/coordinator/resumption.h"
#include "master/coordinator/run_spec.h"
#include "master/results/results.h"
#include "sfp/v1/control.pb.h"

namespace sfp::coordinator {

using ConnectionId = std::uint64_t;

inline constexpr std::uint32_t kProtocol = 2;

// What the coordinator wants done. No call may call back into it before it returns.
class CoordinatorShell {
 public:
  virtual void Send(ConnectionId connection, const v1::MasterMessage& message) = 0;
  // End the stream once what was sent is out. OnDisconnect may follow or not.
  virtual void Close(ConnectionId connection) = 0;
  // The RFC 3339 text of a moment on the master's monotonic clock.
  virtual std::string WallClock(Time t) = 0;
  // The run's last call; results() stays until the next StartRun, which may not be called from in
  // here.
  virtual void OnRunFinished(const Outcome& outcome) = 0;

 protected:
  ~CoordinatorShell() = default;
};

struct CoordinatorOptions {
  std::function<bool(const std::string&)> token_fits;  // null: none is asked for
  std::uint32_t most_workers = 1000;
};

struct WorkerView {
  std::uint32_t index = 0;
  std::string name;
  std::string peer;
  std::uint32_t threads = 0;
  bool connected = false;
  bool in_run = false;
  bool lost = false;
  Duration round_trip{0};               // the shortest of the last pings
  Duration clock_offset{0};             // worker's clock - master's clock
  std::optional<Duration> wall_offset;  // the same of the wall clocks, which no figure uses
  Time heard{};                         // its last sign of life
};

class Coordinator {
 public:
  Coordinator(CoordinatorShell& shell, CoordinatorOptions options);
  ~Coordinator();

  void OnConnect(ConnectionId connection, const std::string& peer, Time now);
  // Takes a snapshot out of its message, and leaves an older one's memory there.
  void OnMessage(ConnectionId connection, v1::WorkerMessage& message, Time now);
  void OnMessage(ConnectionId connection, const v1::WorkerMessage& message, Time now);
  void OnDisconnect(ConnectionId connection, Time now);
  void Tick(Time now);
  // Each second: how far the wall clock is ahead of the monotonic one, and what was noticed since
  // the last call.
  void OnClocks(Duration wall_ahead, const ClockChange& change, Time now);

  // Refused while a run is on, or if the spec cannot be (no endpoints, a plan that Plan::Create
  // refuses).
  Status StartRun(RunSpec spec, std::unique_ptr<Journal> journal, Time now);
  // Goes on with a run whose master was killed: waits for its workers, then finishes the rest of
  // the plan. The spec is made from the same configuration, the journal goes on behind its last
  // record.
  Status ResumeRun(RunSpec spec, Resumption from, std::unique_ptr<Journal> journal, Time now);
  // Stops the load; the run ends when all delivered. A second call ends it at once. Without a run:
  // nothing.
  void StopRun(const std::string& why, Time now);
  // A Constant run only: from the next whole second but one on, so many users, reached at this
  // rate.
  Status SetUsers(std::uint32_t users, double spawn_rate, Time now);
  // Arrivals at a constant rate only: from the next whole second but one on, this rate.
  Status SetRate(double rate, Time now);
  // Live figures (results::Results::window) count from now. Without a run: nothing.
  void ResetWindow();
  // Goodbye to all: the workers exit 0. No worker is accepted any more.
  void SayGoodbye(const std::string& reason);

  RunState state() const;
  Progress ProgressAt(Time now) const;
  std::vector<WorkerView> workers() const;
  // Of the run under way or the last one; null before the first.
  const results::Results* results() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace sfp::coordinator
