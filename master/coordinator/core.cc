#include "master/coordinator/core.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "common/base/log.h"
#include "common/base/text.h"

namespace sfp::coordinator {
namespace {

constexpr Duration kHelloTime = std::chrono::seconds(10);
// With many workers less often: pings and pongs would be most of what is said. A worker's lease needs
// two in 3 s.
constexpr Duration kPingEvery = std::chrono::milliseconds(500);
constexpr Duration kPingAtLeastEvery = std::chrono::seconds(1);
constexpr Duration kBetweenPings = std::chrono::milliseconds(1);  // of any two workers
constexpr std::size_t kQuickPings = 8;  // one after another when a stream begins
constexpr Duration kBetweenForgetting = std::chrono::seconds(1);
constexpr Duration kRemember = std::chrono::seconds(60);    // a worker that is away, without a run
constexpr Duration kLate = std::chrono::milliseconds(200);  // of a tick
constexpr std::uint32_t kMostThreads = 4096;
constexpr std::size_t kLongestName = 64;

// A name stands in logs and reports: plain characters, not too many.
std::string CleanName(const std::string& name) {
  std::string clean = stats::CleanMessage(name).substr(0, kLongestName);
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e;
      },
      '?');
  return clean.empty() ? "?" : clean;
}

}  // namespace

void Coordinator::Core::OnConnect(ConnectionId connection, const std::string& peer, Time now) {
  if (strangers_.size() >= options_.most_workers) return shell_.Close(connection);
  strangers_[connection] = {peer, now};
}

void Coordinator::Core::OnDisconnect(ConnectionId connection, Time now) {
  strangers_.erase(connection);
  if (Worker* worker = registry_.ByConnection(connection)) registry_.Detach(*worker, now);
}

void Coordinator::Core::OnMessage(ConnectionId connection, v1::WorkerMessage& message, Time now) {
  if (const auto stranger = strangers_.find(connection); stranger != strangers_.end()) {
    if (message.has_hello()) return Hello(connection, message.hello(), now);
    Refuse(connection, stranger->second.peer, "the first message must be Hello", false, now);
    return;
  }
  Worker* worker = registry_.ByConnection(connection);
  if (worker == nullptr) return;  // closed by us, its last messages still arrive
  worker->last_heard = now;
  if (RunIsOn()) run_->OnHeard(*worker, now);
  if (Status status = FromWorker(*worker, message, now); !status.ok()) {
    Ban(*worker, Message(status), now);
  }
}

Status Coordinator::Core::FromWorker(Worker& worker, v1::WorkerMessage& message, Time now) {
  switch (message.body_case()) {
    case v1::WorkerMessage::kHello:
      return Invalid("a second Hello on one stream");
    case v1::WorkerMessage::kPong:
      OnPong(worker, message.pong(), now);
      return Ok();
    case v1::WorkerMessage::kPrepared:
      return run_ ? run_->OnPrepared(worker, message.prepared(), now) : Ok();
    case v1::WorkerMessage::kSnapshot:
      return run_ ? run_->OnSnapshot(worker, *message.mutable_snapshot(), now) : Ok();
    case v1::WorkerMessage::kFinished:
      return run_ ? run_->OnFinished(worker, message.finished(), now) : Ok();
    case v1::WorkerMessage::kLeaving:
      if (run_) run_->OnLeaving(worker, stats::CleanMessage(message.leaving().reason()), now);
      return Ok();
    case v1::WorkerMessage::BODY_NOT_SET:
      return Invalid("an empty message");
  }
  return Ok();
}

void Coordinator::Core::OnPong(Worker& worker, const v1::Pong& pong, Time now) {
  if (!worker.clock.Received(pong.master_ns(), pong.worker_ns(), now)) return;
  worker.pong_ns = pong.worker_ns();
  if (pong.wall_ns() != 0 && wall_ahead_) {
    // Both wall clocks at the moment of the answer. In unsigned arithmetic: the worker's numbers
    // may be anything.
    const auto offset = static_cast<std::uint64_t>(pong.wall_ns()) -
                        static_cast<std::uint64_t>(pong.worker_ns()) +
                        static_cast<std::uint64_t>(worker.clock.offset().count()) -
                        static_cast<std::uint64_t>(wall_ahead_->count());
    worker.wall_offset = Duration(static_cast<std::int64_t>(offset));
  }
  if (worker.clock.samples() < kQuickPings) Ping(worker, now);
}

void Coordinator::Core::OnClocks(Duration wall_ahead, const ClockChange& change, Time now) {
  wall_ahead_ = wall_ahead;
  if (RunIsOn() && change.any()) run_->OnClocksChanged(change, now);
}

