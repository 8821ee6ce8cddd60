#include "worker/engine/user.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/plan/arrivals.h"

namespace sfp::engine {

using scenario::Op;

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
  void await_suspend(std::coroutine_handle<>) { user.Sleep(due); }
  void await_resume() const noexcept {}
};

UserTask User::Live() {
  co_await Waiting{*this, Begin(wanted_)};
  while (Choose()) {
    for (Next next = Advance(); next != Next::kEnd; next = Advance()) {
      if (next == Next::kPause) {
        co_await Waiting{*this, until_};
        continue;
      }
      bool more = true;
      while (more) {
        Exchange& exchange = co_await Sending{*this};
        more = Settle(exchange);
      }
    }
    co_await Waiting{*this, Ended()};
  }
}

User::User(UserContext& context, UserOwner& owner, std::unique_ptr<Connection> connection,
           Role role)
    : context_(context),
      owner_(owner),
      role_(role),
      connection_(std::move(connection)),
      session_(context.program, role.number, *role.user_class, role.most_users, role.serves),
      life_(Live()) {}

void User::Start(Time planned, Time now) {
  wanted_ = planned;
  now_ = now;
  Resume();
}

void User::Serve(std::uint64_t arrival, Time planned, Time now) {
  SFP_CHECK(role_.serves && !exchanging_);
  arrival_ = arrival;
  wanted_ = planned;
  now_ = now;
  Resume();
}

bool User::Retire(Time now) {
  retiring_ = true;
  again_ = false;
  if (exchanging_) return true;
  if (user_class().on_stop.empty() || iteration_ == 0) {
    context_.wheel.Cancel(*this);
    BreakOff();
    return false;
  }
  context_.wheel.Schedule(*this, now);
  return true;
}

void User::Keep() {
  if (stage_ == Stage::kOnStop) {
    again_ = true;
    return;
  }
  retiring_ = false;
  if (exchanging_) return;
  Sleep(until_);
}

void User::Sleep(Time until) {
  until_ = until;
  if (until == kNever) return context_.wheel.Cancel(*this);
  const Duration grid = context_.grid;
  if (grid > Duration(0) && !user_class().wait.pacing() && until - now_ >= 100 * grid) {
    until += (grid - until.time_since_epoch() % grid) % grid;
  }
  context_.wheel.Schedule(*this, until);
}

void User::GiveUp(Time now) {
  if (exchanging_) context_.recorder->GaveUp(endpoint(), now - now_);
  BreakOff();
}

void User::BreakOff() {
  cut_ = true;
  LeaveAll();
}

