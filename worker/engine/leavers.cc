#include "worker/engine/leavers.h"

#include <utility>

namespace sfp::engine {

void Leavers::Retire(std::unique_ptr<User> user, Time now) {
  if (!user->Retire(now)) return;  // gone
  const std::uint64_t number = user->number();
  retiring_.emplace(number, std::move(user));
}

std::unique_ptr<User> Leavers::TakeBack(std::uint64_t number) {
  const auto found = retiring_.find(number);
  if (found == retiring_.end()) return nullptr;
  std::unique_ptr<User> user = std::move(found->second);
  retiring_.erase(found);
  user->Keep();
  return user;
}

bool Leavers::Finished(const User& user, Time now) {
  const auto [begin, end] = retiring_.equal_range(user.number());
  for (auto at = begin; at != end; ++at) {
    if (at->second.get() != &user) continue;
    std::unique_ptr<User> finished = std::move(at->second);
    retiring_.erase(at);
    Add(std::move(finished), now);
    return true;
  }
  return false;
}

void Leavers::Add(std::unique_ptr<User> user, Time now) {
  finished_.push_back(std::move(user));
  on_finished_(now);
}

void Leavers::Abandon(Time now) {
  for (const auto& [number, user] : retiring_) user->GiveUp(now);
  retiring_.clear();
  finished_.clear();
}

}  // namespace sfp::engine