std::string Coordinator::Core::Objection(const v1::Hello& hello, bool& retry) {
  retry = false;
  if (options_.token_fits && !options_.token_fits(hello.token())) {
    return std::string(hello.token().empty() ? "it has no join token"
                                             : "its join token is not the master's") +
           ": give the worker --token-file or SFP_TOKEN with the master's";
  }
  if (hello.protocol() != kProtocol || hello.version() != Version()) {
    return absl::StrFormat("the worker is sfp %s (protocol %u), the master is sfp %s (protocol %u)",
                           stats::CleanMessage(hello.version()).substr(0, kLongestName),
                           hello.protocol(), std::string(Version()), kProtocol);
  }
  if (hello.session() == 0) return "a worker needs a session";
  if (hello.threads() == 0 || hello.threads() > kMostThreads) {
    return absl::StrFormat("a worker cannot have %u threads", hello.threads());
  }
  if (banned_.contains(hello.session())) return "it sent an impossible message before";
  if (goodbye_) return "the master is done";
  if (replaced_.contains(hello.session()) && registry_.BySession(hello.session()) == nullptr) {
    return "a newer worker has its place";
  }
  if (registry_.BySession(hello.session()) == nullptr &&
      registry_.workers().size() >= options_.most_workers) {
    retry = true;
    return absl::StrFormat("there are %u workers already", registry_.workers().size());
  }
  return "";
}

void Coordinator::Core::Hello(ConnectionId connection, const v1::Hello& hello, Time now) {
  const std::string peer = strangers_[connection].peer;
  bool retry = false;
  if (const std::string reason = Objection(hello, retry); !reason.empty()) {
    return Refuse(connection, peer, reason, retry, now);
  }
  Worker* known = registry_.BySession(hello.session());
  Run::Known resumed;
  if (known != nullptr && run_) {
    StatusOr<Run::Known> result = run_->OnHello(*known, hello.run());
    if (!result.ok()) return Refuse(connection, peer, Message(result.status()), false, now);
    resumed = *result;
  }
  const std::optional<std::uint32_t> place =
      hello.has_place() ? std::optional(hello.place()) : std::nullopt;
  std::optional<std::uint32_t> replaces;
  if (known == nullptr && place) replaces = Vacate(*place, CleanName(hello.name()), now);
  Worker& worker = known != nullptr ? *known : registry_.Add(hello.session(), place);
  if (known == nullptr) worker.replaces = replaces;
  strangers_.erase(connection);
  if (worker.connection) shell_.Close(*worker.connection);  // it has given that one up
  registry_.Attach(worker, connection);
  worker.clock.Forget();
  worker.name = CleanName(hello.name());
  worker.peer = peer;
  worker.threads = hello.threads();
  worker.max_users = hello.max_users();
  worker.local_ports = hello.local_ports();
  worker.memory_bytes = hello.memory_bytes();
  if (place) worker.place = place;
  worker.last_heard = now;
  if (known == nullptr) {
    LogInfo(absl::StrFormat("worker %u (%s, %s, %u threads) joined", worker.index, worker.name,
                            peer, worker.threads));
  }
  v1::MasterMessage message;
  message.mutable_welcome()->set_index(worker.index);
  message.mutable_welcome()->set_version(std::string(Version()));
  message.mutable_welcome()->set_run(resumed.run);
  message.mutable_welcome()->set_sequence(resumed.sequence);
  shell_.Send(connection, message);
  Ping(worker, now);
  if (RunIsOn()) run_->OnWelcome(worker, now);
  if (worker.replaced) TellReplaced(worker);
}

std::optional<std::uint32_t> Coordinator::Core::Vacate(std::uint32_t place,
                                                       const std::string& newcomer, Time now) {
  Worker* older = registry_.InPlace(place);
  if (older == nullptr) return std::nullopt;
  older->replaced = true;
  replaced_.insert(older->session);
  const std::string line =
      absl::StrFormat("%s has come in place %u of %s", newcomer, place, NameOf(*older));
  older->connection ? LogWarn(line + ", which is told to stop") : LogInfo(line);
  TellReplaced(*older);
  if (RunIsOn()) run_->OnReplaced(*older, now);
  if (RunIsOn() && run_->TakesPart(older->index)) return older->index;  // it has to deliver
  const std::optional<std::uint32_t> chain = older->replaces;
  if (older->connection) shell_.Close(*older->connection);
  registry_.Forget(older->index);
  return chain;
}

