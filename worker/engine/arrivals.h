#pragma once

// The open model on one loop: its arrivals, each given to a free user at its planned moment. When
// no user is free the arrival is dropped: counted at the endpoint of the task that it would have
// begun. When Follow is called late what was due starts late, with its planned moment as the
// intended start.
//
// Users are those numbers below most_users that the owner table gives to this loop. They are made
// when there is no free one, and taken last in, first out, so that few of them, and their
// connections, stay warm. Each is of one class, that of the arrival it was made for; when all
// numbers are taken, the longest idle user of another class makes room.
//
// What is due at once begins a few arrivals at a time, between which the loop reads answers: behind
// the plan, a user that is free by now spares a connection. Opening one costs more than a request,
// so otherwise a moment's delay would end in connections for all users, and dropped arrivals. What
// is a second behind begins, or is dropped, at once: a loop that can't keep up does not lag ever
// more.
//
// A loop goes through the sequence of all arrivals of the cluster and serves those that belong to
// its users, so what is served depends neither on the number of loops nor on when they joined.
//
// Thread: confined to its loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/plan/arrivals.h"
#include "worker/engine/connection.h"
#include "worker/engine/leavers.h"
#include "worker/engine/load.h"
#include "worker/engine/thread_table.h"
#include "worker/engine/user.h"

namespace sfp::engine {

class Arrivals final : public Load, private UserOwner {
 public:
  Arrivals(UserContext& context, Connector& connector, Place place,
           std::function<void(Time now)> on_finished);
  ~Arrivals() override = default;

  void Learn(const plan::Plan& plan) override { table_.Adopt(plan); }
  // Arrivals that have become ours are ours from `t` on, users that are not any more retire.
  void Adopt(plan::Plan plan, Duration t, Time start, Time now) override;
  void Follow(Duration t, Time now) override;
  std::optional<Duration> NextEvent() const override { return due_; }
  const plan::Plan& plan() const override { return *plan_; }
  void RetireAll(Time now) override;
  void Sweep() override { leavers_.Sweep(); }
  void Abandon(Time now) override;
  std::size_t users() const override { return users_.size(); }
  bool empty() const override { return users_.empty() && leavers_.empty(); }
  bool done() const override { return false; }

 private:
  void OnFinished(User& user, Time now) override;
  void OnFree(User& user) override;
  bool IsOurs(std::uint64_t arrival) const {
    return table_.Runs(arrival % plan_->most_users(), place_.thread);
  }
  bool AnyOurs() const;
  void FindNext();  // the first arrival of ours from where next_ stands
  void Serve(std::uint64_t arrival, Time planned, Time now);
  // A user of this class who is free, made if need be; null if there can be none.
  User* Free(const scenario::UserClass& user_class, Time now);
  User* Make(const scenario::UserClass& user_class);
  // A number of ours that nobody has, if there is one.
  std::optional<std::uint64_t> UnusedNumber();
  bool MakeRoom(Time now);

  UserContext& context_;
  Connector& connector_;
  const Place place_;
  ThreadTable table_;
  std::optional<plan::Plan> plan_;
  Time start_{};
  Duration at_{0};  // of the last Follow
  // The arrival of ours that comes next, when; and the one before it, from which a new plan looks
  // for those that have become ours.
  std::optional<plan::ArrivalSequence> next_, before_;
  std::optional<Duration> due_;
  std::unordered_map<std::uint64_t, std::unique_ptr<User>> users_;  // by number
  std::vector<std::vector<User*>> free_;                            // by class, newest last
  std::uint64_t unused_ = 0;                                        // no number below it is free
  Leavers leavers_;
};

}  // namespace sfp::engine
