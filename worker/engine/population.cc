#include "worker/engine/population.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace sfp::engine {

Population::Population(UserContext& context, Connector& connector, Place place,
                       std::function<void(Time now)> on_finished)
    : context_(context),
      connector_(connector),
      place_(place),
      on_finished_(std::move(on_finished)),
      table_(place.worker, place.threads) {}

Population::~Population() { Abandon(); }

std::optional<std::uint64_t> Population::NextOurs(std::uint64_t from) const {
  for (std::uint64_t user = from; user < from + plan_->owner_entries(); ++user) {
    if (table_.Runs(user, place_.thread)) return user;
  }
  return std::nullopt;
}

void Population::Adopt(plan::Plan plan, Duration t, Time start, Time now) {
  plan_ = std::move(plan);
  start_ = start;
  at_ = std::max(at_, t);
  const std::uint32_t wanted = plan_->UsersAt(at_);
  std::vector<std::unique_ptr<User>> before = std::exchange(running_, {});
  auto old = before.begin();
  next_ = NextOurs(0);
  for (; next_ && *next_ < wanted; next_ = NextOurs(*next_ + 1)) {
    while (old != before.end() && (*old)->number() < *next_) Retire(std::move(*old++));
    if (old != before.end() && (*old)->number() == *next_) {
      running_.push_back(std::move(*old++));
    } else {
      Begin(*next_, at_, now);
    }
  }
  while (old != before.end()) Retire(std::move(*old++));
}

void Population::Follow(Duration t, Time now) {
  t = std::max(t, at_);
  const std::uint32_t wanted = plan_->UsersAt(t);
  while (!running_.empty() && running_.back()->number() >= wanted) {
    next_ = running_.back()->number();
    Retire(std::move(running_.back()));
    running_.pop_back();
  }
  for (; next_ && *next_ < wanted; next_ = NextOurs(*next_ + 1)) {
    Begin(*next_, plan_->StartOf(*next_, at_).value_or(t), now);
  }
  at_ = t;
}

std::optional<Duration> Population::NextEvent() const {
  std::optional<Duration> next;
  if (next_) next = plan_->StartOf(*next_, at_);
  if (!running_.empty()) {
    const std::optional<Duration> end = plan_->EndOf(running_.back()->number(), at_);
    if (end && (!next || *end < *next)) next = end;
  }
  return next;
}

void Population::Begin(std::uint64_t number, Duration planned, Time now) {
  if (const auto found = retiring_.find(number); found != retiring_.end()) {
    found->second->Keep();
    running_.push_back(std::move(found->second));
    retiring_.erase(found);
    return;
  }
  UserOwner& owner = *this;
  running_.push_back(std::make_unique<User>(context_, owner, connector_.Connect(number), number,
                                            plan_->most_users()));
  context_.recorder->Lag(std::max(Duration(0), now - (start_ + planned)));
  running_.back()->Start(start_ + planned, now);
}

void Population::Retire(std::unique_ptr<User> user) {
  user->Retire();
  if (user->idle()) return;  // gone
  const std::uint64_t number = user->number();
  retiring_.emplace(number, std::move(user));
}

void Population::RetireAll() {
  next_.reset();
  while (!running_.empty()) {
    Retire(std::move(running_.back()));
    running_.pop_back();
  }
}

void Population::Abandon() {
  running_.clear();
  retiring_.clear();
  finished_.clear();
}

void Population::OnFinished(User& user, Time now) {
  const auto found = retiring_.find(user.number());
  SFP_CHECK(found != retiring_.end());
  finished_.push_back(std::move(found->second));
  retiring_.erase(found);
  on_finished_(now);
}

}  // namespace sfp::engine
