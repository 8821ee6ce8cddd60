#include "worker/agent/agent.h"

#include <utility>

#include "worker/agent/life.h"

namespace sfp::agent {

Agent::Agent(AgentShell& shell, AgentOptions options, Time now)
    : life_(std::make_unique<Life>(shell, std::move(options), now)) {}
Agent::~Agent() = default;

void Agent::OnConnected(Time now) { life_->OnConnected(now); }
void Agent::OnDisconnected(const std::string& reason, Time now) {
  life_->OnDisconnected(reason, now);
}
void Agent::OnRefused(const std::string& reason, Time now) { life_->OnRefused(reason, now); }
void Agent::OnMessage(const v1::MasterMessage& message, Time now) {
  life_->OnMessage(message, now);
}
void Agent::OnPrepared(std::uint64_t run, const Status& status, Time now) {
  life_->OnPrepared(run, status, now);
}
void Agent::OnInterval(std::uint32_t thread, stats::Interval interval, Time now) {
  life_->OnInterval(thread, std::move(interval), now);
}
void Agent::OnEngineIdle(std::uint32_t thread, Time now) { life_->OnEngineIdle(thread, now); }
void Agent::OnClocks(Duration wall_ahead, const ClockChange& change) {
  life_->OnClocks(wall_ahead, change);
}
void Agent::OnReached(Time at) { life_->OnReached(at); }
void Agent::OnSignal(Time now) { life_->OnSignal(now); }
void Agent::Tick(Time now) { life_->Tick(now); }

State Agent::state() const { return life_->state(); }
bool Agent::connected() const { return life_->link().welcome(); }
std::uint64_t Agent::run() const { return life_->run() ? life_->run()->id() : 0; }
std::size_t Agent::unacknowledged() const {
  return life_->run() ? life_->run()->outbox.unacknowledged() : 0;
}

}  // namespace sfp::agent
