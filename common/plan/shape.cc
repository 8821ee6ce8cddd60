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
  return spawn_rate > 0 ? FromSeconds(users / spawn_rate) : Duration(0);
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

void AddRate(v1::Arrivals& arrivals, Duration t, double rate) {
  v1::Arrivals::Point* point = arrivals.add_points();
  point->set_t_ns(t.count());
  point->set_rate(rate);
}

v1::Plan CompileShape(const Arrivals& shape) {
  v1::Plan plan;
  AddPoint(plan, Duration(0), shape.max_users);
  v1::Arrivals& arrivals = *plan.mutable_arrivals();
  arrivals.set_distribution(shape.poisson ? v1::Arrivals::POISSON : v1::Arrivals::CONSTANT);
  Duration t{0};
  AddRate(arrivals, t, shape.stages.empty() ? shape.rate : 0);
  for (const RateStage& stage : shape.stages) {
    AddRate(arrivals, t += stage.ramp, stage.rate);
    if (stage.hold > Duration(0)) AddRate(arrivals, t += stage.hold, stage.rate);
  }
  return plan;
}

v1::Plan CompileShape(const Sweep& sweep) {
  if (sweep.of_rates()) {
    return CompileShape(
        Arrivals{.max_users = sweep.levels.front(), .poisson = sweep.find->poisson});
  }
  v1::Plan plan;
  AddPoint(plan, Duration(0), 0);
  return plan;
}

std::uint32_t MostOf(const Arrivals& shape) { return shape.max_users; }

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

std::optional<Duration> EndOfShape(const Arrivals& shape) {
  if (shape.stages.empty()) return shape.run_time;
  Duration end{0};
  for (const RateStage& stage : shape.stages) end += stage.ramp + stage.hold;
  return end;
}

std::optional<Duration> EndOfShape(const Sweep& sweep) {
  if (!sweep.step_time || sweep.find) return std::nullopt;
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
  if (const auto* constant = std::get_if<Constant>(&shape)) {
    plan.set_iterations(constant->iterations.value_or(0));
  }
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

void AppendRate(v1::Plan& plan, Duration at, double rate) {
  v1::Arrivals& arrivals = *plan.mutable_arrivals();
  const v1::Arrivals::Point last = arrivals.points(arrivals.points_size() - 1);
  SFP_CHECK(at.count() >= last.t_ns());
  if (at.count() > last.t_ns()) AddRate(arrivals, at, last.rate());
  AddRate(arrivals, at, rate);
}

namespace {

// A polyline that is 0 in [from, to) and goes on behind as it would have from `from` on. `value`
// reads a point's value, `add` appends one.
template <typename Points, typename Value, typename Add>
void PauseLine(const Points& old, Duration from, Duration to, Value value, Add add) {
  double before = 0;  // the line's value at `from`
  auto point = old.begin();
  for (; point != old.end() && point->t_ns() < from.count(); ++point) {
    before = value(*point);
    add(Duration(point->t_ns()), before);
  }
  if (point != old.begin() && point != old.end()) {
    const auto& last = *std::prev(point);
    const double part = static_cast<double>(from.count() - last.t_ns()) /
                        static_cast<double>(point->t_ns() - last.t_ns());
    before += (value(*point) - before) * part;
  }
  add(from, before);
  add(from, 0);
  add(to, 0);
  add(to, before);
  for (; point != old.end(); ++point) {
    const Duration t(point->t_ns() + (to - from).count());
    if (t > to || value(*point) != before) add(t, value(*point));
  }
}

}  // namespace

void Pause(v1::Plan& plan, Duration from, Duration to) {
  SFP_CHECK(from <= to);
  const v1::Plan old = plan;
  if (old.has_arrivals()) {  // its users only serve: they stay
    plan.mutable_arrivals()->clear_points();
    PauseLine(
        old.arrivals().points(), from, to, [](const auto& point) { return point.rate(); },
        [&](Duration t, double rate) { AddRate(*plan.mutable_arrivals(), t, rate); });
  } else {
    plan.clear_points();
    PauseLine(
        old.points(), from, to, [](const auto& point) { return point.users(); },
        [&](Duration t, double users) { AddPoint(plan, t, users); });
  }
  if (old.end_ns() > from.count()) plan.set_end_ns(old.end_ns() + (to - from).count());
}

}  // namespace sfp::plan
