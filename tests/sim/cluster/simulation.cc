#include "tests/sim/cluster/simulation.h"

#include <algorithm>
#include <utility>

namespace sfp::test {
namespace {

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
