#include "worker/engine/engine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/check.h"
#include "common/stats/recorder.h"
#include "worker/engine/arrivals.h"
#include "worker/engine/population.h"
#include "worker/engine/user.h"

namespace sfp::engine {

class Engine::State {
 public:
  State(std::shared_ptr<const scenario::Program> program, scenario::Pools& pools,
        Connector& connector, Wheel& wheel, EngineObserver& observer, Options options)
      : program_(std::move(program)),
        connector_(connector),
        wheel_(wheel),
        observer_(observer),
        options_(options),
        context_{*program_, pools, wheel, options.seed,
                 scenario::Renderer(program_, options.utc_offset)} {
    context_.token_refused = [this](std::size_t number) { observer_.OnTokenRefused(number); };
    context_.trace = options.trace;
    if (options.trace == nullptr) return;
    context_.collector.on_value = [this](scenario::SourceId into, std::string_view value) {
      options_.trace->OnValue(into, value);
    };
  }

  void SetToken(std::size_t number, std::shared_ptr<const std::string> token) {
    context_.renderer.SetToken(number, std::move(token));
  }
  void Start(plan::Plan plan, Time start);
  void Update(plan::Plan plan, Time now);
  void Stop(Time now, Duration limit = Duration::max());

  std::optional<stats::Recorder>& recorder() { return recorder_; }
  std::size_t users() const { return load_ == nullptr ? 0 : load_->users(); }

