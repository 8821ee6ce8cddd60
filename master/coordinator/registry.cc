#include "master/coordinator/registry.h"

#include "common/base/check.h"

namespace sfp::coordinator {
namespace {

template <typename Map>
auto Find(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &*found->second;
}

}  // namespace

std::string NameOf(const Worker& worker) {
  return "worker " + std::to_string(worker.index) + " (" + worker.name + ")";
}

Worker* Registry::BySession(std::uint64_t session) { return Find(by_session_, session); }
Worker* Registry::ByConnection(ConnectionId connection) { return Find(by_connection_, connection); }
Worker* Registry::ByIndex(std::uint32_t index) { return Find(workers_, index); }

Worker* Registry::InPlace(std::uint32_t place) {
  for (const auto& [index, worker] : workers_) {
    if (worker->place == place && !worker->replaced) return worker.get();
  }
  return nullptr;
}

Worker& Registry::Add(std::uint64_t session, std::optional<std::uint32_t> place) {
  std::uint32_t index = place && !workers_.contains(*place) ? *place : 0;
  while (workers_.contains(index)) ++index;
  Worker& worker = Insert(index, session);
  worker.place = place;
  return worker;
}

Worker& Registry::Restore(std::uint32_t index, std::uint64_t session, Time now) {
  SFP_CHECK(!workers_.contains(index));
  Worker& worker = Insert(index, session);
  worker.last_heard = worker.gone = now;
  return worker;
}

Worker& Registry::Insert(std::uint32_t index, std::uint64_t session) {
  Worker& worker = *(workers_[index] = std::make_unique<Worker>());
  worker.index = index;
  worker.session = session;
  by_session_[session] = &worker;
  return worker;
}

void Registry::Attach(Worker& worker, ConnectionId connection) {
  if (worker.connection) by_connection_.erase(*worker.connection);
  worker.connection = connection;
  by_connection_[connection] = &worker;
}

void Registry::Detach(Worker& worker, Time now) {
  if (!worker.connection) return;
  by_connection_.erase(*worker.connection);
  worker.connection.reset();
  worker.gone = now;
  worker.clock.Forget();
}

void Registry::Forget(std::uint32_t index) {
  const auto found = workers_.find(index);
  if (found == workers_.end()) return;
  if (found->second->connection) by_connection_.erase(*found->second->connection);
  by_session_.erase(found->second->session);
  workers_.erase(found);
}

}  // namespace sfp::coordinator
