#pragma once

// Users that the plan does not want any more, until they are gone: each does its task under way and
// those of on_stop, is then finished, and is destroyed by the next Sweep, because a user that says
// it has finished is still on the stack.
//
// Both models (population.h, arrivals.h) hand their users over and forward OnFinished.
//
// Thread: confined to its loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "worker/engine/user.h"

namespace sfp::engine {

class Leavers {
 public:
  // `on_finished` is called when a user waits to be swept, from within that user's last exchange.
  explicit Leavers(std::function<void(Time now)> on_finished)
      : on_finished_(std::move(on_finished)) {}

  // Gone at once if it has nothing to do any more.
  void Retire(std::unique_ptr<User> user, Time now);
  // The one of this number that has not finished: it is wanted after all. Null if there is none.
  std::unique_ptr<User> TakeBack(std::uint64_t number);
  // Of a user that retired here. False: it did not.
  bool Finished(const User& user, Time now);
  // Of a user that has come to its end without being told to.
  void Add(std::unique_ptr<User> user, Time now);

  void Sweep() { finished_.clear(); }
  // Destroys everybody; exchanges under way are recorded as given up.
  void Abandon(Time now);
  bool empty() const { return retiring_.empty() && finished_.empty(); }
  bool retiring() const { return !retiring_.empty(); }

 private:
  const std::function<void(Time now)> on_finished_;
  // By number. In the open model a number may be given anew before its last user has gone.
  std::unordered_multimap<std::uint64_t, std::unique_ptr<User>> retiring_;
  std::vector<std::unique_ptr<User>> finished_;
};

}  // namespace sfp::engine
