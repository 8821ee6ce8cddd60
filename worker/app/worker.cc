#include "worker/app/worker.h"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/clock_watch.h"
#include "common/base/cores.h"
#include "common/base/last_words.h"
#include "worker/agent/agent.h"
#include "worker/app/address_refresh.h"
#include "worker/app/engine_thread.h"
#include "worker/app/limits.h"
#include "worker/app/machine.h"
#include "worker/control/control_client.h"

namespace sfp::app {
namespace {

std::uint64_t RandomSession() {
  std::random_device device;
  const std::uint64_t session = static_cast<std::uint64_t>(device()) << 32 | device();
  return session == 0 ? 1 : session;
}

class Worker final : agent::AgentShell, control::ClientHandler {
 public:
  explicit Worker(const WorkerOptions& options)
      : options_(options),
        client_(
            {.master = options.master, .credentials = options.credentials},
            [this](auto call) { Post(std::move(call)); }, *this),
        agent_(*this,
               {.session = RandomSession(),
                .name = options.name,
                .threads = options.threads,
                .max_users = MostUsers(RaiseDescriptorLimit()),
                .local_ports = LocalPorts(),
                .token = options.token,
                .place = options.index,
                .memory_bytes = UsableMemory(),
                .join_timeout = options.join_timeout,
                .drained_exit_code = options.drained_exit_code,
                .drain_limit = options.drain_timeout},
               Now()),
        signals_(io_, SIGINT, SIGTERM),
        tick_(io_) {}

  ~Worker() {
    if (preparing_.joinable()) preparing_.join();
  }

  int Run() {
    AwaitSignal();
    Tick();
    io_.run();
    return exit_code_;
  }

 private:
  // The agent's wishes. It must not be called back from inside them, so every answer is posted.
  void Connect() override { client_.Connect(); }
  void Disconnect() override { client_.Close(); }
  void Break() override { client_.Break(); }
  void Send(const v1::WorkerMessage& message) override { client_.Send(message); }

  void Prepare(const v1::Prepare& prepare, std::uint32_t worker) override {
    AbandonEngines();
    index_ = worker;
    if (preparing_.joinable()) preparing_.join();
    preparing_ = std::thread([this, prepare, generation = generation_] {
      auto prepared = PrepareRun(prepare, options_.allow_target, options_.threads);
      Post([this, run = prepare.run(), generation, prepared = std::move(prepared)] {
        if (generation != generation_) return;
        if (prepared.ok()) run_ = *prepared;
        agent_.OnPrepared(run, prepared.status(), Now());
      });
    });
  }

  void StartEngines(const plan::Plan& plan, Time start) override {
    SFP_CHECK(run_ != nullptr);
    refresh_.reset();
    engines_.clear();
    ++generation_;
    const EngineThread::Events events = {
        .on_interval =
            [this, start, generation = generation_](std::uint32_t thread, stats::Interval interval,
                                                    bool last) {
              Post([this, start, generation, thread, last,
                    interval = std::move(interval)]() mutable {
                if (generation != generation_) return;
                if (thread == 0) interval.machine = machine_.Read();
                CountTokens(interval, start, last);
                agent_.OnInterval(thread, std::move(interval), Now());
              });
            },
        .on_idle =
            [this, generation = generation_](std::uint32_t thread) {
              Post([this, generation, thread] {
                if (generation == generation_) agent_.OnEngineIdle(thread, Now());
              });
            }};
    engines_done_ = 0;
    FollowTokens();
    for (std::uint32_t thread = 0; thread < options_.threads; ++thread) {
      engines_.push_back(
          std::make_unique<EngineThread>(run_, index_, thread, options_.threads, events));
      engines_.back()->Start(plan, start);
    }
    if (run_->dns_refresh > Duration::zero()) RefreshAddresses();
  }

