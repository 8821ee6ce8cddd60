#include "tests/sim/cluster/simulation.h"

#include <algorithm>
#include <utility>

namespace sfp::test {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

class DiskJournal final : public coordinator::Journal {
 public:
  explicit DiskJournal(Simulation& sim) : sim_(sim) {}
  void Append(const v1::JournalRecord& record) override {
    SimDisk& disk = sim_.disk;
    if (disk.forgets) {
      ++disk.forgotten;
      return;
    }
    const Duration at = sim_.events.now() + disk.delay;
    disk.safe_at.push_back(disk.safe_at.empty() ? at : std::max(at, disk.safe_at.back()));
    disk.records.push_back(record);
  }
  std::uint64_t appended() const override { return sim_.disk.forgotten + sim_.disk.records.size(); }
  std::uint64_t safe() const override {
    return sim_.disk.forgotten + sim_.disk.Safe(sim_.events.now());
  }
  std::string trouble() const override { return ""; }
  bool Flush(Duration) override { return true; }  // the test's time stands still

 private:
  Simulation& sim_;
};

// What a peer may be told twice without harm.
bool MayRepeat(const v1::WorkerMessage& message) {
  return message.has_snapshot() || message.has_finished() || message.has_prepared() ||
         message.has_pong();
}
bool MayRepeat(const v1::MasterMessage& message) {
  return message.has_ack() || message.has_plan() || message.has_start() || message.has_stop() ||
         message.has_prepare();
}

}  // namespace

void Events::RunTo(Duration t) {
  while (!queue_.empty() && queue_.begin()->first <= t) {
    const auto first = queue_.begin();
    now_ = first->first;
    const std::function<void()> call = std::move(first->second);
    queue_.erase(first);
    call();
  }
  now_ = t;
}

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

// Master and network.

Simulation::Simulation(std::uint64_t seed)
    : rng(seed), master_offset_(static_cast<std::int64_t>(rng.Below(1'000'000'000'000))) {
  master_ = std::make_unique<coordinator::Coordinator>(*this, coordinator::CoordinatorOptions{});
  MasterTick();
}

Simulation::~Simulation() = default;

Time Simulation::MasterClock() const { return Time(events.now() + master_offset_); }

void Simulation::MasterTick() {
  if (events.now() < stalled_until_) return events.At(stalled_until_, [this] { MasterTick(); });
  while (!held_up_.empty()) {
    const auto call = std::move(held_up_.front());
    held_up_.pop_front();
    call();
  }
  if (master_) {
    master_->OnClocks(wall_offset_ - master_offset_, {}, MasterClock());
    master_->Tick(MasterClock());
  }
  events.In(tick, [this] { MasterTick(); });
}

void Simulation::StepMaster(Duration step) {
  wall_offset_ += step;
  master_->OnClocks(wall_offset_ - master_offset_, {.step = step, .suspended = Duration(0)},
                    MasterClock());
}

void Simulation::StallMaster(Duration length) {
  stalled_until_ = std::max(stalled_until_, events.now() + length);
}

void Simulation::WhenMasterRuns(std::function<void()> call) {
  if (events.now() >= stalled_until_ && held_up_.empty()) return call();
  held_up_.push_back(std::move(call));
}

void Simulation::Acknowledge(SimWorker& worker, ConnectionId id) {
  const Path& way = path(worker);
  if (events.now() < way.swallowed_until) return;
  events.In(way.longest, [this, &worker, id] {
    if (worker.alive() && worker.connection_ == id && !streams_[id].broken) {
      worker.agent().OnReached(worker.Clock());
    }
  });
}

SimWorker& Simulation::AddWorker(std::uint32_t threads, Duration clock_offset,
                                 std::optional<std::uint32_t> place) {
  const std::uint64_t session = workers_.size() + 1;
  workers_.push_back(std::make_unique<SimWorker>(*this, session, threads, clock_offset, place));
  SimWorker& worker = *workers_.back();
  events.In(Duration(1), [&worker] { worker.Tick(); });
  return worker;
}

Status Simulation::StartRun(coordinator::RunSpec spec) {
  disk.records.clear();
  disk.safe_at.clear();
  outcome_.reset();
  return master_->StartRun(std::move(spec), std::make_unique<DiskJournal>(*this), MasterClock());
}

bool Simulation::RunUntilOver(Duration limit) {
  const Duration end = events.now() + limit;
  while (!outcome_ && events.now() < end) RunFor(std::chrono::milliseconds(100));
  return outcome_.has_value();
}

Duration Simulation::Arrival(const Stream& stream, Duration& last) {
  const Path& way = paths_[stream.worker->session()];
  const Duration spread = way.longest - way.shortest;
  const Duration delay =
      way.shortest + Duration(static_cast<std::int64_t>(rng.Below(spread.count() + 1)));
  last = std::max(last, std::max(events.now(), way.swallowed_until) + delay);
  return last;
}

