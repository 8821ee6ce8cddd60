#include "worker/engine/user.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace sfp::engine {

struct User::Sending {
  User& user;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) { user.Send(); }
  Exchange& await_resume() const { return *user.exchange_; }
};

struct User::Waiting {
  User& user;
  Time due;
  bool await_ready() const noexcept { return due <= user.now_; }
  void await_suspend(std::coroutine_handle<>) {
    if (due != kNever) user.context_.wheel.Schedule(user, due);
  }
  void await_resume() const noexcept {}
};

UserTask User::Live() {
  while (!retiring_) {
    task_ = Choose();
    if (task_ == nullptr) {  // it has nothing to do any more, but is a user until it is retired
      co_await Waiting{*this, kNever};
      continue;
    }
    const bool drawn = Draw();
    if (drawn) {
      bool more = true;
      while (more) {
        Exchange& exchange = co_await Sending{*this};
        more = Settle(exchange);
      }
    } else {
      context_.recorder->Skipped(task_->endpoint);
    }
    if (retiring_) break;
    co_await Waiting{*this, NextStart(!drawn)};
  }
}

User::User(UserContext& context, UserOwner& owner, std::unique_ptr<Connection> connection,
           std::uint64_t number, std::uint32_t most_users)
    : context_(context),
      owner_(owner),
      connection_(std::move(connection)),
      session_(context.program, number, most_users),
      life_(Live()) {}

void User::Start(Time planned, Time now) {
  wanted_ = paced_from_ = planned;
  now_ = now;
  Resume();
}

void User::Retire() {
  retiring_ = true;
  if (idle()) context_.wheel.Cancel(*this);
}

void User::OnTimer(Time now) {
  context_.recorder->Lag(now - due());
  now_ = now;
  Resume();
}

void User::OnExchange(Exchange& exchange) {
  SFP_CHECK(exchanging_);
  exchanging_ = false;
  exchange_ = &exchange;
  now_ = exchange.sample.ended;
  Resume();
}

void User::Resume() {
  life_.Resume();
  if (life_.done()) owner_.OnFinished(*this, now_);
}

// The order of random numbers is part of what a seed means: task, wait, values, collected values.
const scenario::Task* User::Choose() {
  const scenario::UserClass& user_class = session_.user_class();
  rng_ = Rng(context_.seed, number(), iteration_++);
  if (on_start_ < user_class.on_start.size()) {
    return &context_.program.tasks()[user_class.on_start[on_start_++]];
  }
  if (!user_class.has_picks) return nullptr;
  on_start_ = static_cast<std::uint32_t>(user_class.on_start.size()) + 1;
  const scenario::TaskId picked = user_class.PickTask(rng_);
  think_ = user_class.wait.Think(rng_);
  return &context_.program.tasks()[picked];
}

bool User::Draw() {
  hops_ = 0;
  if (!draw_.Take(context_.program, *task_, session_, context_.pools, rng_)) return false;
  rendered_ = context_.renderer.Render(*task_, draw_, session_, now_);
  return true;
}

void User::Send() {
  const Request request{.bytes = rendered_.bytes,
                        .head = rendered_.head,
                        .keep_body = task_->needs_body,
                        .keep_headers = task_->needs_headers,
                        .timeout = task_->timeout};
  context_.recorder->Started(task_->endpoint);
  exchanging_ = true;
  connection_->Start(request, *this);
}

void User::Fail(Exchange& exchange, stats::FailureKind kind, std::string message) {
  exchange.failure.kind = kind;
  exchange.failure.phase = stats::Phase::kBody;
  exchange.failure.message = std::move(message);
  exchange.failure.evidence.bytes_sent = exchange.sample.bytes_sent;
  exchange.failure.evidence.bytes_received = exchange.sample.bytes_received;
  exchange.sample.failure = &exchange.failure;
}

bool User::Settle(Exchange& exchange) {
  stats::Sample& sample = exchange.sample;
  const bool paced = session_.user_class().wait.pacing().has_value();
  sample.intended =
      paced && hops_ == 0 ? std::max(sample.ended - wanted_, sample.response) : stats::kNotMeasured;
  bool more = false;
  if (sample.failure == nullptr) {
    if (!exchange.set_cookies.empty()) {
      context_.renderer.StoreCookies(*task_, draw_, session_, exchange.set_cookies, now_);
    }
    if (scenario::IsRedirect(sample.status) && task_->max_redirects > 0) {
      more = FollowRedirect(exchange);
    } else if (std::optional<std::string> wrong = scenario::Judge(*task_, sample.status)) {
      Fail(exchange, stats::FailureKind::kStatus, *std::move(wrong));
    } else if (task_->needs_body) {
      context_.collector.Take(*task_, exchange.body, context_.pools, rng_);
    }
  }
  context_.recorder->Completed(task_->endpoint, sample);
  return more;
}

bool User::FollowRedirect(Exchange& exchange) {
  if (hops_ == task_->max_redirects) {
    Fail(exchange, stats::FailureKind::kRedirects,
         "more than " + std::to_string(hops_) + " redirects");
    return false;
  }
  if (context_.stopping) return false;
  StatusOr<scenario::Rendered> next = context_.renderer.RenderRedirect(
      *task_, draw_, session_, exchange.sample.status, exchange.location, now_);
  if (!next.ok()) {
    Fail(exchange, stats::FailureKind::kRedirects, Message(next.status()));
    return false;
  }
  rendered_ = *next;
  ++hops_;
  return true;
}

Time User::NextStart(bool skipped) {
  const scenario::UserClass& user_class = session_.user_class();
  if (on_start_ <= user_class.on_start.size()) {  // after a task of on_start
    wanted_ = paced_from_ = now_;
    return now_;
  }
  const std::optional<Duration> pacing = user_class.wait.pacing();
  wanted_ = pacing ? paced_from_ + *pacing : now_ + think_;
  const Time soonest = skipped ? now_ + kLeastWaitAfterSkip : now_;
  paced_from_ = std::max(wanted_, soonest);
  return paced_from_;
}

}  // namespace sfp::engine
