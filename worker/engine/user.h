#pragma once

// One virtual user: on_start once, then for ever pick a task, send its request, judge, collect,
// record, wait. Its life is the coroutine Live in user.cc; here is what it carries.
//
// * The choices of iteration i come from Rng(seed, user, i); on_start tasks are iterations, too.
// * The wait follows each task but those of on_start. It counts from the end of the last response,
//   not from when we noticed; pacing counts from start to start, from when the start was wanted as
//   long as the user keeps up. A user that fell behind starts at once and does not catch up.
// * Each hop of a redirect is a request of its own of the same endpoint. A failure ends the task,
//   not the user.
// * A skipped task is counted and followed by the wait, of at least kLeastWaitAfterSkip.
//
// Built by the Population, which retires and destroys it. Never destroyed from inside its own
// callbacks.
//
// Thread: confined to its loop.

#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/rng.h"
#include "common/base/time.h"
#include "common/scenario/collect.h"
#include "common/scenario/draw.h"
#include "common/scenario/program.h"
#include "common/scenario/renderer.h"
#include "common/scenario/session.h"
#include "common/stats/recorder.h"
#include "worker/engine/connection.h"
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
  scenario::Collector collector;
  stats::Recorder* recorder = nullptr;  // set before the first user starts
  bool stopping = false;                // redirects are not followed any more
};

class UserOwner {
 public:
  // A retired user's task under way is done. It is still on the stack: destroy it later.
  virtual void OnFinished(User& user, Time now) = 0;

 protected:
  ~UserOwner() = default;
};

class User final : private Timer, private ExchangeHandler {
 public:
  static constexpr Duration kLeastWaitAfterSkip{10'000'000};

  User(UserContext& context, UserOwner& owner, std::unique_ptr<Connection> connection,
       std::uint64_t number, std::uint32_t most_users);

  // Begins its life; the plan wanted it at `planned`.
  void Start(Time planned, Time now);
  // No further task. A user that is idle then does nothing any more; one that is not ends with
  // OnFinished.
  void Retire();
  // The plan wants it after all, before it has finished.
  void Keep() { retiring_ = false; }

  std::uint64_t number() const { return session_.user(); }
  bool idle() const { return !exchanging_; }

 private:
  struct Sending;
  struct Waiting;

  UserTask Live();
  void OnTimer(Time now) override;
  void OnExchange(Exchange& exchange) override;
  void Resume();

  const scenario::Task* Choose();
  bool Draw();
  void Send();
  // Judges, collects and records; true if a redirect leads to another request, rendered then.
  bool Settle(Exchange& exchange);
  bool FollowRedirect(Exchange& exchange);
  void Fail(Exchange& exchange, stats::FailureKind kind, std::string message);
  Time NextStart(bool skipped);

  UserContext& context_;
  UserOwner& owner_;
  std::unique_ptr<Connection> connection_;
  scenario::UserSession session_;
  scenario::Draw draw_;
  scenario::Rendered rendered_;  // valid from rendering to Connection::Start
  const scenario::Task* task_ = nullptr;
  Exchange* exchange_ = nullptr;  // during OnExchange
  Rng rng_{0};                    // of this iteration
  std::uint64_t iteration_ = 0;   // the next one
  Duration think_{0};             // after this task
  Time now_{};                    // the newest time it knows
  Time wanted_{};                 // when the plan wanted this task to start
  Time paced_from_{};             // from when the next start is paced
  std::uint32_t on_start_ = 0;    // the next task of on_start
  std::uint32_t hops_ = 0;        // redirects followed in this task
  bool exchanging_ = false;
  bool retiring_ = false;
  UserTask life_;
};

}  // namespace sfp::engine