  void FollowTokens() {
    if (run_->tokens == nullptr) return;
    run_->tokens->Follow(
        [this, generation = generation_](std::size_t number, TokenKeeper::Token token) {
          Post([this, generation, number, token = std::move(token)] {
            if (generation != generation_) return;
            for (const auto& engine : engines_) engine->SetToken(number, token);
          });
        });
  }

  void CountTokens(stats::Interval& interval, Time start, bool last) {
    if (last) ++engines_done_;
    if (run_->tokens == nullptr) return;
    // First: what is asked for later would be in no interval.
    if (engines_done_ == options_.threads) run_->tokens->Rest();
    run_->tokens->CountInto(interval, start);
  }

  void RefreshAddresses() {
    refresh_ = std::make_unique<AddressRefresh>(
        run_->dns_refresh, run_->destination->addresses, run_->look_up,
        [this, generation = generation_](AddressRefresh::Addresses addresses) {
          Post([this, generation, addresses = std::move(addresses)] {
            if (generation != generation_) return;
            for (const auto& engine : engines_) engine->SetAddresses(addresses);
          });
        });
  }

  void UpdatePlan(const plan::Plan& plan) override {
    for (const auto& engine : engines_) engine->Update(plan);
  }

  void Recycle(std::uint32_t thread, stats::Interval interval) override {
    if (thread < engines_.size()) engines_[thread]->Recycle(std::move(interval));
  }

  void StopEngines() override {
    for (const auto& engine : engines_) engine->Stop();
  }
  void DrainEngines(Duration limit) override {
    for (const auto& engine : engines_) engine->Stop(limit);
  }

  void AbandonEngines() override {
    ++generation_;  // what they still post is not heard
    refresh_.reset();
    engines_.clear();
    run_.reset();
  }

  void Exit(int code, const std::string& reason) override {
    const bool well = code == agent::kExitDone || code == options_.drained_exit_code;
    if (!reason.empty()) (well ? LogInfo : LogError)(reason);
    exit_code_ = code;
    const Status left = LeaveLastWords(options_.termination_log, reason + "\n");
    if (!left.ok()) LogWarn(Message(left));
    Post([this] { io_.stop(); });
  }

  // The control stream's news.
  void OnConnected() override { agent_.OnConnected(Now()); }
  void OnMessage(v1::MasterMessage message) override { agent_.OnMessage(message, Now()); }
  void OnDisconnected(const std::string& reason, bool refused) override {
    refused ? agent_.OnRefused(reason, Now()) : agent_.OnDisconnected(reason, Now());
  }

  template <typename Call>
  void Post(Call call) {
    boost::asio::post(io_, std::move(call));
  }

  void AwaitSignal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      agent_.OnSignal(Now());
      AwaitSignal();
    });
  }

  void Tick() {
    const Time now = Now();
    if (now >= next_look_at_clocks_) {
      next_look_at_clocks_ = now + std::chrono::seconds(1);
      const ClockReading reading = ReadClocks();
      agent_.OnClocks(reading.wall_ahead(), clocks_.Notice(reading));
    }
    agent_.OnReached(client_.Reached());
    agent_.Tick(now);
    tick_.expires_after(std::chrono::milliseconds(50));
    tick_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }

  const WorkerOptions options_;
  boost::asio::io_context io_{1};
  control::ControlClient client_;
  agent::Agent agent_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer tick_;
  Machine machine_{RaiseDescriptorLimit()};
  ClockWatch clocks_;
  Time next_look_at_clocks_{};
  std::uint32_t index_ = 0;
  std::uint32_t engines_done_ = 0;  // have handed out their last interval
  std::uint64_t generation_ = 0;    // of the engines and preparations whose news still count
  std::thread preparing_;
  std::shared_ptr<PreparedRun> run_;
  std::vector<std::unique_ptr<EngineThread>> engines_;
  std::unique_ptr<AddressRefresh> refresh_;
  int exit_code_ = 0;
};

}  // namespace

int RunWorker(const WorkerOptions& options) { return Worker(options).Run(); }

}  // namespace sfp::app
