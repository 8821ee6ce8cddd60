#include "common/plan/plan.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "common/base/check.h"

namespace sfp::plan {

namespace {

using Wide = __int128;

constexpr std::int64_t kUnit = std::int64_t{1} << 20;  // one user
constexpr double kMostUsers = 1e9;
constexpr std::int64_t kLatest = std::int64_t{1} << 60;  // ns: 36 years

Wide CeilDiv(Wide a, Wide b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }
Wide FloorDiv(Wide a, Wide b) { return -CeilDiv(-a, b); }

Status CheckPoint(const v1::Plan& proto, int i) {
  const v1::Plan::Point& point = proto.points(i);
  const std::int64_t earliest = i == 0 ? 0 : proto.points(i - 1).t_ns();
  if (point.t_ns() < earliest || point.t_ns() > kLatest) {
    return Invalid(absl::StrFormat("plan: point %d at %d ns is out of order", i, point.t_ns()));
  }
  if (!(point.users() >= 0 && point.users() <= kMostUsers)) {
    return Invalid(absl::StrFormat("plan: point %d asks for %g users", i, point.users()));
  }
  return Ok();
}

}  // namespace

StatusOr<Plan> Plan::Create(const v1::Plan& proto) {
  Plan plan;
  plan.revision_ = proto.revision();
  plan.most_users_ = proto.most_users();
  for (int i = 0; i < proto.points_size(); ++i) {
    if (Status status = CheckPoint(proto, i); !status.ok()) return status;
    const Point point{proto.points(i).t_ns(), std::llround(proto.points(i).users() * kUnit)};
    plan.points_.push_back(point);
    plan.most_users_ = std::max(plan.most_users_, static_cast<std::uint32_t>(point.users / kUnit));
  }
  if (proto.owners().empty()) return Invalid("plan: no owners");
  std::unordered_map<std::uint32_t, std::uint32_t> entries;
  for (const std::uint32_t owner : proto.owners()) {
    plan.owners_.push_back(owner);
    plan.rank_.push_back(entries[owner]++);
  }
  if (proto.end_ns() != 0) {
    const std::int64_t last = plan.points_.empty() ? 0 : plan.points_.back().t_ns;
    if (proto.end_ns() < last) {
      return Invalid(absl::StrFormat("plan: its end at %d ns is before its last point at %d ns",
                                     proto.end_ns(), last));
    }
    plan.end_ = Duration(proto.end_ns());
  }
  if (proto.has_arrivals()) {
    StatusOr<RateLine> rate = RateLine::Create(proto.arrivals());
    if (!rate.ok()) return rate.status();
    plan.rate_ = *std::move(rate);
    plan.poisson_ = proto.arrivals().distribution() == v1::Arrivals::POISSON;
    if (plan.most_users_ == 0) return Invalid("plan: arrivals, but no users to serve them");
  }
  if (proto.iterations() > 0) plan.iterations_ = proto.iterations();
  return plan;
}

bool Plan::IsSharedBy(std::uint32_t worker) const {
  return std::any_of(owners_.begin(), owners_.end(),
                     [worker](std::uint32_t owner) { return owner != worker; });
}

Plan Plan::Without(std::uint32_t worker) const {
  constexpr std::uint32_t kNobody = ~std::uint32_t{0};
  Plan plan = *this;
  std::replace(plan.owners_.begin(), plan.owners_.end(), worker, kNobody);
  return plan;
}

std::ptrdiff_t Plan::Before(Duration t) const {
  const auto after =
      std::upper_bound(points_.begin(), points_.end(), t.count(),
                       [](std::int64_t t_ns, const Point& point) { return t_ns < point.t_ns; });
  return after - points_.begin() - 1;
}

// With the line from (t0, u0) to (t1, u1): u0 (t1 - t0) + (u1 - u0)(t - t0), which is exact. At
// most 2^50 units × 2^60 ns.
Wide Plan::ValueAt(std::ptrdiff_t i, std::int64_t t_ns) const {
  const Point& from = points_[i];
  const Point& to = points_[i + 1];
  return Wide(from.users) * (to.t_ns - from.t_ns) +
         Wide(to.users - from.users) * (t_ns - from.t_ns);
}

std::uint32_t Plan::UsersAt(Duration t) const {
  if (end_ && t >= *end_) return 0;
  const std::ptrdiff_t i = Before(t);
  if (i < 0) return 0;
  if (i + 1 == std::ssize(points_)) return static_cast<std::uint32_t>(points_[i].users / kUnit);
  const std::int64_t length = points_[i + 1].t_ns - points_[i].t_ns;
  return static_cast<std::uint32_t>(ValueAt(i, t.count()) / length / kUnit);
}

std::optional<Duration> Plan::Reached(std::int64_t level, Duration t) const {
  for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, Before(t)); i < std::ssize(points_); ++i) {
    const Point& from = points_[i];
    const std::int64_t earliest = std::max(from.t_ns, t.count());
    std::int64_t reached;
    if (i + 1 == std::ssize(points_)) {
      if (from.users < level) return std::nullopt;
      reached = earliest;
    } else {
      const Point& to = points_[i + 1];
      if (to.t_ns == from.t_ns || std::max(from.users, to.users) < level) continue;
      if (from.users >= to.users) {
        // Falling or level: it is above now, or never on this line.
        if (ValueAt(i, earliest) < Wide(level) * (to.t_ns - from.t_ns)) continue;
        reached = earliest;
      } else {
        const Wide needed =
            CeilDiv(Wide(level - from.users) * (to.t_ns - from.t_ns), to.users - from.users);
        reached = std::max(earliest, static_cast<std::int64_t>(from.t_ns + needed));
        if (reached >= to.t_ns) continue;  // the next point decides
      }
    }
    if (end_ && Duration(reached) >= *end_) return std::nullopt;
    return Duration(reached);
  }
  return std::nullopt;
}

