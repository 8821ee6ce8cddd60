#pragma once

// A whole cluster in virtual time: the real Coordinator, real Agents with fake engines, a network
// that delays, cuts, swallows, says things twice and lets old streams linger, a disk that is slow,
// and a master that can be killed and resumed. Everything follows from the seed.
//
// Clocks: the simulation's time is the truth; the master's and each worker's monotonic clock are
// offset.
//
// Thread: confined to the test.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/plan/plan.h"
#include "common/stats/recorder.h"
#include "master/coordinator/coordinator.h"
#include "worker/agent/agent.h"

namespace sfp::test {

using coordinator::ConnectionId;

class Events {
 public:
  Duration now() const { return now_; }
  void At(Duration t, std::function<void()> call) { queue_.emplace(std::max(t, now_), call); }
  void In(Duration delay, std::function<void()> call) { At(now_ + delay, std::move(call)); }
  // Runs everything up to `t`.
  void RunTo(Duration t);

 private:
  Duration now_{0};
  std::multimap<Duration, std::function<void()>>
      queue_;  // equal times in the order of their making
};

// One thread's engine: counts what its users would do. Its numbers are random, and kept as the
// truth.
class FakeEngine {
 public:
  FakeEngine(std::uint32_t worker, std::uint32_t thread, std::uint32_t threads, Time start);

  std::uint32_t UsersAt(const plan::Plan& plan, Time now) const;
  void Work(Rng& rng, std::uint32_t users, Time now);
  // With a limited number of iterations: two more of each user that has any left.
  void Iterate(const plan::Plan& plan, Time now);
  bool Done(const plan::Plan& plan) const;
  stats::Interval Rotate(std::uint32_t index, std::uint32_t users, Time now) {
    return recorder_.Rotate(index, now, users);
  }

 private:
  bool IsOurs(const plan::Plan& plan, std::uint64_t user) const {
    return plan.OwnerOf(user) == worker_ && plan.ThreadOf(user, threads_) == thread_;
  }

  std::uint32_t worker_, thread_, threads_;
  std::map<std::uint64_t, std::uint64_t> iterations_;  // done, by user
  Time start_;
  stats::Recorder recorder_;
};

class Simulation;

class SimWorker final : public agent::AgentShell {
 public:
  SimWorker(Simulation& sim, std::uint64_t session, std::uint32_t threads, Duration clock_offset,
            std::optional<std::uint32_t> place);

  Time Clock() const;
  agent::Agent& agent() { return *agent_; }
  std::uint64_t session() const { return session_; }
  bool alive() const { return alive_; }
  std::optional<int> exit_code() const { return exit_code_; }
  const std::string& exit_reason() const { return exit_reason_; }
  // Users that run now, over all threads.
  std::uint32_t users() const;
  // Everything its engines counted and delivered to the agent.
  const v1::Totals& truth() const { return truth_; }
  // When its plan's time 0 is, in true time, and how often engines were started.
  std::optional<Duration> start() const { return start_; }
  int starts() const { return starts_; }
  std::optional<Duration> load_stopped() const { return load_stopped_; }
  std::uint32_t index() const { return index_; }

  void Tick();
  void Kill();  // as by kill -9
  // Its wall clock is stepped, its machine was suspended.
  void Step(Duration step, Duration suspended);
  Duration wall_offset{0};  // of its wall clock from the true one
  std::string prepare_error;

  // AgentShell
  void Connect() override;
  void Disconnect() override;
  void Send(const v1::WorkerMessage& message) override;
  void Prepare(const v1::Prepare& prepare, std::uint32_t worker) override;
  void StartEngines(const plan::Plan& plan, Time start) override;
  void UpdatePlan(const plan::Plan& plan) override { plan_ = plan; }
  void StopEngines() override;
  void DrainEngines(Duration) override { StopEngines(); }
  void AbandonEngines() override;
  void Exit(int code, const std::string& reason) override;

 private:
  friend class Simulation;
  void Second(std::uint64_t generation, std::uint32_t index);
  void Deliver(std::uint32_t index, bool last);
  void Idle(std::uint64_t generation);

  Simulation& sim_;
  std::uint64_t session_;
  std::uint32_t threads_;
  Duration clock_offset_;
  std::unique_ptr<agent::Agent> agent_;
  ConnectionId connection_ = 0;  // 0: none
  bool alive_ = true;
  std::optional<int> exit_code_;
  std::string exit_reason_;

