#pragma once

// Which users of this loop run: those of the first UsersAt(t) that the owner table gives to this
// worker and thread. They start in order of their numbers, each at its planned moment, and the
// highest numbers retire first: at once when idle, after the task under way otherwise.
//
// Follow(t) makes it so for the plan's time t; NextEvent says when it is next needed. When it is
// called late it does all that was due, and the lateness of each start is recorded as lag.
//
// Thread: confined to its loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/plan/plan.h"
#include "worker/engine/connection.h"
#include "worker/engine/thread_table.h"
#include "worker/engine/user.h"

namespace sfp::engine {

class Population final : private UserOwner {
 public:
  struct Place {
    std::uint32_t worker = 0;
    std::uint32_t thread = 0;
    std::uint32_t threads = 1;
  };
  // `on_finished` is called when a retired user waits to be swept, from within that user's last
  // exchange.
  Population(UserContext& context, Connector& connector, Place place,
             std::function<void(Time now)> on_finished);
  ~Population();

  // Every revision in order, those before the start included; then Adopt it.
  void Learn(const plan::Plan& plan) { table_.Adopt(plan); }
  // The plan, learned before, to follow from its time `t` on; its time 0 is `start`. Users that are
  // ours in both plans go on undisturbed, others retire, and those that have become ours are wanted
  // at `t`.
  void Adopt(plan::Plan plan, Duration t, Time start, Time now);
  // A time before the last one counts as that one.
  void Follow(Duration t, Time now);
  // The first moment after the last Follow at which a user of ours starts or retires.
  std::optional<Duration> NextEvent() const;
  const plan::Plan& plan() const { return *plan_; }

  void RetireAll();
  // Destroys those who have finished.
  void Sweep() { finished_.clear(); }
  // Destroys everybody, exchanges under way included.
  void Abandon();

  std::size_t users() const { return running_.size(); }  // not counting those who retire
  bool empty() const { return running_.empty() && retiring_.empty() && finished_.empty(); }

 private:
  void OnFinished(User& user, Time now) override;
  // Our first user number from `from` on; nothing if we have none.
  std::optional<std::uint64_t> NextOurs(std::uint64_t from) const;
  void Retire(std::unique_ptr<User> user);
  // Behind the users that run; one that was about to retire goes on instead.
  void Begin(std::uint64_t number, Duration planned, Time now);

  UserContext& context_;
  Connector& connector_;
  const Place place_;
  std::function<void(Time now)> on_finished_;
  ThreadTable table_;
  std::optional<plan::Plan> plan_;
  Time start_{};
  Duration at_{0};                              // of the last Follow
  std::optional<std::uint64_t> next_;           // our lowest number that does not run
  std::vector<std::unique_ptr<User>> running_;  // by number
  std::unordered_map<std::uint64_t, std::unique_ptr<User>> retiring_;
  std::vector<std::unique_ptr<User>> finished_;
};

}  // namespace sfp::engine
