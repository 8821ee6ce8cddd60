#include "worker/app/engine_thread.h"

#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "worker/engine/engine.h"
#include "worker/http/client.h"
#include "worker/http/reactor.h"

namespace sfp::app {
namespace {

constexpr Duration kShortestCpuTime = std::chrono::milliseconds(100);

Duration ThreadCpuTime() {
  rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return Duration(0);
  const auto ns = [](const timeval& t) { return t.tv_sec * 1'000'000'000LL + t.tv_usec * 1000LL; };
  return Duration(ns(usage.ru_utime) + ns(usage.ru_stime));
}

Duration UtcOffset() {
  timespec utc;
  clock_gettime(CLOCK_REALTIME, &utc);
  return Duration(utc.tv_sec * 1'000'000'000LL + utc.tv_nsec) - Now().time_since_epoch();
}

}  // namespace

class EngineThread::Loop : public engine::EngineObserver, public engine::Connector {
 public:
  Loop(std::shared_ptr<PreparedRun> run, engine::Engine::Options options, Events events)
      : run_(std::move(run)),
        options_(options),
        events_(std::move(events)),
        thread_([this] { Run(); }) {}

  virtual ~Loop() {
    reactor_.Post([this] { stopping_ = true; });
    thread_.join();
  }

  template <typename Call>
  void Post(Call call) {
    reactor_.Post([this, call = std::move(call)]() mutable { call(*engine_); });
  }
  void SetAddresses(std::vector<http::Endpoint> addresses) {
    reactor_.Post([this, addresses = std::move(addresses)] {
      client_->SetAddresses(addresses);
      for (const auto& own : own_clients_) {
        if (own != nullptr) own->SetAddresses(addresses);
      }
    });
  }

 private:
  void Run() {
    engine::Wheel wheel(Now());
    client_ =
        std::make_unique<http::Client>(reactor_, wheel, run_->destination, SharedConnections());
    for (const auto& destination : run_->class_destinations) {
      own_clients_.push_back(destination == nullptr
                                 ? nullptr
                                 : std::make_unique<http::Client>(reactor_, wheel, destination));
    }
    engine_ = std::make_unique<engine::Engine>(run_->program, *run_->pools, *this, wheel, *this,
                                               options_);
    SetTokens();
    cpu_since_ = Now();
    cpu_time_ = ThreadCpuTime();
    Time due = kNever;  // when this turn had to begin
    while (!stopping_) {
      const Time now = Now();
      if (due <= now) engine_->LoopLag(now - due);
      wheel.Advance(now);
      HandOut(false);
      due = wheel.NextDue();
      reactor_.Turn(due);
      HandOut(false);
    }
    engine_.reset();
    own_clients_.clear();
    client_.reset();
  }

  void SetTokens() {
    if (run_->tokens == nullptr) return;
    const std::vector<TokenKeeper::Token> tokens = run_->tokens->tokens();
    for (std::size_t i = 0; i < tokens.size(); ++i) engine_->SetToken(i, tokens[i]);
  }

  std::unique_ptr<engine::Connection> Connect(std::uint64_t user,
                                              std::uint16_t user_class) override {
    http::Client* own = own_clients_[user_class].get();
    return (own != nullptr ? *own : *client_).Connect(user, user_class);
  }

  // This thread's part of the connections that the worker's users share.
  std::uint32_t SharedConnections() const {
    const std::uint32_t all = run_->destination->connections.shared;
    return all / options_.threads + (options_.thread < all % options_.threads ? 1 : 0);
  }

  void OnInterval(stats::Interval interval) override {
    // Late intervals come one right behind another: no share can be told from so short a time.
    if (const Time now = Now(); now - cpu_since_ >= kShortestCpuTime) {
      const Duration cpu_time = ThreadCpuTime();
      cpu_ = std::min(1.0, Seconds(cpu_time - cpu_time_) / Seconds(now - cpu_since_));
      cpu_since_ = now;
      cpu_time_ = cpu_time;
    }
    interval.cpu = cpu_;
    HandOut(false);
    held_ = std::move(interval);
  }

  void OnIdle() override {
    HandOut(true);
    events_.on_idle(options_.thread);
  }

  // An interval is held until it is known whether it is the last one: not longer than the engine's
  // turn.
  void HandOut(bool last) {
    if (!held_) return;
    events_.on_interval(options_.thread, *std::move(held_), last);
    held_.reset();
  }

  void OnTokenRefused(std::size_t number) override { run_->tokens->Refused(number); }

  const std::shared_ptr<PreparedRun> run_;
  const engine::Engine::Options options_;
  const Events events_;
  http::Reactor reactor_;
  // Made and destroyed on the thread.
  std::unique_ptr<http::Client> client_;
  std::vector<std::unique_ptr<http::Client>> own_clients_;  // by class, as class_destinations
  std::unique_ptr<engine::Engine> engine_;
  std::optional<stats::Interval> held_;
  double cpu_ = 0;  // of the core, 0..1
  Time cpu_since_{};
  Duration cpu_time_{0};
  bool stopping_ = false;  // the thread's
  std::thread thread_;     // last: it uses all of the above
};

EngineThread::EngineThread(std::shared_ptr<PreparedRun> run, std::uint32_t worker,
                           std::uint32_t thread, std::uint32_t threads, Events events,
                           engine::Trace* trace) {
  const engine::Engine::Options options{.seed = run->seed,
                                        .worker = worker,
                                        .thread = thread,
                                        .threads = threads,
                                        .stop_timeout = run->stop_timeout,
                                        .trace = trace,
                                        .utc_offset = UtcOffset()};
  loop_ = std::make_unique<Loop>(std::move(run), options, std::move(events));
}

EngineThread::~EngineThread() = default;

void EngineThread::Start(plan::Plan plan, Time start) {
  loop_->Post([plan = std::move(plan), start](engine::Engine& engine) mutable {
    engine.Start(std::move(plan), start);
  });
}

void EngineThread::Update(plan::Plan plan) {
  loop_->Post([plan = std::move(plan)](engine::Engine& engine) mutable {
    engine.Update(std::move(plan), Now());
  });
}

void EngineThread::Stop(Duration limit) {
  loop_->Post([limit](engine::Engine& engine) { engine.Stop(Now(), limit); });
}

void EngineThread::Recycle(stats::Interval interval) {
  loop_->Post([interval = std::move(interval)](engine::Engine& engine) mutable {
    engine.Recycle(std::move(interval));
  });
}

void EngineThread::SetAddresses(std::vector<http::Endpoint> addresses) {
  loop_->SetAddresses(std::move(addresses));
}

void EngineThread::SetToken(std::size_t number, TokenKeeper::Token token) {
  loop_->Post([number, token = std::move(token)](engine::Engine& engine) mutable {
    engine.SetToken(number, std::move(token));
  });
}

}  // namespace sfp::app