std::optional<Duration> Plan::Left(std::int64_t level, Duration t) const {
  if (points_.empty() || t.count() < points_[0].t_ns) return t;
  for (std::ptrdiff_t i = Before(t); i < std::ssize(points_); ++i) {
    const Point& from = points_[i];
    const std::int64_t earliest = std::max(from.t_ns, t.count());
    std::int64_t left;
    if (i + 1 == std::ssize(points_)) {
      if (from.users >= level) return end_ ? std::optional(std::max(t, *end_)) : std::nullopt;
      left = earliest;
    } else {
      const Point& to = points_[i + 1];
      if (to.t_ns == from.t_ns || std::min(from.users, to.users) >= level) continue;
      if (from.users <= to.users) {
        if (ValueAt(i, earliest) >= Wide(level) * (to.t_ns - from.t_ns)) continue;
        left = earliest;
      } else {
        const Wide needed =
            FloorDiv(Wide(from.users - level) * (to.t_ns - from.t_ns), from.users - to.users) + 1;
        left = std::max(earliest, static_cast<std::int64_t>(from.t_ns + needed));
        if (left >= to.t_ns) continue;
      }
    }
    return end_ ? std::max(t, std::min(*end_, Duration(left))) : Duration(left);
  }
  return std::nullopt;
}

std::optional<Duration> Plan::NextChange(Duration t) const {
  const std::int64_t users = UsersAt(t);
  const Duration next = t + Duration(1);
  std::optional<Duration> change = Reached((users + 1) * kUnit, next);
  if (users > 0) {
    const std::optional<Duration> left = Left(users * kUnit, next);
    if (left && (!change || *left < *change)) change = left;
  }
  return change;
}

std::optional<Duration> Plan::StartOf(std::uint64_t user, Duration t) const {
  if (user >= static_cast<std::uint64_t>(kMostUsers)) return std::nullopt;
  return Reached(static_cast<std::int64_t>(user + 1) * kUnit, t);
}

std::optional<Duration> Plan::EndOf(std::uint64_t user, Duration t) const {
  if (user >= static_cast<std::uint64_t>(kMostUsers)) return t;
  return Left(static_cast<std::int64_t>(user + 1) * kUnit, t);
}

std::optional<std::uint64_t> Plan::IterationsOf(std::uint64_t user) const {
  if (!iterations_) return std::nullopt;
  if (user >= most_users_) return 0;
  return *iterations_ / most_users_ + (user < *iterations_ % most_users_ ? 1 : 0);
}

std::uint32_t Plan::ThreadOf(std::uint64_t user, std::uint32_t threads) const {
  SFP_CHECK(threads > 0);
  return rank_[user % owners_.size()] % threads;
}

}  // namespace sfp::plan