void User::OnTimer(Time now) {
  context_.recorder->Lag(now - std::min(due(), until_));
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

bool User::Choose() {
  const scenario::UserClass& of = user_class();
  if (Leaves()) {
    if (iteration_ == 0 || on_stop_ == of.on_stop.size()) return false;
    stage_ = Stage::kOnStop;
    Take(of.on_stop[on_stop_++]);
  } else if (on_start_ < of.on_start.size()) {
    stage_ = Stage::kOnStart;
    Take(of.on_start[on_start_++]);
  } else {
    Pick();
    return true;
  }
  rng_ = Rng(context_.seed, number(), iteration_++);
  return true;
}

void User::Take(scenario::TaskId task) {
  task_ = &context_.program.tasks()[task];
  draw_.Begin(*task_);
  op_ = 0;
  status_ = 0;
  broken_off_ = skipped_ = cut_ = false;
  first_ = true;
  if (context_.trace != nullptr) context_.trace->OnTask(*task_);
}

// The order of random numbers is part of what a seed means: task, wait, values, collected values.
void User::Pick() {
  stage_ = Stage::kPicked;
  ++picked_;
  if (role_.serves) {
    ++iteration_;
    rng_ = Rng(context_.seed, plan::kArrivalStreams + arrival_, 0);
    Take(user_class().PickTask(rng_));
    return;
  }
  rng_ = Rng(context_.seed, number(), iteration_++);
  Take(user_class().PickTask(rng_));
  think_ = user_class().wait.Think(rng_);
}

User::Next User::Advance() {
  while (op_ < task_->ops.size() && !broken_off_) {
    const Op& op = task_->ops[op_++];
    switch (op.kind) {
      case Op::Kind::kRequest:
        step_ = &task_->steps[op.index];
        if (Cut() || !Draw()) return Next::kEnd;
        return Next::kRequest;
      case Op::Kind::kThink:
        if (Cut()) return Next::kEnd;
        until_ = now_ + task_->thinks[op.index].Think(rng_);
        if (context_.trace == nullptr) return Next::kPause;
        context_.trace->OnThink(until_ - now_);
        break;
      case Op::Kind::kSet:
        if (!Set(task_->sets[op.index])) return Next::kEnd;
        break;
      case Op::Kind::kUnless:
        if (!Holds(task_->conditions[op.index])) op_ = op.to;
        break;
      case Op::Kind::kGo:
        op_ = op.to;
        break;
      case Op::Kind::kRepeat:
        ProgressOf().rounds.push_back(op.to);
        break;
      case Op::Kind::kAgain:
        if (Again(op)) op_ = op.to;
        break;
      case Op::Kind::kEnter:
        ProgressOf().groups.push_back({op.index, now_});
        break;
      case Op::Kind::kLeave:
        LeaveGroup(true);
        break;
    }
  }
  return Next::kEnd;
}

// Whoever retires begins nothing more that takes time, but in on_stop.
bool User::Cut() { return cut_ = retiring_ && stage_ != Stage::kOnStop; }

bool User::Take(const scenario::Inputs& inputs) {
  scenario::Occasion occasion{.iteration = iteration_ - 1, .utc = context_.renderer.Utc(now_)};
  if (role_.serves && stage_ == Stage::kPicked) occasion.arrival = arrival_;
  if (draw_.Take(context_.program, *task_, inputs, session_, context_.pools, rng_, occasion)) {
    return true;
  }
  quits_ |= draw_.exhausted() && !role_.serves;
  return false;
}

bool User::Skip(scenario::EndpointId at, std::string_view step, const scenario::Inputs& inputs) {
  context_.recorder->Skipped(at);
  if (context_.trace != nullptr) context_.trace->OnSkipped(*task_, step, inputs);
  skipped_ = true;
  return false;
}

bool User::Draw() {
  hops_ = 0;
  retrying_ = false;
  if (!Take(*step_)) return Skip(step_->endpoint, step_->name, *step_);
  rendered_ = context_.renderer.Render(*step_, draw_, session_, now_);
  return true;
}

bool User::Set(const scenario::Assignment& set) {
  if (!Take(set)) return Skip(task_->endpoint(), task_->name, set);
  session_.Keep(set.into, context_.renderer.Text(set.text, draw_));
  if (context_.trace != nullptr) context_.trace->OnValue(set.into, *session_.Value(set.into));
  return true;
}

bool User::Holds(const scenario::Condition& condition) {
  bool holds = false;
  if (condition.status) {
    holds = status_ != 0 && condition.status->Holds(status_);
  } else if (Take(condition)) {
    const std::string_view value = draw_.value(condition.needs.front());
    holds = (!condition.is || value == *condition.is) &&
            (!condition.matches || condition.matches->Find(value));
  }
  return holds != condition.negated;
}

bool User::Again(const Op& op) {
  std::vector<std::uint32_t>& rounds = ProgressOf().rounds;
  const bool done =
      --rounds.back() == 0 || (op.index != Op::kNone && Holds(task_->conditions[op.index]));
  if (done) rounds.pop_back();
  return !done;
}

User::Progress& User::ProgressOf() {
  if (progress_ == nullptr) progress_ = std::make_unique<Progress>();
  return *progress_;
}

void User::LeaveGroup(bool succeeded) {
  const auto [group, began] = progress_->groups.back();
  progress_->groups.pop_back();
  context_.recorder->GroupEnded(group, began, now_, succeeded);
}

// What is still open fails, or has been broken off because the user retires.
void User::LeaveAll() {
  if (progress_ == nullptr) return;
  while (!cut_ && !progress_->groups.empty()) LeaveGroup(false);
  for (const auto& [group, began] : progress_->groups) context_.recorder->Skipped(group);
  progress_->groups.clear();
  progress_->rounds.clear();
}

void User::Send() {
  const bool traced = context_.trace != nullptr;
  if (traced) context_.trace->OnRequest(*step_, rendered_.bytes);
  const Request request{.bytes = rendered_.bytes,
                        .head = rendered_.head,
                        .keep_body = step_->needs_body || traced,
                        .keep_headers = step_->needs_headers || traced,
                        .keep_fields = step_->needs_fields,
                        .timeout = step_->timeout};
  context_.recorder->Started(endpoint());
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
  const bool planned = std::exchange(first_, false) && stage_ == Stage::kPicked &&
                       (role_.serves || user_class().wait.pacing().has_value());
  sample.intended =
      planned ? std::max(sample.ended - wanted_, sample.response) : stats::kNotMeasured;
  status_ = static_cast<std::uint16_t>(sample.status);
  bool more = false;
  if (sample.failure == nullptr) {
    if (!exchange.set_cookies.empty()) {
      context_.renderer.StoreCookies(*step_, draw_, session_, exchange.set_cookies, now_);
    }
    if (scenario::IsRedirect(sample.status) && step_->max_redirects > 0) {
      more = FollowRedirect(exchange);
    } else {
      Examine(exchange);
    }
  }
  context_.recorder->Completed(endpoint(), sample);
  if (context_.trace != nullptr) context_.trace->OnResponse(*step_, exchange);
  const bool retried = std::exchange(retrying_, false);
  if (!retried && MayRetry(exchange)) {
    rendered_ = context_.renderer.Render(*step_, draw_, session_, now_);
    return retrying_ = true;
  }
  broken_off_ = sample.failure != nullptr;
  return more;
}

void User::Examine(Exchange& exchange) {
  const scenario::Reply reply{.status = exchange.sample.status,
                              .body = exchange.body,
                              .fields = exchange.fields,
                              .set_cookies = exchange.set_cookies,
                              .jar = session_.cookies(),
                              .time = exchange.sample.response};
  if (std::optional<scenario::Wrong> wrong = context_.examiner.Judge(*step_, reply, draw_)) {
    if (reply.status == 401 && step_->token) context_.token_refused(*step_->token);
    const auto kind =
        wrong->status ? stats::FailureKind::kStatus : stats::FailureKind::kExpectation;
    if (step_->expect.otherwise != scenario::Expect::Otherwise::kWarn) {
      Fail(exchange, kind, std::move(wrong->message));
      quits_ |= step_->expect.otherwise == scenario::Expect::Otherwise::kStop && !role_.serves;
      return;
    }
    context_.recorder->Warned(endpoint(), kind, std::move(wrong->message), exchange.sample);
  }
  if (!step_->collect.empty()) {
    context_.collector.Take(*step_, reply, context_.examiner.json(), session_, context_.pools,
                            rng_);
  }
}

bool User::MayRetry(const Exchange& exchange) const {
  return step_->retry_endpoint && hops_ == 0 && (!context_.stopping || stage_ == Stage::kOnStop) &&
         exchange.sample.failure != nullptr &&
         stats::MetClosedConnection(exchange.failure.kind, exchange.failure.evidence);
}

bool User::FollowRedirect(Exchange& exchange) {
  if (hops_ == step_->max_redirects) {
    Fail(exchange, stats::FailureKind::kRedirects,
         "more than " + std::to_string(hops_) + " redirects");
    return false;
  }
  if (context_.stopping && stage_ != Stage::kOnStop) return false;
  StatusOr<scenario::Rendered> next = context_.renderer.RenderRedirect(
      *step_, draw_, session_, exchange.sample.status, exchange.location, now_);
  if (!next.ok()) {
    Fail(exchange, stats::FailureKind::kRedirects, Message(next.status()));
    return false;
  }
  rendered_ = *next;
  ++hops_;
  return true;
}

Time User::Begin(Time planned) {
  return role_.serves || !user_class().on_start.empty() ? now_ : FirstPick(planned);
}

Time User::FirstPick(Time from) {
  if (!user_class().has_picks) return kNever;  // a user until it is retired
  if (const std::optional<Duration> pacing = user_class().wait.pacing()) {
    // 2^64 / φ; the product's fraction is the low half.
    const std::uint64_t phase = (number() + 1) * 0x9e3779b97f4a7c15ULL;
    from += Duration(static_cast<std::int64_t>(
        (static_cast<unsigned __int128>(phase) * static_cast<std::uint64_t>(pacing->count())) >>
        64));
  }
  wanted_ = from;
  return std::max(from, now_);
}

Time User::Ended() {
  LeaveAll();
  if (context_.trace != nullptr) {
    const bool last = Leaves() || on_start_ == user_class().on_start.size();
    context_.trace->OnEnded(*task_, broken_off_ || skipped_, last);
  }
  if (stage_ == Stage::kPicked && !cut_) context_.recorder->Iteration();
  if (Leaves()) {
    if (!again_ || on_stop_ < user_class().on_stop.size()) return now_;
    // Wanted after all, but it has taken its leave: a new life.
    session_ = scenario::UserSession(context_.program, number(), user_class(), role_.most_users,
                                     role_.serves);
    iteration_ = picked_ = 0;
    on_start_ = on_stop_ = 0;
    stage_ = Stage::kOnStart;
    retiring_ = again_ = quits_ = false;
    return Begin(now_);
  }
  if (stage_ == Stage::kOnStart) {
    if (on_start_ < user_class().on_start.size() || role_.serves) return now_;
    return FirstPick(now_);
  }
  if (role_.serves) {
    owner_.OnFree(*this);
    return kNever;
  }
  const std::optional<Duration> pacing = user_class().wait.pacing();
  wanted_ = pacing ? wanted_ + *pacing : now_ + think_;
  return std::max(wanted_, skipped_ || first_ ? now_ + kLeastWaitAfterSkip : now_);
}

}  // namespace sfp::engine
