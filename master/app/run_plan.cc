#include "master/app/run_plan.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "common/base/units.h"
#include "common/scenario/program.h"
#include "master/coordinator/level_policy.h"
#include "master/report/threshold_watch.h"

namespace sfp::app {
namespace {

std::string Text(const plan::Constant& load) {
  std::string until = load.run_time ? "for " + FormatDuration(*load.run_time) : "until stopped";
  if (load.iterations) {
    until = absl::StrFormat("%d iterations altogether", *load.iterations);
    if (load.run_time) until += " within " + FormatDuration(*load.run_time);
  }
  const std::string start = load.spawn_rate > 0
                                ? absl::StrFormat("%g started per second", load.spawn_rate)
                                : "all started at once";
  return absl::StrFormat("%d users, %s, %s", load.users, start, until);
}

std::string Text(const plan::Stages& load) {
  return absl::StrJoin(load.stages, "; ", [](std::string* out, const plan::Stage& stage) {
    absl::StrAppendFormat(out, "to %d users in %s, hold %s", stage.users,
                          FormatDuration(stage.ramp), FormatDuration(stage.hold));
  });
}

std::string Text(const plan::Arrivals& load) {
  std::string rate =
      absl::StrFormat("%g/s, %s", load.rate,
                      load.run_time ? "for " + FormatDuration(*load.run_time) : "until stopped");
  if (!load.stages.empty()) {
    rate = absl::StrJoin(load.stages, "; ", [](std::string* out, const plan::RateStage& stage) {
      absl::StrAppendFormat(out, "to %g/s in %s, hold %s", stage.rate, FormatDuration(stage.ramp),
                            FormatDuration(stage.hold));
    });
  }
  return absl::StrFormat("%sarrivals (open model): %s; at most %d users",
                         load.poisson ? "Poisson " : "", rate, load.max_users);
}

std::string Text(const plan::Sweep& load) {
  if (load.of_rates()) {
    return absl::StrFormat(
        "search for the highest rate of %sarrivals (at most %g/s, at most %d users) under which "
        "'%s' holds, beginning with %g/s",
        load.find->poisson ? "Poisson " : "", *load.find->rate, load.levels.front(),
        load.find->goal, load.find->start);
  }
  if (load.find) {
    return absl::StrFormat(
        "search for the most users (at most %d) under which '%s' holds, beginning with %g; each "
        "step until its row is valid",
        load.levels.front(), load.find->goal, load.find->start);
  }
  if (load.probe) {
    return absl::StrFormat(
        "probe: %s users without think time, %s", absl::StrJoin(load.levels, ", "),
        load.step_time ? FormatDuration(*load.step_time) + " each" : "each until its row is valid");
  }
  return absl::StrFormat(
      "sweep over %s users, %s", absl::StrJoin(load.levels, ", "),
      load.step_time ? FormatDuration(*load.step_time) + " each" : "each until its row is valid");
}

void StopThinking(google::protobuf::RepeatedPtrField<v1::Step>& steps) {
  for (v1::Step& step : steps) {
    if (step.has_think()) step.mutable_think()->set_constant_ns(0);
    if (step.has_choice()) {
      StopThinking(*step.mutable_choice()->mutable_then());
      StopThinking(*step.mutable_choice()->mutable_otherwise());
    }
    if (step.has_repeat()) StopThinking(*step.mutable_repeat()->mutable_steps());
    if (step.has_group()) StopThinking(*step.mutable_group()->mutable_steps());
  }
}

}  // namespace

StatusOr<coordinator::RunSpec> MakeRunSpec(const config::Config& config) {
  const auto program = scenario::Program::Compile(config.scenario);
  if (!program.ok()) return program.status();
  coordinator::RunSpec spec;
  spec.name = config.name;
  spec.scenario = config.scenario;
  spec.shape = config.load;
  spec.stop_timeout = config.stop_timeout;
  spec.target = config.scenario.target().url() + config.scenario.target().base_path();
  for (const scenario::Endpoint& endpoint : (*program)->endpoints()) {
    v1::EndpointName& name = spec.endpoints.emplace_back();
    name.set_name(endpoint.name);
    name.set_method(endpoint.method);
    name.set_apart(endpoint.apart);
  }
  for (const config::Threshold& threshold : config.thresholds) {
    v1::ThresholdRule& rule = spec.thresholds.emplace_back();
    rule.set_check(threshold.text);
    rule.set_abort(threshold.abort);
    rule.set_for_ns(threshold.patience.count());
  }
  spec.abort_when = [watch = std::make_shared<report::ThresholdWatch>(config.thresholds)](
                        const results::Results& results) {
    const auto broken = watch->Look(results);
    return broken ? std::optional(coordinator::Abort{broken->check, broken->why}) : std::nullopt;
  };
  spec.resolved_config = config.resolved_yaml;
  const auto* sweep = std::get_if<plan::Sweep>(&config.load);
  const bool open = std::holds_alternative<plan::Arrivals>(config.load) ||
                    (sweep != nullptr && sweep->of_rates());
  // Paced or open: not known.
  spec.think_time_s = open ? -1 : (*program)->MeanThinkSeconds().value_or(-1);
  if (sweep != nullptr && sweep->probe) {
    spec.scenario_think_time_s = spec.think_time_s;
    spec.think_time_s = 0;
    for (v1::UserClass& user_class : *spec.scenario.mutable_users()) {
      user_class.mutable_wait()->set_constant_ns(0);
      for (v1::Task& task : *user_class.mutable_tasks()) StopThinking(*task.mutable_steps());
    }
  }
  spec.declared_pool = config.declared_pool;
  spec.levels = coordinator::MakeLevelPolicy(config.load);
  return spec;
}

std::string Describe(const plan::Shape& shape) {
  return std::visit([](const auto& load) { return Text(load); }, shape);
}

}  // namespace sfp::app
