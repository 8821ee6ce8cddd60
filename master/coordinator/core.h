#pragma once

// The inside of Coordinator: connections that have not said Hello, the registry, pings, the run.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "common/base/refusal_log.h"
#include "master/coordinator/coordinator.h"
#include "master/coordinator/registry.h"
#include "master/coordinator/run.h"

namespace sfp::coordinator {

class Coordinator::Core {
 public:
  Core(CoordinatorShell& shell, CoordinatorOptions options)
      : shell_(shell), options_(std::move(options)) {}

  void OnConnect(ConnectionId connection, const std::string& peer, Time now);
  // Takes the snapshot out of the message.
  void OnMessage(ConnectionId connection, v1::WorkerMessage& message, Time now);
  void OnDisconnect(ConnectionId connection, Time now);
  void Tick(Time now);
  void OnClocks(Duration wall_ahead, const ClockChange& change, Time now);

  Status StartRun(RunSpec spec, std::unique_ptr<Journal> journal, Time now);
  Status ResumeRun(RunSpec spec, Resumption from, std::unique_ptr<Journal> journal, Time now);
  void SayGoodbye(const std::string& reason);

  Run* run() const { return run_.get(); }
  const Registry& registry() const { return registry_; }
  bool RunIsOn() const { return run_ != nullptr && !run_->over(); }

 private:
  struct Stranger {  // no Hello yet
    std::string peer;
    Time since;
  };

  void Hello(ConnectionId connection, const v1::Hello& hello, Time now);
  // Why this worker cannot be taken, or empty; `retry` if it may be later.
  std::string Objection(const v1::Hello& hello, bool& retry);
  void Refuse(ConnectionId connection, const std::string& who, const std::string& reason,
              bool retry, Time now);
  Status FromWorker(Worker& worker, v1::WorkerMessage& message, Time now);
  void OnPong(Worker& worker, const v1::Pong& pong, Time now);
  void Ban(Worker& worker, const std::string& what, Time now);
  void Ping(Worker& worker, Time now);
  // Whoever is in this place has to go; what the newcomer replaces in the run, if anything.
  std::optional<std::uint32_t> Vacate(std::uint32_t place, const std::string& newcomer, Time now);
  void TellReplaced(const Worker& worker);
  void ForgetOld(Time now);
  void ForgiveOwnLateness(Time now);

  CoordinatorShell& shell_;
  const CoordinatorOptions options_;
  Registry registry_;
  std::map<ConnectionId, Stranger> strangers_;
  RefusalLog refusals_;
  std::set<std::uint64_t> banned_;    // sessions, until the next run
  std::set<std::uint64_t> replaced_;  // sessions, for good
  std::unique_ptr<Run> run_;
  std::optional<std::string> goodbye_;
  std::optional<Time> last_tick_;
  Time next_forgetting_{};
  std::optional<Duration> wall_ahead_;  // of the monotonic clock
};

}  // namespace sfp::coordinator
