#include "worker/engine/arrivals.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace sfp::engine {
namespace {

// So many arrivals begin in a row before the loop looks for answers again, unless they are later
// than that: then the loop is not delayed but overloaded.
constexpr int kInARow = 16;
constexpr Duration kLongestDelay{1'000'000'000};

}  // namespace

Arrivals::Arrivals(UserContext& context, Connector& connector, Place place,
                   std::function<void(Time now)> on_finished)
    : context_(context),
      connector_(connector),
      place_(place),
      table_(place.worker, place.threads),
      free_(context.program.classes().size()),
      leavers_(std::move(on_finished)) {}

bool Arrivals::AnyOurs() const {
  const std::uint64_t numbers =
      std::min<std::uint64_t>(plan_->most_users(), plan_->owner_entries());
  for (std::uint64_t user = 0; user < numbers; ++user) {
    if (table_.Runs(user, place_.thread)) return true;
  }
  return false;
}

void Arrivals::FindNext() {
  due_.reset();
  std::uint64_t number = next_->number();
  while (!IsOurs(number)) ++number;
  next_->SkipTo(number);
  due_ = plan_->rate()->MomentOf(next_->position());
}

void Arrivals::Adopt(plan::Plan plan, Duration t, Time start, Time now) {
  plan::Position from = plan.rate()->By(t);
  if (plan_) {
    // The old plan's arrivals up to `t` have been served.
    from = plan_->rate()->By(std::max(t, at_) + Duration(1));
  } else {
    before_.emplace(plan.poisson(), context_.seed);
  }
  plan_ = std::move(plan);
  start_ = start;
  at_ = std::max(at_, t);
  unused_ = 0;
  for (auto it = users_.begin(); it != users_.end();) {
    User& user = *it->second;
    if (table_.Runs(user.number(), place_.thread)) {
      ++it;
      continue;
    }
    std::erase(free_[user.user_class().id], &user);
    leavers_.Retire(std::move(it->second), now);
    it = users_.erase(it);
  }
  due_.reset();
  if (!AnyOurs()) return;
  next_ = before_;
  next_->Seek(from);
  FindNext();
}

void Arrivals::Follow(Duration t, Time now) {
  t = std::max(t, at_);
  if (const auto end = plan_->end()) t = std::min(t, *end - Duration(1));
  for (int begun = 0; due_ && *due_ <= t; ++begun) {
    if (begun >= kInARow && start_ + *due_ > now - kLongestDelay) {
      at_ = std::max(at_, *due_ - Duration(1));
      return;
    }
    const std::uint64_t arrival = next_->number();
    const Time planned = start_ + *due_;
    before_ = next_;
    next_->SkipTo(arrival + 1);
    FindNext();
    Serve(arrival, planned, now);
  }
  at_ = t;
}

void Arrivals::Serve(std::uint64_t arrival, Time planned, Time now) {
  const scenario::UserClass& user_class = context_.program.ClassOf(arrival);
  if (!user_class.has_picks) return;  // it has nothing to do
  context_.recorder->Lag(std::max(Duration(0), now - planned));
  if (User* user = Free(user_class, now)) {
    user->Serve(arrival, planned, now);
    return;
  }
  Rng rng(context_.seed, plan::kArrivalStreams + arrival, 0);
  context_.recorder->Dropped(context_.program.tasks()[user_class.PickTask(rng)].endpoint(), 1);
}

User* Arrivals::Free(const scenario::UserClass& user_class, Time now) {
  std::vector<User*>& free = free_[user_class.id];
  if (free.empty()) {
    User* made = Make(user_class);
    return made == nullptr && MakeRoom(now) ? Make(user_class) : made;
  }
  User* user = free.back();
  free.pop_back();
  return user;
}

User* Arrivals::Make(const scenario::UserClass& user_class) {
  const std::optional<std::uint64_t> number = UnusedNumber();
  if (!number) return nullptr;
  const Role role{.number = *number,
                  .user_class = &user_class,
                  .most_users = plan_->most_users(),
                  .iterations = std::nullopt,
                  .serves = true};
  UserOwner& owner = *this;
  auto user =
      std::make_unique<User>(context_, owner, connector_.Connect(*number, user_class.id), role);
  return users_.emplace(*number, std::move(user)).first->second.get();
}

std::optional<std::uint64_t> Arrivals::UnusedNumber() {
  for (; unused_ < plan_->most_users(); ++unused_) {
    if (table_.Runs(unused_, place_.thread) && !users_.contains(unused_)) return unused_;
  }
  return std::nullopt;
}

bool Arrivals::MakeRoom(Time now) {
  const auto fullest = std::max_element(
      free_.begin(), free_.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (fullest->empty()) return false;
  const std::uint64_t number = fullest->front()->number();
  fullest->erase(fullest->begin());
  const auto user = users_.find(number);
  leavers_.Retire(std::move(user->second), now);
  users_.erase(user);
  unused_ = std::min(unused_, number);
  return true;
}

void Arrivals::OnFree(User& user) { free_[user.user_class().id].push_back(&user); }

void Arrivals::RetireAll(Time now) {
  due_.reset();
  for (std::vector<User*>& free : free_) free.clear();
  for (auto& [number, user] : users_) leavers_.Retire(std::move(user), now);
  users_.clear();
}

void Arrivals::Abandon(Time now) {
  for (const auto& [number, user] : users_) user->GiveUp(now);
  users_.clear();
  leavers_.Abandon(now);
}

void Arrivals::OnFinished(User& user, Time now) { SFP_CHECK(leavers_.Finished(user, now)); }

}  // namespace sfp::engine
