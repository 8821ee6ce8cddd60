#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "common/base/units.h"
#include "common/config/builder.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

constexpr double kLongestSeconds = 365.0 * 86'400;

// The fallback also stands in for what Check refuses.
std::uint32_t Users(const Node* node, std::uint32_t fallback) {
  const auto users = Integer(node);
  if (!users || *users < 0 || *users > std::numeric_limits<std::uint32_t>::max()) return fallback;
  return static_cast<std::uint32_t>(*users);
}

void CheckRamp(const Node& at, double users, double rate, Context& context) {
  if (rate > 0 && users / rate > kLongestSeconds) {
    context.Add(at, "starting all users at this rate would take more than a year");
  }
}

plan::Shape BuildConstant(const Node& load, Context& context) {
  plan::Constant constant;
  const Node* rate = load.Get("spawn_rate");
  constant.users = Users(load.Get("users"), 1);
  constant.run_time = DurationOf(load.Get("run_time"));
  if (const Node* iterations = load.Get("iterations")) {
    const auto number = Integer(iterations);
    if (number && *number > 0) constant.iterations = static_cast<std::uint64_t>(*number);
    if (constant.iterations && *constant.iterations < constant.users) {
      context.Add(*iterations, absl::StrFormat("%d iterations leave some of the %d users without "
                                               "any; take at most as many users",
                                               *constant.iterations, constant.users));
    }
  }
  constant.spawn_rate = Rate(rate).value_or(constant.iterations ? 0 : 1);
  if (rate != nullptr) CheckRamp(*rate, constant.users, constant.spawn_rate, context);
  return constant;
}

// Why a threshold is nothing to search for, if it is not.
std::string NoGoal(const Threshold& threshold) {
  using Comparison = Threshold::Comparison;
  if (!threshold.endpoint.empty()) {
    return "a search's goal is about all requests together, not one endpoint";
  }
  const std::string& metric = threshold.metric;
  const bool percentile = metric.starts_with('p');
  if (!percentile && metric != "avg" && metric != "failures") {
    return "a search's goal is about avg, a percentile or failures, which grow with the load, not "
           "'" +
           metric + "'";
  }
  if (threshold.comparison != Comparison::kLess &&
      threshold.comparison != Comparison::kLessOrEqual) {
    return "a search's goal says what '" + metric + "' must be below";
  }
  return threshold.value > 0 ? "" : "a search's goal is above 0";
}

plan::Shape BuildSweep(const Node& sweep, Context& context) {
  plan::Sweep out;
  std::uint32_t most = 0;
  if (const Node* levels = sweep.Get("users"); levels != nullptr && levels->is_list()) {
    for (const Node& level : levels->children) {
      out.levels.push_back(Users(&level, 1));
      most = std::max(most, out.levels.back());
    }
  }
  const Node* rate = sweep.Get("spawn_rate");
  out.step_time = DurationOf(sweep.Get("step_time"));
  out.spawn_rate = Rate(rate).value_or(0);
  if (rate != nullptr) CheckRamp(*rate, most, out.spawn_rate, context);
  return out;
}

// 1 to `most` users, each level √2 times the one before.
std::vector<std::uint32_t> ProbeLevels(std::uint32_t most) {
  std::vector<std::uint32_t> out;
  for (double users = 1; users < 0.9 * most; users = std::max(users + 1, users * std::sqrt(2))) {
    out.push_back(static_cast<std::uint32_t>(users));
  }
  out.push_back(most);
  return out;
}

plan::Shape BuildProbe(const Node& probe, Context& context, const Config& config) {
  plan::Sweep out;
  out.probe = true;
  out.step_time = DurationOf(probe.Get("step_time"));
  const Node* users = probe.Get("users");
  if (users == nullptr && !config.declared_pool) {
    context.diagnostics.Add(probe.key_place,
                            "a probe goes up to four times 'target.declared_pool', which is not "
                            "given; or say its 'users'");
  }
  out.levels = ProbeLevels(Users(users, 4 * config.declared_pool.value_or(1)));
  return out;
}

