#include "worker/app/engine_thread.h"

#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

#include "worker/engine/engine.h"
#include "worker/http/client.h"

namespace sfp::app {
namespace {

Duration ThreadCpuTime() {
  rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return Duration(0);
  const auto ns = [](const timeval& t) { return t.tv_sec * 1'000'000'000LL + t.tv_usec * 1000LL; };
  return Duration(ns(usage.ru_utime) + ns(usage.ru_stime));
}

// Wakes the loop at a moment, to some ten microseconds: epoll's own timeout only knows
// milliseconds.
class AlarmClock {
 public:
  explicit AlarmClock(boost::asio::io_context& io)
      : timer_(io, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    Await();
  }

  void Set(Time due) {
    if (due == set_) return;
    set_ = due;
    itimerspec spec{};  // all zero: never
    if (due != kNever) {
      const std::int64_t ns = std::max<std::int64_t>(1, due.time_since_epoch().count());
      spec.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
    }
    timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr);
  }

 private:
  void Await() {
    timer_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        std::uint64_t times = 0;
                        // Nothing to read if it was set anew in the meantime.
                        [[maybe_unused]] const auto got =
                            read(timer_.native_handle(), &times, sizeof times);
                        set_ = kNever;
                        Await();
                      });
  }

  boost::asio::posix::stream_descriptor timer_;
  Time set_ = kNever;
};

}  // namespace

class EngineThread::Loop : public engine::EngineObserver {
 public:
  Loop(std::shared_ptr<PreparedRun> run, engine::Engine::Options options, Events events)
      : run_(std::move(run)),
        options_(options),
        events_(std::move(events)),
        thread_([this] { Run(); }) {}

  virtual ~Loop() {
    stopping_ = true;
    boost::asio::post(io_, [] {});  // wakes the loop
    thread_.join();
  }

  template <typename Call>
  void Post(Call call) {
    boost::asio::post(io_, [this, call = std::move(call)]() mutable { call(*engine_); });
  }

 private:
  void Run() {
    engine::Wheel wheel(Now());
    http::Client client(io_, wheel, run_->destination);
    AlarmClock alarm(io_);
    engine_ = std::make_unique<engine::Engine>(run_->program, *run_->pools, client, wheel, *this,
                                               options_);
    cpu_since_ = Now();
    cpu_time_ = ThreadCpuTime();
    // One turn: the timers that are due, then wait for an event or the next timer, and take what is
    // ready.
    while (!stopping_) {
      wheel.Advance(Now());
      alarm.Set(wheel.NextDue());
      io_.run_one();
      io_.poll();
    }
    engine_.reset();
  }

  void OnInterval(stats::Interval interval) override {
    const Time now = Now();
    const Duration cpu_time = ThreadCpuTime();
    interval.cpu = Seconds(cpu_time - cpu_time_) / std::max(1e-9, Seconds(now - cpu_since_));
    cpu_since_ = now;
    cpu_time_ = cpu_time;
    events_.on_interval(options_.thread, std::move(interval));
  }

  void OnIdle() override { events_.on_idle(options_.thread); }

  const std::shared_ptr<PreparedRun> run_;
  const engine::Engine::Options options_;
  const Events events_;
  boost::asio::io_context io_{1};
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(io_);
  std::unique_ptr<engine::Engine> engine_;  // made and destroyed on the thread
  Time cpu_since_{};
  Duration cpu_time_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: it uses all of the above
};

EngineThread::EngineThread(std::shared_ptr<PreparedRun> run, std::uint32_t worker,
                           std::uint32_t thread, std::uint32_t threads, Events events) {
  const engine::Engine::Options options{.seed = run->seed,
                                        .worker = worker,
                                        .thread = thread,
                                        .threads = threads,
                                        .stop_timeout = run->stop_timeout};
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

void EngineThread::Stop() {
  loop_->Post([](engine::Engine& engine) { engine.Stop(Now()); });
}

}  // namespace sfp::app
