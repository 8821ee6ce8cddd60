#include "common/plan/shape.h"

#include <algorithm>
#include <cmath>

#include "common/base/check.h"

namespace sfp::plan {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void AddPoint(v1::Plan& plan, Duration t, double users) {
  v1::Plan::Point* point = plan.add_points();
  point->set_t_ns(t.count());
  point->set_users(users);
}

Duration RampOf(double users, double spawn_rate) {
  SFP_CHECK(spawn_rate > 0);
  return FromSeconds(users / spawn_rate);
}

v1::Plan CompileShape(const Constant& constant) {
  v1::Plan plan;
  const Duration ramp = RampOf(constant.users, constant.spawn_rate);
  AddPoint(plan, Duration(0), 0);
  if (constant.run_time && *constant.run_time < ramp) {
    // The run is over before all users have started.
    const double part = Seconds(*constant.run_time) / Seconds(ramp);
    AddPoint(plan, *constant.run_time, constant.users * part);
  } else {
    AddPoint(plan, ramp, constant.users);
  }
  return plan;
}

v1::Plan CompileShape(const Stages& stages) {
  v1::Plan plan;
  Duration t{0};
  AddPoint(plan, t, 0);
  for (const Stage& stage : stages.stages) {
    AddPoint(plan, t += stage.ramp, stage.users);
    if (stage.hold > Duration(0)) AddPoint(plan, t += stage.hold, stage.users);
  }
  return plan;
}

v1::Plan CompileShape(const Sweep&) {
  v1::Plan plan;
  AddPoint(plan, Duration(0), 0);
  return plan;
}

std::uint32_t MostOf(const Constant& constant) { return constant.users; }

std::uint32_t MostOf(const Stages& stages) {
  std::uint32_t most = 0;
  for (const Stage& stage : stages.stages) most = std::max(most, stage.users);
  return most;
}

std::uint32_t MostOf(const Sweep& sweep) {
  return sweep.levels.empty() ? 0 : *std::max_element(sweep.levels.begin(), sweep.levels.end());
}

std::optional<Duration> EndOfShape(const Constant& constant) { return constant.run_time; }

std::optional<Duration> EndOfShape(const Stages& stages) {
  Duration end{0};
  for (const Stage& stage : stages.stages) end += stage.ramp + stage.hold;
  return end;
}

std::optional<Duration> EndOfShape(const Sweep& sweep) {
  if (!sweep.step_time) return std::nullopt;
  return *sweep.step_time * static_cast<std::int64_t>(sweep.levels.size());
}

}  // namespace

std::uint32_t MostUsers(const Shape& shape) {
  return std::visit([](const auto& s) { return MostOf(s); }, shape);
}

std::optional<Duration> EndOf(const Shape& shape) {
  return std::visit([](const auto& s) { return EndOfShape(s); }, shape);
}

v1::Plan Compile(const Shape& shape) {
  v1::Plan plan = std::visit([](const auto& s) { return CompileShape(s); }, shape);
  plan.set_most_users(MostUsers(shape));
  if (!std::holds_alternative<Sweep>(shape)) {
    if (const std::optional<Duration> end = EndOf(shape)) plan.set_end_ns(end->count());
  }
  return plan;
}

Duration AppendLevel(v1::Plan& plan, Duration at, std::uint32_t users, double spawn_rate) {
  double before = 0;
  Duration last{-1};
  if (plan.points_size() > 0) {
    const v1::Plan::Point& point = plan.points(plan.points_size() - 1);
    before = point.users();
    last = Duration(point.t_ns());
  }
  SFP_CHECK(at >= last);
  if (at > last) AddPoint(plan, at, before);
  if (before == users) return at;
  const double change = std::abs(users - before);
  const Duration ramp = spawn_rate > 0 ? RampOf(change, spawn_rate) : Duration(kSecond);
  const Duration done = at + ramp;
  AddPoint(plan, done, users);
  return Duration((done.count() + kSecond - 1) / kSecond * kSecond);
}

void Pause(v1::Plan& plan, Duration from, Duration to) {
  SFP_CHECK(from <= to);
  const v1::Plan old = plan;
  plan.clear_points();
  double before = 0;  // the line's users at `from`
  auto point = old.points().begin();
  for (; point != old.points().end() && point->t_ns() < from.count(); ++point) {
    *plan.add_points() = *point;
    before = point->users();
  }
  if (point != old.points().begin() && point != old.points().end()) {
    const v1::Plan::Point& last = *std::prev(point);
    const double part = static_cast<double>(from.count() - last.t_ns()) /
                        static_cast<double>(point->t_ns() - last.t_ns());
    before += (point->users() - before) * part;
  }
  AddPoint(plan, from, before);
  AddPoint(plan, from, 0);
  AddPoint(plan, to, 0);
  AddPoint(plan, to, before);
  for (; point != old.points().end(); ++point) {
    const Duration t(point->t_ns() + (to - from).count());
    if (t > to || point->users() != before) AddPoint(plan, t, point->users());
  }
  if (old.end_ns() > from.count()) plan.set_end_ns(old.end_ns() + (to - from).count());
}

}  // namespace sfp::plan
