#include <algorithm>
#include <utility>

#include "tests/sim/cluster/simulation.h"

namespace sfp::test {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

// What a peer may be told twice without harm.
bool MayRepeat(const v1::WorkerMessage& message) {
  return message.has_snapshot() || message.has_finished() || message.has_prepared() ||
         message.has_pong();
}

}  // namespace

// Engine.

FakeEngine::FakeEngine(std::uint32_t worker, std::uint32_t thread, std::uint32_t threads,
                       Time start)
    : worker_(worker), thread_(thread), threads_(threads), start_(start), recorder_(2, start) {}

std::uint32_t FakeEngine::UsersAt(const plan::Plan& plan, Time now) const {
  std::uint32_t mine = 0;
  const std::uint32_t all = plan.UsersAt(now - start_);
  for (std::uint32_t user = 0; user < all; ++user) {
    mine += IsOurs(plan, user);
  }
  return mine;
}

void FakeEngine::Iterate(const plan::Plan& plan, Time now) {
  const std::uint32_t all = plan.UsersAt(now - start_);
  for (std::uint32_t user = 0; user < all && plan.iterations(); ++user) {
    if (!IsOurs(plan, user)) continue;
    for (int i = 0; i < 2 && iterations_[user] < *plan.IterationsOf(user); ++i) {
      ++iterations_[user];
      recorder_.Iteration();
    }
  }
}

bool FakeEngine::Done(const plan::Plan& plan) const {
  for (std::uint32_t user = 0; user < plan.most_users(); ++user) {
    if (!IsOurs(plan, user)) continue;
    const auto found = iterations_.find(user);
    if (found == iterations_.end() || found->second < plan.IterationsOf(user)) return false;
  }
  return true;
}

void FakeEngine::Work(Rng& rng, std::uint32_t users, Time now) {
  if (rng.Below(2) == 0) return;  // a histogram is the dear part of a snapshot
  const std::size_t endpoint = rng.Below(2);
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(users, 3); ++i) {
    recorder_.Started(endpoint);
    if (rng.Below(10) == 0) continue;  // still in flight, for ever
    stats::Sample sample;
    sample.response = Duration(100'000 + rng.Below(900'000));
    sample.started = now - sample.response;
    sample.ended = now;
    sample.phases.fill(stats::kNotMeasured);
    sample.status = 200;
    sample.bytes_sent = 100;
    sample.bytes_received = rng.Below(5000);
    recorder_.Completed(endpoint, sample);
  }
}

// Worker.

SimWorker::SimWorker(Simulation& sim, std::uint64_t session, std::uint32_t threads,
                     Duration clock_offset, std::optional<std::uint32_t> place)
    : sim_(sim), session_(session), threads_(threads), clock_offset_(clock_offset) {
  agent::AgentOptions options;
  options.session = session;
  options.name = "w" + std::to_string(session);
  options.threads = threads;
  options.place = place;
  agent_ = std::make_unique<agent::Agent>(*this, options, Clock());
}

Time SimWorker::Clock() const { return Time(sim_.events.now() + clock_offset_); }

void SimWorker::Tick() {
  if (!alive_) return;
  agent_->OnClocks(wall_offset - clock_offset_, {});
  agent_->Tick(Clock());
  sim_.events.In(sim_.tick, [this] { Tick(); });
}

void SimWorker::Step(Duration step, Duration suspended) {
  wall_offset += step;
  agent_->OnClocks(wall_offset - clock_offset_, {.step = step, .suspended = suspended});
}

void SimWorker::Kill() {
  alive_ = false;
  AbandonEngines();
  if (connection_ != 0) sim_.Cut(*this, Duration(0), std::chrono::milliseconds(1));
  connection_ = 0;
}

void SimWorker::Connect() {
  const Duration delay = sim_.path(*this).longest;
  if (sim_.events.now() < sim_.path(*this).swallowed_until) {
    sim_.events.In(kSecond, [this] {
      if (alive_) agent_->OnDisconnected("timed out", Clock());
    });
    return;
  }
  if (!sim_.master_alive()) {
    sim_.events.In(delay, [this] {
      if (!alive_) return;
      agent_->OnReached(Clock());
      agent_->OnDisconnected("refused", Clock());
    });
    return;
  }
  const ConnectionId id = sim_.next_connection_++;
  connection_ = id;
  sim_.streams_[id].worker = this;
  sim_.events.In(delay, [this, id] {
    sim_.WhenMasterRuns([this, id] {
      if (sim_.streams_[id].broken) return;
      sim_.master().OnConnect(id, "10.0.0.1", sim_.MasterClock());
    });
  });
  sim_.events.In(2 * delay, [this, id] {
    if (alive_ && connection_ == id) agent_->OnConnected(Clock());
  });
}

