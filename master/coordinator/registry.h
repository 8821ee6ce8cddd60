#pragma once

// Who the workers are: identity, stream, clock. What they do in a run is Run's.
//
// A session keeps its index over reconnections; an index is given to another session only when its
// worker has been forgotten.
//
// A place is a number that a worker was given from outside, such as the index of its pod. Two
// sessions in one place are one worker started twice, or started again: the newer counts, the older
// is replaced.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/time.h"
#include "master/coordinator/clock_offset.h"
#include "master/coordinator/coordinator.h"

namespace sfp::coordinator {

struct Worker {
  std::uint32_t index = 0;
  std::uint64_t session = 0;
  std::string name;
  std::string peer;
  std::uint32_t threads = 1;
  std::uint64_t max_users = 0;
  std::uint64_t local_ports = 0;
  std::uint64_t memory_bytes = 0;
  std::optional<std::uint32_t> place;
  bool replaced = false;                  // a newer one is in its place
  std::optional<std::uint32_t> replaces;  // the index of the one that was in this place before
  std::optional<ConnectionId> connection;
  Time last_heard{};
  Time gone{};  // when the last stream ended
  ClockOffset clock;
  std::int64_t pong_ns = 0;             // of its newest Pong, on its clock
  std::optional<Duration> wall_offset;  // its wall clock - ours
  Time next_ping{};
};

// "worker 2 (name)", for the log.
std::string NameOf(const Worker& worker);

class Registry {
 public:
  Worker* BySession(std::uint64_t session);
  Worker* ByConnection(ConnectionId connection);
  Worker* ByIndex(std::uint32_t index);
  // Who is in this place and was not replaced.
  Worker* InPlace(std::uint32_t place);

  // A new session: its place is its index if that is free, else it is the lowest free one.
  Worker& Add(std::uint64_t session, std::optional<std::uint32_t> place = std::nullopt);
  // A session that had this index with an earlier master, without a stream. The index is free.
  Worker& Restore(std::uint32_t index, std::uint64_t session, Time now);
  void Attach(Worker& worker, ConnectionId connection);
  void Detach(Worker& worker, Time now);
  void Forget(std::uint32_t index);

  // By index.
  const std::map<std::uint32_t, std::unique_ptr<Worker>>& workers() const { return workers_; }
  std::uint32_t connected() const { return static_cast<std::uint32_t>(by_connection_.size()); }

 private:
  Worker& Insert(std::uint32_t index, std::uint64_t session);

  std::map<std::uint32_t, std::unique_ptr<Worker>> workers_;
  std::map<std::uint64_t, Worker*> by_session_;
  std::map<ConnectionId, Worker*> by_connection_;
};

}  // namespace sfp::coordinator
