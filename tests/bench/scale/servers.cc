#include "tests/bench/scale/servers.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>

#include "common/base/log.h"
#include "common/base/time.h"
#include "master/control/control_server.h"
#include "master/coordinator/coordinator.h"
#include "master/coordinator/journal_file.h"
#include "sfp/v1/control.grpc.pb.h"

namespace sfp::bench {
namespace {

void Tell(int descriptor, int port) {
  if (write(descriptor, &port, sizeof port) != sizeof port) std::_Exit(1);
  close(descriptor);
}

// As master/app, without web and reports.
class Master final : coordinator::CoordinatorShell, control::ServerHandler {
 public:
  Master(int port_to, std::uint32_t workers, std::size_t endpoints, const std::string& journal)
      : coordinator_(*this, {.most_workers = workers}), tick_(io_) {
    auto server = control::ControlServer::Listen(
        {.address = "127.0.0.1:0"},
        [this](std::function<void()> call) { boost::asio::post(io_, std::move(call)); }, *this);
    if (!server.ok()) std::_Exit(1);
    server_ = *std::move(server);
    coordinator::RunSpec spec;
    spec.run = 7;
    spec.workers = workers;
    spec.shape = plan::Constant{.users = workers * 100, .spawn_rate = 1e6};
    for (std::size_t i = 0; i < endpoints; ++i) {
      spec.endpoints.emplace_back().set_name("endpoint " + std::to_string(i));
    }
    auto file = coordinator::JournalFile::Create(journal);
    if (!file.ok()) std::_Exit(1);
    if (!coordinator_.StartRun(std::move(spec), *std::move(file), Now()).ok()) std::_Exit(1);
    Tell(port_to, server_->port());
    Tick();
    io_.run();
  }

 private:
  void Send(coordinator::ConnectionId connection, const v1::MasterMessage& message) override {
    server_->Send(connection, message);
  }
  void Close(coordinator::ConnectionId connection) override { server_->Close(connection); }
  std::string WallClock(Time) override { return ""; }
  void OnRunFinished(const coordinator::Outcome& outcome) override {
    std::fprintf(stderr, "the run ended: %s\n", outcome.why.c_str());
    std::_Exit(1);
  }
  void OnConnect(control::ConnectionId connection, const std::string& peer) override {
    coordinator_.OnConnect(connection, peer, Now());
  }
  void OnMessage(control::ConnectionId connection, v1::WorkerMessage& message) override {
    coordinator_.OnMessage(connection, message, Now());
  }
  void OnDisconnect(control::ConnectionId connection) override {
    coordinator_.OnDisconnect(connection, Now());
  }
  void Tick() {
    coordinator_.Tick(Now());
    tick_.expires_after(std::chrono::milliseconds(20));
    tick_.async_wait([this](const boost::system::error_code&) { Tick(); });
  }

  boost::asio::io_context io_{1};
  coordinator::Coordinator coordinator_;
  boost::asio::steady_timer tick_;
  std::unique_ptr<control::ControlServer> server_;
};

// Starts its workers once all are here, pings them as often as the master does, acknowledges.
class BareService : public v1::Control::CallbackService {
 public:
  explicit BareService(std::uint32_t workers) : workers_(workers) {}

  void Ping() {
    const std::lock_guard lock(mutex_);
    for (Stream* stream : streams_) stream->Ping();
    if (streams_.size() == workers_ && !std::exchange(started_, true)) {
      for (Stream* stream : streams_) stream->Begin();
    }
  }

 private:
  class Stream : public grpc::ServerBidiReactor<v1::WorkerMessage, v1::MasterMessage> {
   public:
    Stream() { StartRead(&incoming_); }
    void Ping() {
      v1::MasterMessage message;
      message.mutable_ping()->set_master_ns(Now().time_since_epoch().count());
      Write(std::move(message));
    }
    void Begin() {
      v1::MasterMessage message;
      message.mutable_start()->set_run(7);
      message.mutable_start()->set_start_ns(
          (Now() + std::chrono::milliseconds(500)).time_since_epoch().count());
      Write(std::move(message));
    }

   private:
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      if (incoming_.has_snapshot()) {
        v1::MasterMessage message;
        message.mutable_ack()->set_run(7);
        message.mutable_ack()->set_sequence(incoming_.snapshot().sequence());
        Write(std::move(message));
      }
      incoming_.Clear();
      StartRead(&incoming_);
    }
    void OnWriteDone(bool) override {
      const std::lock_guard lock(mutex_);
      outbox_.pop_front();
      if (!outbox_.empty()) StartWrite(&outbox_.front());
    }
    void OnDone() override {}
    void Write(v1::MasterMessage message) {
      const std::lock_guard lock(mutex_);
      outbox_.push_back(std::move(message));
      if (outbox_.size() == 1) StartWrite(&outbox_.front());
    }
    v1::WorkerMessage incoming_;
    std::mutex mutex_;
    std::deque<v1::MasterMessage> outbox_;
  };

  grpc::ServerBidiReactor<v1::WorkerMessage, v1::MasterMessage>* Join(
      grpc::CallbackServerContext*) override {
    const std::lock_guard lock(mutex_);
    streams_.push_back(new Stream);  // until the process is killed
    return streams_.back();
  }

  const std::uint32_t workers_;
  std::mutex mutex_;
  std::deque<Stream*> streams_;
  bool started_ = false;
};

}  // namespace

void RunMaster(int port_to, std::uint32_t workers, std::size_t endpoints,
               const std::string& journal) {
  SetLogLevel(LogLevel::kWarn);
  Master(port_to, workers, endpoints, journal);
  std::_Exit(0);
}

void RunBareServer(int port_to, std::uint32_t workers) {
  BareService service(workers);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  Tell(port_to, port);
  for (;;) {
    usleep(500'000);
    service.Ping();
  }
}

}  // namespace sfp::bench