void Coordinator::Core::TellReplaced(const Worker& worker) {
  if (!worker.connection) return;
  v1::MasterMessage message;
  message.mutable_replaced()->set_reason(
      absl::StrFormat("a newer worker has joined with --index %u", worker.place.value_or(0)));
  shell_.Send(*worker.connection, message);
}

void Coordinator::Core::Refuse(ConnectionId connection, const std::string& who,
                               const std::string& reason, bool retry, Time now) {
  // A worker's name has no colon; an address has one before its port.
  const auto line = refusals_.Note(who.substr(0, who.rfind(':')), who, reason, now);
  if (line) LogWarn(*line);
  v1::MasterMessage message;
  message.mutable_refused()->set_reason(reason);
  message.mutable_refused()->set_retry(retry);
  shell_.Send(connection, message);
  shell_.Close(connection);
  strangers_.erase(connection);
}

void Coordinator::Core::Ban(Worker& worker, const std::string& what, Time now) {
  if (!worker.connection) return;
  banned_.insert(worker.session);
  const ConnectionId connection = *worker.connection;
  registry_.Detach(worker, now);
  Refuse(connection, NameOf(worker), "an impossible message: " + what, false, now);
  if (RunIsOn()) run_->OnBanned(worker, now);
}

void Coordinator::Core::Ping(Worker& worker, Time now) {
  worker.next_ping = now + std::clamp<Duration>(registry_.connected() * kBetweenPings, kPingEvery,
                                                kPingAtLeastEvery);
  worker.clock.Sent(now);
  v1::MasterMessage message;
  message.mutable_ping()->set_master_ns(now.time_since_epoch().count());
  message.mutable_ping()->set_pong_ns(worker.pong_ns);
  shell_.Send(*worker.connection, message);
}

// What the workers said while this loop was held up waits behind this tick: the time is not theirs.
void Coordinator::Core::ForgiveOwnLateness(Time now) {
  const Duration late = now - last_tick_.value_or(now);
  last_tick_ = now;
  if (late < kLate) return;
  for (const auto& [index, worker] : registry_.workers()) {
    worker->last_heard = std::min(now, worker->last_heard + late);
  }
}

void Coordinator::Core::Tick(Time now) {
  ForgiveOwnLateness(now);
  for (const auto& [index, worker] : registry_.workers()) {
    if (worker->connection && now >= worker->next_ping) Ping(*worker, now);
  }
  std::vector<ConnectionId> silent;
  for (const auto& [connection, stranger] : strangers_) {
    if (now - stranger.since > kHelloTime) silent.push_back(connection);
  }
  for (const ConnectionId connection : silent) {
    strangers_.erase(connection);
    shell_.Close(connection);
  }
  if (run_) run_->Tick(now);
  if (now >= next_forgetting_) {
    next_forgetting_ = now + kBetweenForgetting;
    ForgetOld(now);
  }
}

void Coordinator::Core::ForgetOld(Time now) {
  std::vector<std::uint32_t> old;
  for (const auto& [index, worker] : registry_.workers()) {
    const bool needed = RunIsOn() && run_->TakesPart(index);
    if (!worker->connection && !needed && now - worker->gone > kRemember) old.push_back(index);
  }
  for (const std::uint32_t index : old) registry_.Forget(index);
}

Status Coordinator::Core::StartRun(RunSpec spec, std::unique_ptr<Journal> journal, Time now) {
  if (RunIsOn()) return Invalid("a run is under way");
  if (goodbye_) return Invalid("the master is done");
  if (Status status = Run::Check(spec); !status.ok()) return status;
  banned_.clear();
  run_ = std::make_unique<Run>(std::move(spec), std::move(journal), registry_, shell_, now);
  return Ok();
}

Status Coordinator::Core::ResumeRun(RunSpec spec, Resumption from, std::unique_ptr<Journal> journal,
                                    Time now) {
  if (run_ != nullptr || !registry_.workers().empty()) {
    return Invalid("a run is resumed before any other, and before workers join");
  }
  if (Status status = Adopt(from, spec); !status.ok()) return status;
  run_ = std::make_unique<Run>(std::move(spec), std::move(from), std::move(journal), registry_,
                               shell_, now);
  return Ok();
}

void Coordinator::Core::SayGoodbye(const std::string& reason) {
  goodbye_ = reason;
  v1::MasterMessage message;
  message.mutable_goodbye()->set_reason(reason);
  for (const auto& [index, worker] : registry_.workers()) {
    if (worker->connection) shell_.Send(*worker->connection, message);
  }
}

}  // namespace sfp::coordinator