plan::Shape BuildFind(const Node& find, Context& context) {
  plan::Sweep out;
  plan::Find search;
  const Node* spawn_rate = find.Get("spawn_rate");
  search.start = Users(find.Get("start"), 10);
  if (const Node* rate = find.Get("rate")) {
    search.rate = Rate(rate).value_or(1);
    search.start = std::min(search.start, *search.rate);
    search.poisson = Text(find.Get("distribution")).value_or("") == "poisson";
    out.levels = {Users(find.Get("max_users"), 1000)};
    if (spawn_rate != nullptr) {
      context.diagnostics.Add(spawn_rate->key_place,
                              "arrivals start users as they need them: there is no spawn rate");
    }
  } else {
    out.levels = {Users(find.Get("users"), 10'000)};
    search.start = std::min<double>(search.start, out.levels.front());
    out.spawn_rate = Rate(spawn_rate).value_or(0);
    if (spawn_rate != nullptr) CheckRamp(*spawn_rate, out.levels.front(), out.spawn_rate, context);
  }
  const Node* goal = find.Get("goal");
  if (goal != nullptr && goal->is_scalar()) {
    const auto threshold = ParseThreshold(goal->value);
    if (!threshold.ok()) {
      context.Add(*goal, Message(threshold.status()));
    } else if (std::string wrong = NoGoal(*threshold); !wrong.empty()) {
      context.Add(*goal, std::move(wrong));
    } else {
      search.goal = threshold->text;
      search.metric = threshold->metric;
      search.value = threshold->value;
    }
  }
  out.find = std::move(search);
  return out;
}

plan::Shape BuildStages(const Node& list, Context& context) {
  plan::Stages out;
  double seconds = 0;
  std::uint32_t most = 0;
  if (!list.is_list()) return out;
  for (const Node& item : list.children) {
    plan::Stage stage;
    stage.users = Users(item.Get("users"), 1);
    stage.ramp = DurationOf(item.Get("ramp")).value_or(Duration(0));
    stage.hold = DurationOf(item.Get("hold")).value_or(Duration(0));
    if (item.is_map() && stage.ramp + stage.hold == Duration(0)) {
      context.diagnostics.Add(item.place, "a stage takes some time: 'ramp', 'hold' or both");
    }
    seconds += Seconds(stage.ramp) + Seconds(stage.hold);
    most = std::max(most, stage.users);
    out.stages.push_back(stage);
  }
  if (seconds > kLongestSeconds) {
    context.diagnostics.Add(list.place, "the stages take more than a year");
  }
  if (most == 0 && !list.children.empty()) {
    context.diagnostics.Add(list.place, "no stage has any users");
  }
  return out;
}

std::vector<plan::RateStage> BuildRateStages(const Node& list, Context& context) {
  std::vector<plan::RateStage> out;
  if (!list.is_list()) return out;
  double seconds = 0, most = 0;
  for (const Node& item : list.children) {
    plan::RateStage stage;
    stage.rate = Rate(item.Get("rate")).value_or(1);
    stage.ramp = DurationOf(item.Get("ramp")).value_or(Duration(0));
    stage.hold = DurationOf(item.Get("hold")).value_or(Duration(0));
    if (item.is_map() && stage.ramp + stage.hold == Duration(0)) {
      context.diagnostics.Add(item.place, "a stage takes some time: 'ramp', 'hold' or both");
    }
    seconds += Seconds(stage.ramp) + Seconds(stage.hold);
    most = std::max(most, stage.rate);
    out.push_back(stage);
  }
  if (seconds > kLongestSeconds) {
    context.diagnostics.Add(list.place, "the stages take more than a year");
  }
  if (most == 0 && !list.children.empty()) {
    context.diagnostics.Add(list.place, "no stage has any arrivals");
  }
  return out;
}

plan::Shape BuildArrivals(const Node& load, const Node& arrivals, Context& context) {
  plan::Arrivals out;
  out.max_users = Users(arrivals.Get("max_users"), 1000);
  out.poisson = Text(arrivals.Get("distribution")).value_or("") == "poisson";
  const Node* run_time = load.Get("run_time");
  if (const Node* stages = arrivals.Get("stages")) {
    out.stages = BuildRateStages(*stages, context);
    if (run_time != nullptr) {
      context.diagnostics.Add(run_time->key_place,
                              "the arrivals' stages say themselves how long they take");
    }
  } else {
    out.rate = Rate(arrivals.Get("rate")).value_or(1);
    out.run_time = DurationOf(run_time);
  }
  return out;
}

// Arrivals are iterations of tasks that are picked, by weight.
void CheckPicks(const Node& arrivals, Context& context, const v1::Scenario& scenario) {
  for (const v1::UserClass& user_class : scenario.users()) {
    if (user_class.count() > 0) {
      context.diagnostics.Add(arrivals.key_place, "arrivals go by weight: class '" +
                                                      user_class.name() + "' can't have a count");
    }
    const bool picks = std::any_of(user_class.tasks().begin(), user_class.tasks().end(),
                                   [](const v1::Task& task) { return task.weight() > 0; });
    if (!picks) {
      context.diagnostics.Add(arrivals.key_place, "arrivals need a task with a weight in class '" +
                                                      user_class.name() + "'");
    }
  }
}

}  // namespace

void BuildLoad(const Node* load, Context& context, Config& out) {
  if (load == nullptr || !load->is_map()) return;
  if (const auto stop = DurationOf(load->Get("stop_timeout"))) out.stop_timeout = *stop;
  if (const Node* sweep = load->Get("sweep")) {
    out.load = BuildSweep(*sweep, context);
  } else if (const Node* probe = load->Get("probe")) {
    out.load = BuildProbe(*probe, context, out);
  } else if (const Node* find = load->Get("find")) {
    out.load = BuildFind(*find, context);
    if (std::get<plan::Sweep>(out.load).of_rates()) CheckPicks(*find, context, out.scenario);
  } else if (const Node* stages = load->Get("stages")) {
    out.load = BuildStages(*stages, context);
  } else if (const Node* arrivals = load->Get("arrivals")) {
    out.load = BuildArrivals(*load, *arrivals, context);
    CheckPicks(*arrivals, context, out.scenario);
  } else {
    out.load = BuildConstant(*load, context);
  }
}

namespace {

void BuildThreshold(const Node& check, Context& context, Threshold& out) {
  const auto threshold = ParseThreshold(check.value);
  if (!threshold.ok()) {
    // The parser's words quote parts of the text.
    context.Add(check, check.shown ? "with its variables filled in this is not a threshold such as "
                                     "'p95 < 500ms'"
                                   : Message(threshold.status()));
    return;
  }
  out = *threshold;
}

// A threshold is about the row of a name under which requests are counted.
void CheckName(const Node& check, const Threshold& threshold, const scenario::Program& program,
               Context& context) {
  if (threshold.endpoint.empty()) return;
  std::vector<std::string> names, methods;
  for (const scenario::Endpoint& endpoint : program.endpoints()) {
    names.push_back(endpoint.name);
    if (IsAbout(threshold, endpoint.name, endpoint.method)) methods.push_back(endpoint.method);
  }
  if (methods.size() == 1) return;
  const std::vector<std::string>& all = context.endpoints;
  if (check.shown) {
    context.Add(check, methods.empty() ? "no request is called like this threshold's endpoint"
                                       : "requests of several methods are called like this "
                                         "threshold's endpoint");
  } else if (methods.size() > 1) {
    context.diagnostics.AddWithin(
        check, threshold.endpoint,
        absl::StrFormat("requests of %s and %s are called '%s': say which, as in '%s %s'",
                        methods[0], methods[1], threshold.endpoint, methods[1],
                        threshold.endpoint));
  } else if (std::find(all.begin(), all.end(), threshold.endpoint) != all.end()) {
    context.diagnostics.AddWithin(
        check, threshold.endpoint,
        absl::StrFormat(
            "'%s' has no figures of its own: of more than %d request names those beyond "
            "share the row '%s'",
            threshold.endpoint, scenario::kMostEndpoints, std::string(scenario::kOtherEndpoint)));
  } else {
    context.diagnostics.AddWithin(
        check, threshold.endpoint,
        "no request is called '" + threshold.endpoint + "'" + Suggest(threshold.endpoint, names));
  }
}

}  // namespace

void BuildThresholds(const Node* thresholds, Context& context, Config& out) {
  if (thresholds == nullptr || !thresholds->is_list()) return;
  for (const Node& item : thresholds->children) {
    const Node* check = item.is_scalar() ? &item : item.Get("check");
    if (check == nullptr || !check->is_scalar()) continue;
    Threshold& threshold = out.thresholds.emplace_back();
    BuildThreshold(*check, context, threshold);
    threshold.abort = Bool(item.Get("abort")).value_or(false);
    threshold.patience = DurationOf(item.Get("for")).value_or(threshold.patience);
    if (threshold.abort && OfTheFit(threshold)) {
      context.diagnostics.Add(item.Get("abort")->key_place,
                              threshold.metric + " is known at the end only: it can't end the run");
    }
  }
}

void CheckThresholdNames(const Node* thresholds, Context& context, const Config& config,
                         const scenario::Program& program) {
  if (thresholds == nullptr || !thresholds->is_list()) return;
  std::size_t i = 0;
  for (const Node& item : thresholds->children) {
    const Node* check = item.is_scalar() ? &item : item.Get("check");
    if (check == nullptr || !check->is_scalar()) continue;
    CheckName(*check, config.thresholds[i++], program, context);
  }
}

}  // namespace sfp::config
