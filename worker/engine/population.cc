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
      table_(place.worker, place.threads),
      leavers_(std::move(on_finished)) {}

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
    while (old != before.end() && (*old)->number() < *next_)
      leavers_.Retire(std::move(*old++), now);
    if (old != before.end() && (*old)->number() == *next_) {
      running_.push_back(std::move(*old++));
    } else {
      Begin(*next_, at_, now);
    }
  }
  while (old != before.end()) leavers_.Retire(std::move(*old++), now);
}

void Population::Follow(Duration t, Time now) {
  t = std::max(t, at_);
  const std::uint32_t wanted = plan_->UsersAt(t);
  while (!running_.empty() && running_.back()->number() >= wanted) {
    next_ = running_.back()->number();
    leavers_.Retire(std::move(running_.back()), now);
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
  if (std::unique_ptr<User> back = leavers_.TakeBack(number)) {
    running_.push_back(std::move(back));
    return;
  }
  if (done_.contains(number)) return;
  const Role role{.number = number,
                  .user_class = &context_.program.ClassOf(number),
                  .most_users = plan_->most_users(),
                  .iterations = plan_->IterationsOf(number)};
  UserOwner& owner = *this;
  auto user = std::make_unique<User>(context_, owner,
                                     connector_.Connect(number, role.user_class->id), role);
  User& started = *user;
  running_.push_back(std::move(user));
  context_.recorder->Lag(std::max(Duration(0), now - (start_ + planned)));
  started.Start(start_ + planned, now);
}

void Population::RetireAll(Time now) {
  next_.reset();
  while (!running_.empty()) {
    leavers_.Retire(std::move(running_.back()), now);
    running_.pop_back();
  }
}

void Population::Abandon(Time now) {
  for (const auto& user : running_) user->GiveUp(now);
  running_.clear();
  leavers_.Abandon(now);
}

bool Population::done() const {
  return plan_ && plan_->iterations() && (!next_ || *next_ >= plan_->most_users()) &&
         running_.empty() && !leavers_.retiring();
}

void Population::OnFinished(User& user, Time now) {
  if (leavers_.Finished(user, now)) return;
  const auto at = std::lower_bound(
      running_.begin(), running_.end(), user.number(),
      [](const auto& running, std::uint64_t number) { return running->number() < number; });
  SFP_CHECK(at != running_.end() && at->get() == &user);
  done_.insert(user.number());
  if (user.quits()) context_.recorder->UserStopped();
  std::unique_ptr<User> finished = std::move(*at);
  running_.erase(at);
  leavers_.Add(std::move(finished), now);
}

}  // namespace sfp::engine
