#pragma once

// Load as a pure function of time. The master compiles every shape of the configuration (constant with
// spawn rate, stages, sweep levels) into one polyline of target users; every worker evaluates the same
// function on its own clock from the common start, so that the cluster follows the plan without a message
// per second.
//
//   users_at(t)     = floor(polyline(t)): how many users run at t
//   user u runs at t  iff  u < users_at(t)
//   user u belongs to owners[u mod size]: exactly one worker; inside a worker to one of its threads
//
// Hence at every moment the cluster's users equal the plan exactly, however they are shared. On a ramp of
// r users/s, user u starts at the moment when the polyline reaches u + 1, so starts lie evenly 1/r apart.
//
// Thread: immutable after Create.

#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "sfp/v1/plan.pb.h"

namespace sfp::plan {

class Plan {
 public:
  // Refuses points out of order, negative or not finite users, owners empty, end before the last point.
  static StatusOr<Plan> Create(const v1::Plan& proto);

  std::uint64_t revision() const { return revision_; }
  // Durations are since the common start.
  std::uint32_t UsersAt(Duration t) const;
  // The first moment after `t` at which the number of users changes, or nothing if it never does again.
  std::optional<Duration> NextChange(Duration t) const;
  // When user u starts next at or after `t` (t itself, if it runs then), and when it retires after `t`.
  std::optional<Duration> StartOf(std::uint64_t user, Duration t) const;
  std::optional<Duration> EndOf(std::uint64_t user, Duration t) const;
  std::optional<Duration> end() const { return end_; }  // all users are retired from here on
  std::uint32_t most_users() const { return most_users_; }

  std::uint32_t OwnerOf(std::uint64_t user) const { return owners_[user % owners_.size()]; }
  // Thread of the owning worker: its k-th entry of the owner table belongs to thread k mod threads.
  std::uint32_t ThreadOf(std::uint64_t user, std::uint32_t threads) const;

 private:
  std::uint64_t revision_ = 0;
  std::vector<v1::Plan::Point> points_;
  std::vector<std::uint32_t> owners_;
  std::vector<std::uint32_t> rank_;  // of an entry among its owner's entries
  std::optional<Duration> end_;
  std::uint32_t most_users_ = 0;
};

}  // namespace sfp::plan