void Simulation::Send(ConnectionId id, const v1::MasterMessage& message) {
  Stream& stream = streams_[id];
  if (stream.broken || !stream.master_open) return;
  const int times = MayRepeat(message) && Twice(*stream.worker) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    events.At(Arrival(stream, stream.to_worker), [this, id, message] {
      const Stream& there = streams_[id];
      SimWorker& worker = *there.worker;
      if (there.broken || !worker.alive() || worker.connection_ != id) return;
      if (message.has_refused()) ++refused_;
      worker.agent().OnMessage(message, worker.Clock());
    });
  }
}

void Simulation::Close(ConnectionId id) {
  Stream& stream = streams_[id];
  stream.master_open = false;
  const Duration arrival = Arrival(stream, stream.to_worker);
  events.At(arrival, [this, id] { EndForWorker(id, "the master closed it"); });
}

void Simulation::EndForWorker(ConnectionId id, const std::string& reason) {
  SimWorker& worker = *streams_[id].worker;
  streams_[id].worker_open = false;
  if (worker.connection_ != id) return;
  worker.connection_ = 0;
  if (worker.alive()) worker.agent().OnDisconnected(reason, worker.Clock());
}

void Simulation::EndForMaster(ConnectionId id) {
  WhenMasterRuns([this, id] {
    if (!streams_[id].master_open || !master_) return;
    streams_[id].master_open = false;
    master_->OnDisconnect(id, MasterClock());
  });
}

void Simulation::Cut(SimWorker& worker, Duration worker_notices, Duration master_notices) {
  const ConnectionId id = worker.connection_;
  if (id == 0) return;
  streams_[id].broken = true;
  events.In(worker_notices, [this, id] { EndForWorker(id, "reset"); });
  events.In(master_notices, [this, id] { EndForMaster(id); });
}

void Simulation::Orphan(SimWorker& worker, Duration late) {
  const ConnectionId id = worker.connection_;
  if (id == 0) return;
  Stream& stream = streams_[id];
  stream.orphan = true;
  // What is under way stays so; the worker's next stream is faster.
  const Duration end = std::max(events.now() + late, stream.to_master);
  events.At(end, [this, id] { EndForMaster(id); });
  EndForWorker(id, "reset");
}

void Simulation::KillMaster() {
  const std::uint64_t safe = disk.Safe(events.now());
  disk.records.resize(safe);
  disk.safe_at.resize(safe);
  master_.reset();
  stalled_until_ = Duration(0);
  for (auto& [id, stream] : streams_) {
    stream.broken = true;
    if (!stream.master_open) continue;
    stream.master_open = false;
    const auto notices = Duration(static_cast<std::int64_t>(rng.Below(300'000'000)));
    events.In(notices, [this, id = id] { EndForWorker(id, "reset"); });
  }
}

Status Simulation::ResumeMaster(coordinator::RunSpec spec) {
  coordinator::Resumption from;
  for (const v1::JournalRecord& record : disk.records) {
    if (Status status = from.Apply(record); !status.ok()) return status;
  }
  const Duration before = master_offset_;
  master_offset_ = Duration(static_cast<std::int64_t>(rng.Below(1'000'000'000'000)));
  from.start = Time(Duration(from.results.run().start_ns()) - before + master_offset_);
  master_ = std::make_unique<coordinator::Coordinator>(*this, coordinator::CoordinatorOptions{});
  return master_->ResumeRun(std::move(spec), std::move(from), std::make_unique<DiskJournal>(*this),
                            MasterClock());
}

bool Simulation::Twice(const SimWorker& worker) {
  const std::uint64_t one_in = path(worker).one_in_twice;
  return one_in > 0 && rng.Below(one_in) == 0;
}

void Simulation::Swallow(SimWorker& worker, Duration length) {
  Path& way = path(worker);
  way.swallowed_until = std::max(way.swallowed_until, events.now() + length);
}

v1::Plan Simulation::plan() const {
  for (auto record = records().rbegin(); record != records().rend(); ++record) {
    if (record->has_plan()) return record->plan();
  }
  return {};
}

std::uint32_t Simulation::planned_users() const {
  const v1::Plan last = plan();
  if (last.owners().empty()) return 0;
  // The run's record is made kLead before the start, at negative time.
  for (const auto& worker : workers_) {
    if (worker->start()) {
      return plan::Plan::Create(last)->UsersAt(events.now() - *worker->start());
    }
  }
  return 0;
}

std::uint32_t Simulation::running_users() const {
  std::uint32_t sum = 0;
  for (const auto& worker : workers_) sum += worker->users();
  return sum;
}

coordinator::RunSpec ConstantRun(std::uint32_t users, Duration run_time, std::uint32_t workers) {
  coordinator::RunSpec spec;
  spec.run = 77;
  spec.id = "run";
  spec.name = "simulated";
  spec.seed = 1;
  spec.shape = plan::Constant{.users = users, .spawn_rate = 1000, .run_time = run_time};
  spec.workers = workers;
  for (const char* name : {"a", "b"}) {
    v1::EndpointName endpoint;
    endpoint.set_name(name);
    endpoint.set_method("GET");
    spec.endpoints.push_back(endpoint);
  }
  return spec;
}

}  // namespace sfp::test