void SimWorker::Disconnect() {
  if (connection_ == 0) return;
  const ConnectionId id = connection_;
  Simulation::Stream& stream = sim_.streams_[id];
  const Duration sent = sim_.Arrival(stream, stream.to_master);
  sim_.events.At(sent, [this, id] { sim_.EndForMaster(id); });
  sim_.events.In(Duration(1000), [this, id] { sim_.EndForWorker(id, "closed"); });
}

void SimWorker::Send(const v1::WorkerMessage& message) {
  if (connection_ == 0) return;
  const ConnectionId id = connection_;
  Simulation::Stream& stream = sim_.streams_[id];
  if (stream.broken) return;
  const int times = MayRepeat(message) && sim_.Twice(*this) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    sim_.events.At(sim_.Arrival(stream, stream.to_master), [this, id, message] {
      if (!sim_.streams_[id].broken) sim_.Acknowledge(*this, id);
      sim_.WhenMasterRuns([this, id, message] {
        const Simulation::Stream& there = sim_.streams_[id];
        if (there.broken || (!there.master_open && !there.orphan)) return;
        sim_.master().OnMessage(id, message, sim_.MasterClock());
      });
    });
  }
}

void SimWorker::Prepare(const v1::Prepare& prepare, std::uint32_t worker) {
  index_ = worker;
  sim_.events.In(std::chrono::milliseconds(1 + sim_.rng.Below(200)), [this, run = prepare.run()] {
    if (!alive_) return;
    agent_->OnPrepared(run, prepare_error.empty() ? Ok() : Invalid(prepare_error), Clock());
  });
}

void SimWorker::StartEngines(const plan::Plan& plan, Time start) {
  plan_ = plan;
  engine_start_ = start;
  start_ = start.time_since_epoch() - clock_offset_;
  ++starts_;
  ++generation_;
  stopping_ = false;
  load_stopped_.reset();
  engines_.clear();
  for (std::uint32_t thread = 0; thread < threads_; ++thread) {
    engines_.emplace_back(index_, thread, threads_, start);
  }
  const Duration t = std::max(Duration(0), Clock() - start);
  const auto index = static_cast<std::uint32_t>(t / kSecond);
  const Time due = start + (index + 1) * kSecond;
  sim_.events.In(due - Clock(), [this, g = generation_, index] { Second(g, index); });
}

void SimWorker::Second(std::uint64_t generation, std::uint32_t index) {
  if (!alive_ || generation != generation_ || stopping_) return;
  bool over = plan_->end() && Clock() - engine_start_ >= *plan_->end();
  if (plan_->iterations()) {
    for (FakeEngine& engine : engines_) engine.Iterate(*plan_, Clock());
    over = over || std::all_of(engines_.begin(), engines_.end(),
                               [&](const FakeEngine& engine) { return engine.Done(*plan_); });
  }
  Deliver(index, false);
  if (generation != generation_ || stopping_) return;
  if (over) return StopEngines();
  sim_.events.In(kSecond, [this, generation, index] { Second(generation, index + 1); });
}

void SimWorker::Deliver(std::uint32_t index, bool last) {
  const std::uint64_t generation = generation_;
  for (std::uint32_t thread = 0; thread < threads_; ++thread) {
    FakeEngine& engine = engines_[thread];
    const std::uint32_t users = last ? 0 : engine.UsersAt(*plan_, Clock());
    engine.Work(sim_.rng, users + last, Clock());
    stats::Interval interval = engine.Rotate(index, users, Clock());
    stats::AddTotals(truth_, stats::ComputeTotals(interval.endpoints));
    agent_->OnInterval(thread, std::move(interval), Clock());
    if (generation != generation_) return;
  }
}

void SimWorker::StopEngines() {
  if (engines_.empty() || stopping_) return;
  stopping_ = true;
  load_stopped_ = sim_.events.now();
  sim_.events.In(std::chrono::milliseconds(1 + sim_.rng.Below(1500)),
                 [this, g = generation_] { Idle(g); });
}

void SimWorker::Idle(std::uint64_t generation) {
  if (!alive_ || generation != generation_) return;
  const Duration t = std::max(Duration(0), Clock() - engine_start_);
  Deliver(static_cast<std::uint32_t>(t / kSecond), true);
  if (generation != generation_) return;
  engines_.clear();
  for (std::uint32_t thread = 0; thread < threads_; ++thread) {
    agent_->OnEngineIdle(thread, Clock());
    if (generation != generation_) return;
  }
}

void SimWorker::AbandonEngines() {
  ++generation_;
  engines_.clear();
}

void SimWorker::Exit(int code, const std::string& reason) {
  exit_code_ = code;
  exit_reason_ = reason;
  alive_ = false;
  if (connection_ != 0) sim_.Cut(*this, Duration(0), std::chrono::milliseconds(1));
  connection_ = 0;
}

std::uint32_t SimWorker::users() const {
  if (!alive_ || stopping_) return 0;
  std::uint32_t sum = 0;
  for (const FakeEngine& engine : engines_) sum += engine.UsersAt(*plan_, Clock());
  return sum;
}

}  // namespace sfp::test
