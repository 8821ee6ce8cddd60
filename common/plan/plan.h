#pragma once

// Load as a pure function of time. The master compiles every shape of the configuration (constant
// with spawn rate, stages, sweep levels) into one polyline of target users; every worker evaluates
// the same function on its own clock from the common start, so that the cluster follows the plan
// without a message per second.
//
//   users_at(t)     = floor(polyline(t)): how many users run at t
//   user u runs at t  iff  u < users_at(t)
//   user u belongs to owners[u mod size]: exactly one worker; inside a worker to one of its threads
//
// Hence at every moment the cluster's users equal the plan exactly, however they are shared. On a
// ramp of r users/s, user u starts at the moment when the polyline reaches u + 1, so starts lie
// evenly 1/r apart.
//
// In the open model (arrivals.h) these users only serve: UsersAt says how many may exist, and when
// tasks begin is the arrivals' affair.
//
// Users are taken to the nearest 2^-20; from there on all arithmetic is in integers, so UsersAt,
// NextChange, StartOf and EndOf agree to the nanosecond, and a stage reaches its target exactly at
// its end.
//
// Thread: immutable after Create.

#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/plan/arrivals.h"
#include "sfp/v1/plan.pb.h"

namespace sfp::plan {

class Plan {
 public:
  // Refuses points out of order or before the start, negative or not finite users, owners empty,
  // end before the last point, rates that RateLine refuses. A plan without points has no users.
  static StatusOr<Plan> Create(const v1::Plan& proto);

  std::uint64_t revision() const { return revision_; }
  // Durations are since the common start. Before the first point there are no users.
  std::uint32_t UsersAt(Duration t) const;
  // The first moment after `t` at which the number of users changes, or nothing if it never does
  // again.
  std::optional<Duration> NextChange(Duration t) const;
  // The first moment at or after `t` at which user u runs (t itself, if it runs then); nothing if
  // it never does.
  std::optional<Duration> StartOf(std::uint64_t user, Duration t) const;
  // The first moment at or after `t` at which user u does not run (t itself, if it does not run
  // then).
  std::optional<Duration> EndOf(std::uint64_t user, Duration t) const;
  std::optional<Duration> end() const { return end_; }  // all users are retired from here on
  // Of the whole run, not of this revision only, if the plan says so.
  std::uint32_t most_users() const { return most_users_; }

  // The open model, or null.
  const RateLine* rate() const { return rate_ ? &*rate_ : nullptr; }
  bool poisson() const { return poisson_; }

  // How many task iterations all users do together, if that is limited; the part of one of them.
  std::optional<std::uint64_t> iterations() const { return iterations_; }
  std::optional<std::uint64_t> IterationsOf(std::uint64_t user) const;

  std::uint32_t OwnerOf(std::uint64_t user) const { return owners_[user % owners_.size()]; }
  // Thread of the owning worker: its k-th entry of the owner table belongs to thread k mod threads.
  // So in a run's first plan; later revisions leave users on their threads as far as possible.
  std::uint32_t ThreadOf(std::uint64_t user, std::uint32_t threads) const;
  // Whether a user may be some other worker's.
  bool IsSharedBy(std::uint32_t worker) const;
  // The same with this worker's users nobody's: they are paused.
  Plan Without(std::uint32_t worker) const;
  // The period with which ownership repeats over user numbers.
  std::size_t owner_entries() const { return owners_.size(); }

 private:
  // A point with its users in units of 2^-20.
  struct Point {
    std::int64_t t_ns;
    std::int64_t users;
  };
  using Wide = __int128;

  // Index of the last point at or before t, -1 before the first.
  std::ptrdiff_t Before(Duration t) const;
  Wide ValueAt(std::ptrdiff_t point, std::int64_t t_ns) const;  // times the length of the line
  // The first moment at or after `t` at which `level` units are reached (or are reached no more).
  std::optional<Duration> Reached(std::int64_t level, Duration t) const;
  std::optional<Duration> Left(std::int64_t level, Duration t) const;

  std::uint64_t revision_ = 0;
  std::vector<Point> points_;
  std::vector<std::uint32_t> owners_;
  std::vector<std::uint32_t> rank_;  // of an entry among its owner's entries
  std::optional<Duration> end_;
  std::uint32_t most_users_ = 0;
  std::optional<RateLine> rate_;
  bool poisson_ = false;
  std::optional<std::uint64_t> iterations_;
};

}  // namespace sfp::plan
