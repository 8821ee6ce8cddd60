#pragma once

// The closed model: which users of this loop run, those of the first UsersAt(t) that the owner
// table gives to this worker and thread. They start in order of their numbers, each at its planned
// moment, and the highest numbers retire first: at once when idle, after the task under way
// otherwise, and after the tasks of on_stop.
//
// Follow(t) makes it so for the plan's time t. When it is called late it does all that was due, and
// the lateness of each start is recorded as lag.
//
// With a limit of iterations each user retires by itself when its part is done, and does not come
// again.
//
// Thread: confined to its loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "common/plan/plan.h"
#include "worker/engine/connection.h"
#include "worker/engine/leavers.h"
#include "worker/engine/load.h"
#include "worker/engine/thread_table.h"
#include "worker/engine/user.h"

namespace sfp::engine {

class Population final : public Load, private UserOwner {
 public:
  Population(UserContext& context, Connector& connector, Place place,
             std::function<void(Time now)> on_finished);
  ~Population() override = default;

  void Learn(const plan::Plan& plan) override { table_.Adopt(plan); }
  // Users that are ours in both plans go on undisturbed, others retire, and those that have become
  // ours are wanted at `t`.
  void Adopt(plan::Plan plan, Duration t, Time start, Time now) override;
  void Follow(Duration t, Time now) override;
  std::optional<Duration> NextEvent() const override;
  const plan::Plan& plan() const override { return *plan_; }
  void RetireAll(Time now) override;
  void Sweep() override { leavers_.Sweep(); }
  void Abandon(Time now) override;
  std::size_t users() const override { return running_.size(); }
  bool empty() const override { return running_.empty() && leavers_.empty(); }
  bool done() const override;

 private:
  void OnFinished(User& user, Time now) override;
  // Our first user number from `from` on; nothing if we have none.
  std::optional<std::uint64_t> NextOurs(std::uint64_t from) const;
  // Behind the users that run; one that was about to retire goes on instead.
  void Begin(std::uint64_t number, Duration planned, Time now);

  UserContext& context_;
  Connector& connector_;
  const Place place_;
  ThreadTable table_;
  std::optional<plan::Plan> plan_;
  Time start_{};
  Duration at_{0};                              // of the last Follow
  std::optional<std::uint64_t> next_;           // our lowest number that does not run
  std::vector<std::unique_ptr<User>> running_;  // by number
  Leavers leavers_;
  std::unordered_set<std::uint64_t> done_;  // numbers whose iterations are done
};

}  // namespace sfp::engine
