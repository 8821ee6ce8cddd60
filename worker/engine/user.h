#pragma once

// One virtual user: on_start once, then for ever pick a task, send its requests, judge, collect,
// record, wait; on_stop when it retires. Its life is the coroutine Live in user.cc; here is what it
// carries.
//
// * The choices of iteration i come from Rng(seed, user, i); tasks of on_start and on_stop are
//   iterations, too. Those of arrival n come from Rng(seed, kArrivalStreams + n, 0).
// * The wait follows each picked task. It counts from the end of the last response, not from when
//   we noticed. With thousands of wake-ups a second it ends on a grid (UserContext::grid), up to
//   0.75 ms late, which the lag shows; paced tasks and arrivals are woken exactly.
// * Pacing counts from start to start on a grid that never slides: a user that fell behind starts
//   at once, again and again, until it has caught up. User u's grid begins frac((u + 1) φ) of a
//   period after its start (φ the golden ratio), so that users who start together stay apart.
// * In the open model it has no wait: after each task it is free until it is given an arrival.
// * The intended response time of a paced task's first request, or an arrival's, counts from when
//   it was wanted.
// * With the target's retry, a request that met a connection which the server had closed is made
//   once more, as a request of an endpoint of its own; the failure stays one.
// * Each hop of a redirect is a request of its own of the same endpoint. A failure ends the task,
//   not the user.
// * A step for which a value is missing is skipped and counted, and ends the task; the wait behind
//   it, or behind a task that made no request, is at least kLeastWaitAfterSkip.
// * A user that retires ends its task behind the request under way; such a task is no iteration.
// * The time of a group counts from where its first step begins to where its last one ends, pauses
//   included. A failed or skipped step fails the groups around it; one that the user's end breaks
//   off counts as skipped.
//
// Built by its UserOwner (population.h, arrivals.h), which retires and destroys it. Never destroyed
// from inside its own callbacks.
//
// Thread: confined to its loop.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/rng.h"
#include "common/base/time.h"
#include "common/scenario/collect.h"
#include "common/scenario/draw.h"
#include "common/scenario/expect.h"
#include "common/scenario/program.h"
#include "common/scenario/renderer.h"
#include "common/scenario/session.h"
#include "common/stats/recorder.h"
#include "worker/engine/connection.h"
#include "worker/engine/trace.h"
#include "worker/engine/user_task.h"
#include "worker/engine/wheel.h"

namespace sfp::engine {

class User;

// What the users of one loop share.
struct UserContext {
  const scenario::Program& program;
  scenario::Pools& pools;
  Wheel& wheel;
  std::uint64_t seed;
  scenario::Renderer renderer;
  scenario::Examiner examiner;
  scenario::Collector collector;
  stats::Recorder* recorder = nullptr;  // set before the first user starts
  Trace* trace = nullptr;               // null but for a user that is looked at
  bool stopping = false;                // redirects are not followed any more
  // Users that think for a hundred times as long or longer wake up on a grid of so much, together
  // with others; 0: each by itself. A loop that sleeps between any two of ten thousand wake-ups a
  // second does little else.
  Duration grid{0};