  std::uint32_t index_ = 0;
  std::vector<FakeEngine> engines_;
  std::optional<plan::Plan> plan_;
  Time engine_start_{};
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  v1::Totals truth_;
  std::optional<Duration> start_;
  int starts_ = 0;
  std::optional<Duration> load_stopped_;
};

// What the network does to one worker's streams.
struct Path {
  Duration shortest = std::chrono::microseconds(100);
  Duration longest = std::chrono::milliseconds(5);
  Duration swallowed_until{0};     // nothing gets through before
  std::uint64_t one_in_twice = 0;  // so often a message comes twice; 0: never
};

// A journal whose records get safe a while after they were appended, in order. It outlives its
// master, without what was not safe yet.
struct SimDisk {
  std::vector<v1::JournalRecord> records;
  std::vector<Duration> safe_at;  // of each
  Duration delay{0};
  bool forgets = false;  // for long runs: records are safe at once and not kept
  std::uint64_t forgotten = 0;

  std::uint64_t Safe(Duration now) const {
    return static_cast<std::uint64_t>(std::upper_bound(safe_at.begin(), safe_at.end(), now) -
                                      safe_at.begin());
  }
};

class Simulation final : public coordinator::CoordinatorShell {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation();

  Events events;
  Rng rng;

  SimWorker& AddWorker(std::uint32_t threads = 1, Duration clock_offset = Duration(0),
                       std::optional<std::uint32_t> place = std::nullopt);
  std::vector<std::unique_ptr<SimWorker>>& workers() { return workers_; }
  Path& path(const SimWorker& worker) { return paths_[worker.session()]; }
  coordinator::Coordinator& master() { return *master_; }
  bool master_alive() const { return master_ != nullptr; }
  Time MasterClock() const;

  Status StartRun(coordinator::RunSpec spec);
  void RunFor(Duration d) { events.RunTo(events.now() + d); }
  // Until the run is over, at most so long.
  bool RunUntilOver(Duration limit);

  // The stream breaks; each side notices after its delay.
  void Cut(SimWorker& worker, Duration worker_notices, Duration master_notices);
  // Nothing gets through for so long; then what is under way arrives, unless it is cut.
  void Swallow(SimWorker& worker, Duration length);

  void StepMaster(Duration step);  // its wall clock

  // The worker gives its stream up; what it had sent before still arrives, so much later, whatever
  // comes on its next stream meanwhile.
  void Orphan(SimWorker& worker, Duration late);
  // As by kill -9: what was not safe is gone.
  void KillMaster();
  // Its loop is held up for so long: it neither hears nor says anything, while its machine's kernel
  // goes on.
  void StallMaster(Duration length);
  // Another one goes on with the run, on a clock of its own.
  Status ResumeMaster(coordinator::RunSpec spec);

  SimDisk disk;
  Duration tick = std::chrono::milliseconds(50);  // of the master and the workers

  const std::optional<coordinator::Outcome>& outcome() const { return outcome_; }
  const std::vector<v1::JournalRecord>& records() const { return disk.records; }
  // The plan that the master last announced, and the moment of its time 0 in true time.
  v1::Plan plan() const;
  std::uint32_t planned_users() const;
  std::uint32_t running_users() const;
  std::uint64_t refused() const { return refused_; }  // how many Refused were delivered

  // CoordinatorShell
  void Send(ConnectionId connection, const v1::MasterMessage& message) override;
  void Close(ConnectionId connection) override;
  std::string WallClock(Time) override { return "2026-11-23T10:00:00Z"; }
  void OnRunFinished(const coordinator::Outcome& outcome) override { outcome_ = outcome; }

 private:
  friend class SimWorker;
  struct Stream {
    SimWorker* worker = nullptr;
    bool worker_open = true;  // as each side sees it
    bool master_open = true;
    bool broken = false;    // nothing sent from now on arrives
    bool orphan = false;    // the worker has left it: what was sent arrives nevertheless
    Duration to_master{0};  // when the last message arrives: streams keep their order
    Duration to_worker{0};
  };

  Duration Arrival(const Stream& stream, Duration& last);
  void MasterTick();
  // At the first moment from now on at which the master's loop runs.
  void WhenMasterRuns(std::function<void()> call);
  void Acknowledge(SimWorker& worker, ConnectionId id);  // as TCP does
  void EndForWorker(ConnectionId id, const std::string& reason);
  void EndForMaster(ConnectionId id);
  bool Twice(const SimWorker& worker);

  std::unique_ptr<coordinator::Coordinator> master_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::map<std::uint64_t, Path> paths_;
  std::map<ConnectionId, Stream> streams_;
  ConnectionId next_connection_ = 1;
  Duration master_offset_;
  Duration stalled_until_{0};
  std::deque<std::function<void()>> held_up_;  // by the stall, in order
  Duration wall_offset_{0};
  std::optional<coordinator::Outcome> outcome_;
  std::uint64_t refused_ = 0;
};

// A run of so many users at once.
coordinator::RunSpec ConstantRun(std::uint32_t users, Duration run_time, std::uint32_t workers);

}  // namespace sfp::test
