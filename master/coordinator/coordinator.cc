#include "master/coordinator/coordinator.h"

#include <utility>

#include "master/coordinator/core.h"

namespace sfp::coordinator {

Coordinator::Coordinator(CoordinatorShell& shell, CoordinatorOptions options)
    : core_(std::make_unique<Core>(shell, std::move(options))) {}
Coordinator::~Coordinator() = default;

void Coordinator::OnConnect(ConnectionId connection, const std::string& peer, Time now) {
  core_->OnConnect(connection, peer, now);
}
void Coordinator::OnMessage(ConnectionId connection, v1::WorkerMessage& message, Time now) {
  core_->OnMessage(connection, message, now);
}
void Coordinator::OnMessage(ConnectionId connection, const v1::WorkerMessage& message, Time now) {
  v1::WorkerMessage copy = message;
  core_->OnMessage(connection, copy, now);
}
void Coordinator::OnDisconnect(ConnectionId connection, Time now) {
  core_->OnDisconnect(connection, now);
}
void Coordinator::Tick(Time now) { core_->Tick(now); }
void Coordinator::OnClocks(Duration wall_ahead, const ClockChange& change, Time now) {
  core_->OnClocks(wall_ahead, change, now);
}

Status Coordinator::StartRun(RunSpec spec, std::unique_ptr<Journal> journal, Time now) {
  return core_->StartRun(std::move(spec), std::move(journal), now);
}

Status Coordinator::ResumeRun(RunSpec spec, Resumption from, std::unique_ptr<Journal> journal,
                              Time now) {
  return core_->ResumeRun(std::move(spec), std::move(from), std::move(journal), now);
}

void Coordinator::StopRun(const std::string& why, Time now) {
  if (core_->RunIsOn()) core_->run()->Stop(why, now);
}

Status Coordinator::SetUsers(std::uint32_t users, double spawn_rate, Time now) {
  if (!core_->RunIsOn()) return Invalid("no run is under way");
  return core_->run()->SetUsers(users, spawn_rate, now);
}

Status Coordinator::SetRate(double rate, Time now) {
  if (!core_->RunIsOn()) return Invalid("no run is under way");
  return core_->run()->SetRate(rate, now);
}

void Coordinator::ResetWindow() {
  if (core_->run() != nullptr) core_->run()->ResetWindow();
}

void Coordinator::SayGoodbye(const std::string& reason) { core_->SayGoodbye(reason); }

RunState Coordinator::state() const {
  return core_->run() != nullptr ? core_->run()->state() : RunState::kIdle;
}

Progress Coordinator::ProgressAt(Time now) const {
  if (core_->run() != nullptr) return core_->run()->ProgressAt(now);
  Progress progress;
  progress.workers = core_->registry().connected();
  return progress;
}

std::vector<WorkerView> Coordinator::workers() const {
  std::vector<WorkerView> views;
  const Run* run = core_->run();
  for (const auto& [index, worker] : core_->registry().workers()) {
    WorkerView view;
    view.index = index;
    view.name = worker->name;
    view.peer = worker->peer;
    view.threads = worker->threads;
    view.connected = worker->connection.has_value();
    view.in_run = run != nullptr && !run->over() && run->TakesPart(index);
    view.lost = view.in_run && run->IsLost(index);
    view.round_trip = worker->clock.round_trip();
    view.clock_offset = worker->clock.offset();
    view.heard = worker->last_heard;
    view.wall_offset = worker->wall_offset;
    views.push_back(std::move(view));
  }
  return views;
}

const results::Results* Coordinator::results() const {
  return core_->run() != nullptr ? &core_->run()->results() : nullptr;
}

}  // namespace sfp::coordinator
