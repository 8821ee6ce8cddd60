#include "tests/bench/scale/load.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "common/base/text.h"
#include "common/base/time.h"
#include "common/stats/recorder.h"
#include "master/coordinator/coordinator.h"
#include "sfp/v1/control.grpc.pb.h"

namespace sfp::bench {

std::vector<v1::Snapshot> RecordSnapshots(std::size_t different, std::size_t endpoints,
                                          std::uint64_t requests) {
  std::vector<v1::Snapshot> out;
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> response(std::log(0.17), 0.6);
  for (std::size_t i = 0; i < different; ++i) {
    const Time start{std::chrono::seconds(1000)};
    stats::Recorder recorder(endpoints, start);
    for (std::uint64_t r = 0; r < requests; ++r) {
      const std::size_t endpoint = r % endpoints;
      recorder.Started(endpoint);
      stats::Sample sample;
      sample.response = FromSeconds(response(random));
      sample.ended = start + std::chrono::milliseconds(900);
      sample.started = sample.ended - sample.response;
      sample.phases.fill(stats::kNotMeasured);
      sample.phases[static_cast<std::size_t>(stats::Phase::kFirstByte)] = sample.response * 9 / 10;
      sample.phases[static_cast<std::size_t>(stats::Phase::kBody)] = sample.response / 10;
      sample.status = random() % 20 == 0 ? 404 : 200;
      sample.bytes_sent = 200;
      sample.bytes_received = 1000 + random() % 4000;
      recorder.Completed(endpoint, sample);
      recorder.Lag(std::chrono::microseconds(random() % 300));
    }
    stats::ToProto(recorder.Rotate(0, start + std::chrono::seconds(1), 100), out.emplace_back());
  }
  return out;
}

struct Load::Shared {
  const std::vector<v1::Snapshot>* snapshots = nullptr;
  std::atomic<std::uint64_t> sent{0}, acknowledged{0}, under_way{0};
  std::mutex mutex;
  std::vector<double> ack_ms;
};

// One stream. gRPC's threads call it; the load's thread calls Send.
class Load::Worker : public grpc::ClientBidiReactor<v1::WorkerMessage, v1::MasterMessage> {
 public:
  Worker(Shared& shared, const std::string& address, std::uint64_t session)
      : shared_(shared), session_(session) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::Control::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    stub_->async()->Join(&context_, this);
    AddHold();
    v1::WorkerMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_protocol(coordinator::kProtocol);
    hello.set_version(std::string(Version()));
    hello.set_session(session);
    hello.set_name("bench-" + std::to_string(session));
    hello.set_threads(1);
    Write(std::move(message));
    StartRead(&incoming_);
    StartCall();
  }
  // The snapshots of the seconds that are over.
  void Deliver() {
    const std::lock_guard lock(mutex_);
    if (start_ == Time{} || done_) return;
    const Time now = Now();
    while (now >= start_ + std::chrono::seconds(sequence_ + 1)) {
      v1::WorkerMessage message;
      v1::Snapshot& snapshot = *message.mutable_snapshot();
      snapshot = (*shared_.snapshots)[(session_ + sequence_) % shared_.snapshots->size()];
      snapshot.set_run(run_);
      snapshot.set_session(session_);
      snapshot.set_interval(static_cast<std::uint32_t>(sequence_));
      snapshot.set_begin_ns(static_cast<std::int64_t>(sequence_) * 1'000'000'000);
      snapshot.set_end_ns(static_cast<std::int64_t>(sequence_ + 1) * 1'000'000'000);
      snapshot.set_sequence(++sequence_);
      sent_at_.push_back(now);
      ++shared_.sent;
      WriteLocked(std::move(message));
    }
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    v1::WorkerMessage answer;
    switch (incoming_.body_case()) {
      case v1::MasterMessage::kPing:
        answer.mutable_pong()->set_master_ns(incoming_.ping().master_ns());
        answer.mutable_pong()->set_worker_ns(Now().time_since_epoch().count());
        Write(std::move(answer));
        break;
      case v1::MasterMessage::kPrepare:
        answer.mutable_prepared()->set_run(incoming_.prepare().run());
        Write(std::move(answer));
        break;
      case v1::MasterMessage::kStart: {
        const std::lock_guard lock(mutex_);
        run_ = incoming_.start().run();
        start_ = Time(Duration(incoming_.start().start_ns()));
        break;
      }
      case v1::MasterMessage::kAck:
        Acknowledged(incoming_.ack().sequence());
        break;
      default:
        break;
    }
    StartRead(&incoming_);
  }

  void Acknowledged(std::uint64_t sequence) {
    const Time now = Now();
    const std::lock_guard lock(mutex_);
    if (acknowledged_ == 0 && sequence > 0) ++shared_.under_way;
    for (; acknowledged_ < sequence && !sent_at_.empty(); ++acknowledged_) {
      ++shared_.acknowledged;
      const std::lock_guard shared_lock(shared_.mutex);
      shared_.ack_ms.push_back(Millis(now - sent_at_.front()));
      sent_at_.pop_front();
    }
  }

  void OnWriteDone(bool) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    outbox_.pop_front();
    Next();
  }

  void OnDone(const grpc::Status&) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }

  void Write(v1::WorkerMessage message) {
    const std::lock_guard lock(mutex_);
    WriteLocked(std::move(message));
  }
  void WriteLocked(v1::WorkerMessage message) {
    outbox_.push_back(std::move(message));
    Next();
  }
  void Next() {
    if (writing_ || outbox_.empty() || done_) return;
    writing_ = true;
    StartWrite(&outbox_.front());
  }

  Shared& shared_;
  const std::uint64_t session_;
  std::unique_ptr<v1::Control::Stub> stub_;
  grpc::ClientContext context_;
  v1::MasterMessage incoming_;
  std::mutex mutex_;
  std::deque<v1::WorkerMessage> outbox_;
  std::deque<Time> sent_at_;
  std::uint64_t run_ = 0, sequence_ = 0, acknowledged_ = 0;
  Time start_{};
  bool writing_ = false, done_ = false;
};

Load::Load(std::string address, std::size_t workers, const std::vector<v1::Snapshot>& snapshots)
    : shared_(std::make_shared<Shared>()) {
  shared_->snapshots = &snapshots;
  for (std::size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(*shared_, address, i + 1));
    // The gate keeps few who have not said anything, and these do not try again.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// Not waited for: the process ends next, and a thousand orderly ends would take long.
Load::~Load() {
  for (auto& worker : workers_) static_cast<void>(worker.release());
}

bool Load::UnderWay(int seconds) {
  const Time end = Now() + std::chrono::seconds(seconds);
  while (shared_->under_way < workers_.size() && Now() < end) {
    Pass(Now() + std::chrono::milliseconds(10));
  }
  return shared_->under_way == workers_.size();
}

void Load::Pass(Time until) {
  while (Now() < until) {
    for (const auto& worker : workers_) worker->Deliver();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Load::Clear() {
  const std::lock_guard lock(shared_->mutex);
  shared_->ack_ms.clear();
  shared_->sent = shared_->acknowledged = 0;
}

LoadFigures Load::Stop() {
  LoadFigures figures;
  const std::lock_guard lock(shared_->mutex);
  figures.sent = shared_->sent;
  figures.acknowledged = shared_->acknowledged;
  figures.ack_ms = shared_->ack_ms;
  return figures;
}

}  // namespace sfp::bench