 private:
  static constexpr Duration kSecond{1'000'000'000};

  class Alarm final : public Timer {
   public:
    Alarm(State& state, void (State::*ring)(Time)) : state_(state), ring_(ring) {}

   private:
    void OnTimer(Time now) override { (state_.*ring_)(now); }
    State& state_;
    void (State::*ring_)(Time);
  };

  void Begin(Time now);
  void Follow(Time now);
  void Rotate(Time now);
  void Sweep(Time now);
  void GiveUp(Time now);
  std::unique_ptr<Load> MakeLoad(const plan::Plan& plan);
  void FollowUntil(Duration t, Time now);
  bool Behind(Duration t) const;
  void ScheduleFollow();
  void ScheduleRotation() { wheel_.Schedule(rotate_, start_ + (index_ + 1) * kSecond); }
  void Finish(Time now);

  std::shared_ptr<const scenario::Program> program_;
  Connector& connector_;
  Wheel& wheel_;
  EngineObserver& observer_;
  const Options options_;
  std::optional<stats::Recorder> recorder_;
  UserContext context_;
  std::optional<plan::Plan> first_;  // until the start
  Time start_{};
  std::int64_t index_ = 0;  // of the interval under way
  bool begun_ = false;
  std::unique_ptr<Load> load_;  // from Start on
  Alarm begin_{*this, &State::Begin};
  Alarm follow_{*this, &State::Follow};
  Alarm rotate_{*this, &State::Rotate};
  Alarm sweep_{*this, &State::Sweep};
  Alarm give_up_{*this, &State::GiveUp};
};

void Engine::State::Start(plan::Plan plan, Time start) {
  SFP_CHECK(!recorder_);
  if (context_.stopping) return;
  start_ = start;
  recorder_.emplace(program_->endpoints().size(), start);
  context_.recorder = &*recorder_;
  load_ = MakeLoad(plan);
  load_->Learn(plan);
  first_ = std::move(plan);
  wheel_.Schedule(begin_, start);
}

std::unique_ptr<Load> Engine::State::MakeLoad(const plan::Plan& plan) {
  const Place place{options_.worker, options_.thread, options_.threads};
  const auto on_finished = [this](Time now) { wheel_.Schedule(sweep_, now); };
  if (plan.rate() != nullptr) {
    return std::make_unique<Arrivals>(context_, connector_, place, on_finished);
  }
  return std::make_unique<Population>(context_, connector_, place, on_finished);
}

void Engine::State::Begin(Time now) {
  begun_ = true;
  const Duration elapsed = now - start_;
  index_ = elapsed / kSecond;
  const bool joined_late = index_ > 0;
  // What is over is not ours: the first interval begins now.
  if (joined_late) recorder_->Recycle(recorder_->Rotate(0, now, 0));
  ScheduleRotation();
  load_->Adopt(*std::exchange(first_, std::nullopt), joined_late ? elapsed : Duration(0), start_,
               now);
  FollowUntil(elapsed, now);
}

// Never beyond the end of the interval under way, whose users it would change.
void Engine::State::Follow(Time now) { FollowUntil(std::min(now, rotate_.due()) - start_, now); }

void Engine::State::FollowUntil(Duration t, Time now) {
  if (context_.stopping) return;
  load_->Follow(t, now);
  const std::optional<Duration> end = load_->plan().end();
  if ((end && t >= *end && !Behind(t)) || load_->done()) {
    Stop(now);
  } else {
    ScheduleFollow();
  }
}

// Whether more is due by `t` than has been done.
bool Engine::State::Behind(Duration t) const {
  const std::optional<Duration> end = load_->plan().end();
  const std::optional<Duration> next = load_->NextEvent();
  return next && *next <= t && (!end || *next < *end);
}

void Engine::State::ScheduleFollow() {
  std::optional<Duration> next = load_->NextEvent();
  const std::optional<Duration> end = load_->plan().end();
  if (end && (!next || *end < *next)) next = end;
  if (next) {
    wheel_.Schedule(follow_, start_ + *next);
  } else {
    wheel_.Cancel(follow_);
  }
}

void Engine::State::Update(plan::Plan plan, Time now) {
  if (context_.stopping || !recorder_) return;
  const plan::Plan& newest = begun_ ? load_->plan() : *first_;
  if (plan.revision() < newest.revision()) return;
  SFP_CHECK((plan.rate() != nullptr) == (newest.rate() != nullptr));
  if (!begun_) {
    load_->Learn(plan);
    first_ = std::move(plan);
    return;
  }
  const Duration t = std::min(now, rotate_.due()) - start_;
  if (plan.rate() != nullptr) {
    do load_->Follow(t, now);  // what was due by the old plan
    while (Behind(t));
  }
  load_->Learn(plan);
  load_->Adopt(std::move(plan), t, start_, now);
  FollowUntil(t, now);
}

void Engine::State::Stop(Time now, Duration limit) {
  const Time give_up = now + std::min(limit, options_.stop_timeout);
  if (context_.stopping) {
    if (give_up_.scheduled() && give_up_.due() > give_up) wheel_.Schedule(give_up_, give_up);
    return;
  }
  context_.stopping = true;
  wheel_.Cancel(begin_);
  wheel_.Cancel(follow_);
  if (load_ != nullptr) load_->RetireAll(now);
  wheel_.Schedule(sweep_, now);
  wheel_.Schedule(give_up_, give_up);
}

void Engine::State::Rotate(Time now) {
  const Time due = rotate_.due();
  FollowUntil(due - start_, now);
  recorder_->Lag(now - due);
  stats::Interval interval = recorder_->Rotate(static_cast<std::uint32_t>(index_), now,
                                               static_cast<std::uint32_t>(users()));
  context_.grid = UserContext::GridFor(interval.lag.count());
  ++index_;
  ScheduleRotation();
  observer_.OnInterval(std::move(interval));
}

void Engine::State::Sweep(Time now) {
  if (load_ != nullptr) {
    load_->Sweep();
    if (!context_.stopping && load_->done()) Stop(now);
  }
  if (context_.stopping && (load_ == nullptr || load_->empty())) Finish(now);
}

void Engine::State::GiveUp(Time now) {
  if (load_ != nullptr) load_->Abandon(now);
  Finish(now);
}

void Engine::State::Finish(Time now) {
  wheel_.Cancel(rotate_);
  wheel_.Cancel(sweep_);
  wheel_.Cancel(give_up_);
  if (recorder_) {
    const Time end = begun_ ? now : start_;
    observer_.OnInterval(recorder_->Rotate(static_cast<std::uint32_t>(index_), end, 0));
  }
  observer_.OnIdle();
}

Engine::Engine(std::shared_ptr<const scenario::Program> program, scenario::Pools& pools,
               Connector& connector, Wheel& wheel, EngineObserver& observer, Options options)
    : state_(std::make_unique<State>(std::move(program), pools, connector, wheel, observer,
                                     options)) {}

Engine::~Engine() = default;

void Engine::Start(plan::Plan plan, Time start) { state_->Start(std::move(plan), start); }
void Engine::Update(plan::Plan plan, Time now) { state_->Update(std::move(plan), now); }
void Engine::Stop(Time now, Duration limit) { state_->Stop(now, limit); }

void Engine::Recycle(stats::Interval interval) {
  if (state_->recorder()) state_->recorder()->Recycle(std::move(interval));
}

void Engine::SetToken(std::size_t number, std::shared_ptr<const std::string> token) {
  state_->SetToken(number, std::move(token));
}

void Engine::LoopLag(Duration late) {
  if (state_->recorder()) state_->recorder()->LoopLag(late);
}

std::uint32_t Engine::users() const { return static_cast<std::uint32_t>(state_->users()); }

std::uint64_t Engine::in_flight() const {
  return state_->recorder() ? state_->recorder()->in_flight() : 0;
}

}  // namespace sfp::engine