  static constexpr Duration kWidestGrid{750'000};
  std::function<void(std::size_t)>
      token_refused;  // by its number; set before the first user starts
  // The grid for so many wake-ups in the last second: 6 at once on the average, so that what is
  // sent at once stays few, and none where it would spare little.
  static Duration GridFor(std::uint64_t wake_ups) {
    if (wake_ups < 2000) return Duration(0);
    return std::min(kWidestGrid, Duration(6'000'000'000 / static_cast<std::int64_t>(wake_ups)));
  }
};

class UserOwner {
 public:
  // Its life is over: it retired, or has done all its iterations. It is still on the stack: destroy
  // it later.
  virtual void OnFinished(User& user, Time now) = 0;
  // Open model: it has served its arrival. It is still on the stack: no Serve from in here.
  virtual void OnFree(User&) {}

 protected:
  ~UserOwner() = default;
};

struct Role {
  std::uint64_t number = 0;
  const scenario::UserClass* user_class = nullptr;
  std::uint32_t most_users = 0;
  std::optional<std::uint64_t> iterations;  // picked tasks, after which it retires by itself
  bool serves = false;                      // the open model
};

class User final : private Timer, private ExchangeHandler {
 public:
  static constexpr Duration kLeastWaitAfterSkip{10'000'000};

  User(UserContext& context, UserOwner& owner, std::unique_ptr<Connection> connection, Role role);

  // Begins its life; the plan wanted it at `planned`.
  void Start(Time planned, Time now);
  // Open model, instead of Start and whenever it is free: do an iteration for this arrival, which
  // the plan wanted at `planned`.
  void Serve(std::uint64_t arrival, Time planned, Time now);
  // No further task but those of on_stop. False: there is nothing to be done any more. True: it
  // ends with OnFinished, not from in here.
  bool Retire(Time now);
  // The plan wants it after all, before it has finished. If it has begun with on_stop it begins a
  // new life behind it.
  void Keep();

  // It is about to be destroyed: a request under way is recorded as given up.
  void GiveUp(Time now);

  std::uint64_t number() const { return role_.number; }
  const scenario::UserClass& user_class() const { return *role_.user_class; }
  // It retires by itself, as its task says, though the plan wants it.
  bool quits() const { return quits_; }

 private:
  struct Sending;
  struct Waiting;

  enum class Stage : std::uint8_t { kOnStart, kPicked, kOnStop };  // of a task
  enum class Next : std::uint8_t { kRequest, kPause, kEnd };
  // In a task that repeats or groups; made when first needed. The innermost stands last.
  struct Progress {
    std::vector<std::uint32_t> rounds;  // still to do, this one included
    std::vector<std::pair<scenario::EndpointId, Time>> groups;
  };

  UserTask Live();
  void Sleep(Time until);  // not before it; kNever: until it is told
  void OnTimer(Time now) override;
  void OnExchange(Exchange& exchange) override;
  void Resume();

  // When it has its first task.
  Time Begin(Time planned);
  bool Choose();  // the next task; false: its life is over
  void Pick();
  void Take(scenario::TaskId task);
  // Goes on in the task, and does what takes no time.
  Next Advance();
  bool Cut();
  bool Take(const scenario::Inputs& inputs);  // false: a value is missing
  bool Draw();                                // false: the request lacks a value and is skipped
  bool Set(const scenario::Assignment& set);
  bool Skip(scenario::EndpointId at, std::string_view step, const scenario::Inputs& inputs);
  bool Holds(const scenario::Condition& condition);
  bool Again(const scenario::Op& op);
  Progress& ProgressOf();
  void LeaveGroup(bool succeeded);
  void LeaveAll();
  void BreakOff();  // the task, for good
  void Send();
  // Judges, collects and records; true if a redirect leads to another request, rendered then.
  bool Settle(Exchange& exchange);
  bool FollowRedirect(Exchange& exchange);
  void Examine(Exchange& exchange);  // the response is whole: expectations, values
  bool MayRetry(const Exchange& exchange) const;
  scenario::EndpointId endpoint() const {
    return retrying_ ? *step_->retry_endpoint : step_->endpoint;
  }
  void Fail(Exchange& exchange, stats::FailureKind kind, std::string message);
  // The task is over: when the next one starts, kNever for a user that is told.
  Time Ended();
  Time FirstPick(Time from);
  bool Leaves() const { return retiring_ || quits_ || picked_ == role_.iterations; }

  UserContext& context_;
  UserOwner& owner_;
  const Role role_;
  std::unique_ptr<Connection> connection_;
  scenario::UserSession session_;
  scenario::Draw draw_;
  std::unique_ptr<Progress> progress_;
  scenario::Rendered rendered_;  // valid from rendering to Connection::Start
  const scenario::Task* task_ = nullptr;
  const scenario::Step* step_ = nullptr;  // of it, under way or the last one
  Exchange* exchange_ = nullptr;          // during OnExchange
  Rng rng_{0};                            // of this iteration
  std::uint64_t iteration_ = 0;           // the next one
  std::uint64_t picked_ = 0;              // tasks of this life, without on_start and on_stop
  std::uint64_t arrival_ = 0;             // that it serves
  Duration think_{0};                     // after this task
  Time now_{};                  // the newest time it knows; of a request under way, its start
  Time wanted_{};               // when the plan wanted this task to start
  Time until_{};                // of the wait under way
  std::uint32_t on_start_ = 0;  // the next task of it
  std::uint32_t on_stop_ = 0;
  std::uint32_t op_ = 0;      // of the task, the next one
  std::uint32_t hops_ = 0;    // redirects followed in this step
  std::uint16_t status_ = 0;  // of the last response in this task
  Stage stage_ = Stage::kOnStart;
  bool exchanging_ = false;
  bool broken_off_ = false;  // a failure ended the task
  bool skipped_ = false;     // a step of the task
  bool cut_ = false;         // the user retired in the middle of the task
  bool first_ = true;        // no request of this task has come back yet
  bool retrying_ = false;    // the request is one that is made once more
  bool retiring_ = false;
  bool quits_ = false;  // retires by itself, though the plan wants it
  bool again_ = false;  // wanted after on_stop
  UserTask life_;
};

}  // namespace sfp::engine
