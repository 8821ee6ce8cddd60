#include "master/app/desk.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "common/base/units.h"
#include "master/app/commands.h"
#include "master/app/progress.h"
#include "master/app/run_plan.h"

namespace sfp::app {
namespace {

constexpr std::size_t kMostOldRuns = 100;

std::string StateName(coordinator::RunState state) {
  static constexpr const char* kNames[] = {"idle",    "waiting",  "preparing", "starting",
                                           "running", "stopping", "finished",  "resuming"};
  return kNames[static_cast<std::size_t>(state)];
}

std::vector<web::ClassRow> ClassesOf(const v1::Scenario& scenario) {
  std::vector<web::ClassRow> out;
  for (const v1::UserClass& from : scenario.users()) {
    web::ClassRow& row = out.emplace_back();
    row.name = from.name();
    row.weight = from.weight();
    row.count = from.count();
    row.on_start.assign(from.on_start().begin(), from.on_start().end());
    row.on_stop.assign(from.on_stop().begin(), from.on_stop().end());
    for (const v1::Task& task : from.tasks()) row.tasks.push_back({task.name(), task.weight()});
  }
  return out;
}

std::optional<double> SecondsOf(const std::optional<Duration>& d) {
  return d ? std::optional(Seconds(*d)) : std::nullopt;
}

// What can be edited while such a run is on.
std::string EditsOf(const plan::Shape& shape) {
  const auto* constant = std::get_if<plan::Constant>(&shape);
  if (constant != nullptr && !constant->iterations) return "users";
  const auto* arrivals = std::get_if<plan::Arrivals>(&shape);
  return arrivals != nullptr && arrivals->stages.empty() ? "rate" : "";
}

// The command line's options, named as the web side names them.
std::string Named(std::string text) {
  for (const char* name :
       {"host", "users", "spawn-rate", "run-time", "sweep", "step-time", "rate", "iterations"}) {
    const std::string option = "--" + std::string(name);
    std::string member = name;
    std::replace(member.begin(), member.end(), '-', '_');
    for (std::size_t at = text.find(option); at != std::string::npos; at = text.find(option, at)) {
      text.replace(at, option.size(), member);
    }
  }
  return text;
}

Status Wrong(const std::vector<config::Diagnostic>& diagnostics) {
  std::string all;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    if (!all.empty()) all += "; ";
    all += diagnostic.file;
    if (diagnostic.line > 0) all += ":" + std::to_string(diagnostic.line);
    all += ": " + diagnostic.message;
  }
  return Invalid(Named(all));
}

config::Overrides Over(config::Overrides base, const plan::Shape& configured,
                       const web::StartParams& params) {
  const bool kept = (params.users && std::holds_alternative<plan::Constant>(configured)) ||
                    (params.sweep && std::holds_alternative<plan::Sweep>(configured)) ||
                    (params.rate && std::holds_alternative<plan::Arrivals>(configured)) ||
                    (!params.users && !params.sweep && !params.rate);
  if (!kept) base = {.host = base.host};
  if (params.users || params.sweep || params.rate) {
    base.users = params.users;
    base.sweep = params.sweep;
    base.rate = params.rate;
  }
  const auto put = [](std::optional<std::string>& into, const std::optional<std::string>& value) {
    if (value) into = value;
  };
  put(base.host, params.host);
  put(base.spawn_rate, params.spawn_rate);
  put(base.run_time, params.run_time);
  put(base.step_time, params.step_time);
  put(base.iterations, params.iterations);
  return base;
}

}  // namespace

Desk::Desk(const MasterOptions& options, const config::Config& config,
           coordinator::Coordinator& coordinator, BeginRun begin_run)
    : options_(options),
      config_(config),
      coordinator_(coordinator),
      begin_run_(std::move(begin_run)),
      shape_(config.load),
      target_(config.scenario.target().url() + config.scenario.target().base_path()) {}

void Desk::AddRun(const std::string& id, const std::string& folder, const config::Config& config) {
  runs_.push_back({id, folder});
  shape_ = config.load;
  target_ = config.scenario.target().url() + config.scenario.target().base_path();
}

web::RunStatus Desk::GetStatus() {
  const coordinator::Progress progress = coordinator_.ProgressAt(Now());
  web::RunStatus status;
  status.state = StateName(progress.state);
  status.says = ProgressLine(progress);
  if (!runs_.empty()) status.run = runs_.back().id;
  status.target = target_;
  status.load = Describe(shape_);
  status.edits = EditsOf(shape_);
  status.ready = progress.workers >= options_.workers;
  status.workers = progress.workers;
  status.workers_wanted = options_.workers;
  status.workers_lost = progress.workers_lost;
  status.users = progress.users;
  status.users_planned = progress.users_planned;
  status.level = progress.level;
  status.levels = progress.levels;
  status.requests = progress.requests;
  status.failures = progress.failures;
  status.rps = progress.rps;
  status.failures_per_s = progress.failures_per_s;
  if (progress.p95) status.p95_ms = Millis(*progress.p95);
  status.second = static_cast<std::uint32_t>(Seconds(progress.elapsed));
  const results::Results* results = GetResults();
  if (results != nullptr && results->ended()) {
    status.second = static_cast<std::uint32_t>(Seconds(results->duration()));
  }
  status.left_s = SecondsOf(progress.left);
  status.level_left_s = SecondsOf(progress.level_left);
  return status;
}

web::Defaults Desk::GetDefaults() {
  web::Defaults out;
  out.name = config_.name;
  out.host = config_.scenario.target().url();
  out.load = Describe(config_.load);
  out.classes = ClassesOf(config_.scenario);
  out.resolved_yaml = config_.resolved_yaml;
  const auto text = [](const std::optional<Duration>& d) {
    return d ? std::optional(FormatDuration(*d)) : std::nullopt;
  };
  if (const auto* constant = std::get_if<plan::Constant>(&config_.load)) {
    out.kind = "constant";
    out.users = constant->users;
    out.spawn_rate = constant->spawn_rate;
    out.run_time = text(constant->run_time);
  } else if (const auto* sweep = std::get_if<plan::Sweep>(&config_.load)) {
    out.kind = "sweep";
    out.sweep = sweep->levels;
    out.step_time = text(sweep->step_time);
    if (sweep->spawn_rate > 0) out.spawn_rate = sweep->spawn_rate;
  } else if (const auto* arrivals = std::get_if<plan::Arrivals>(&config_.load)) {
    out.kind = "arrivals";
    out.users = arrivals->max_users;
    if (arrivals->stages.empty()) out.rate = arrivals->rate;
    out.run_time = text(arrivals->run_time);
  } else {
    out.kind = "stages";
  }
  return out;
}

std::vector<web::WorkerRow> Desk::GetWorkers() {
  std::vector<web::WorkerRow> out;
  const Time now = Now();
  const results::Results* results = GetResults();
  for (const coordinator::WorkerView& view : coordinator_.workers()) {
    web::WorkerRow& row = out.emplace_back();
    row.index = view.index;
    row.name = view.name;
    row.peer = view.peer;
    row.threads = view.threads;
    row.state = view.lost ? "lost" : !view.connected ? "gone" : view.in_run ? "running" : "ready";
    row.clock_offset_ms = Millis(view.clock_offset);
    row.round_trip_ms = Millis(view.round_trip);
    row.seen_s = std::max(0.0, Seconds(now - view.heard));
    if (results == nullptr) continue;
    const auto found = results->workers().find(view.index);
    if (found == results->workers().end()) continue;
    const results::Worker& worker = found->second;
    row.users = view.in_run ? worker.users : 0;
    row.in_flight = view.in_run ? worker.in_flight : 0;
    row.cpu = view.in_run && worker.delivered ? std::optional(worker.cpu) : std::nullopt;
    row.cpu_max = worker.delivered ? std::optional(worker.cpu_max) : std::nullopt;
    if (const auto lag = worker.lag.Quantile(0.99)) row.lag_p99_ms = Millis(*lag);
    row.rejoined = worker.rejoined;
    if (worker.wall_offset) row.wall_clock_offset_s = Seconds(*worker.wall_offset);
    row.clock_stepped_s = Seconds(worker.clocks.largest_step);
    row.suspended_s = Seconds(worker.clocks.suspended);
  }
  return out;
}

const results::Results* Desk::GetResults() {
  const results::Results* results = coordinator_.results();
  return results != nullptr && results->run().endpoints_size() > 0 ? results : nullptr;
}

std::vector<web::RunFolder> Desk::GetRuns() {
  std::vector<web::RunFolder> out(runs_.rbegin(), runs_.rend());
  std::set<std::string> known;
  for (const web::RunFolder& run : out) known.insert(run.id);
  std::set<std::string, std::greater<>> old;  // a run's id begins with its time
  std::error_code error;
  for (std::filesystem::directory_iterator at("runs", error), end; !error && at != end;
       at.increment(error)) {
    const std::string id = at->path().filename().string();
    std::error_code trouble;
    if (!known.contains(id) && std::filesystem::exists(at->path() / "journal.pb", trouble)) {
      old.insert(id);
    }
  }
  for (const std::string& id : old) {
    if (out.size() >= kMostOldRuns) break;
    out.push_back({id, "runs/" + id});
  }
  return out;
}

web::Mark Desk::GetMark() {
  const results::Results* results = GetResults();
  const auto second = results != nullptr ? results->complete_second() : std::nullopt;
  return {.run = runs_.size(),
          .state = static_cast<std::uint64_t>(coordinator_.state()),
          .second = second ? *second + 1 : 0,
          .resets = resets_,
          .log = log_.newest()};
}

Status Desk::Start(const web::StartParams& params) {
  if (RunIsOn()) return absl::FailedPreconditionError("a run is on");
  const config::Loaded loaded =
      ReadConfig(options_.config, Over(options_.overrides, config_.load, params));
  return loaded.config ? begin_run_(*loaded.config) : Wrong(loaded.diagnostics);
}

Status Desk::Edit(const web::EditParams& params) {
  if (!RunIsOn()) return absl::FailedPreconditionError("no run is on");
  if (params.rate) {
    const Status status = coordinator_.SetRate(*params.rate, Now());
    auto* arrivals = std::get_if<plan::Arrivals>(&shape_);
    if (status.ok() && arrivals != nullptr) arrivals->rate = *params.rate;
    return status;
  }
  auto* constant = std::get_if<plan::Constant>(&shape_);
  const double rate = params.spawn_rate.value_or(constant != nullptr ? constant->spawn_rate : 1);
  const Status status = coordinator_.SetUsers(*params.users, rate, Now());
  if (status.ok() && constant != nullptr) {
    constant->users = *params.users;
    constant->spawn_rate = rate;
  }
  return status;
}

Status Desk::Stop() {
  if (!RunIsOn()) return absl::FailedPreconditionError("no run is on");
  coordinator_.StopRun("stopped through the web UI", Now());
  return Ok();
}

Status Desk::Reset() {
  if (GetResults() == nullptr) return absl::FailedPreconditionError("no run has begun yet");
  coordinator_.ResetWindow();
  ++resets_;
  return Ok();
}

bool Desk::RunIsOn() const {
  const coordinator::RunState state = coordinator_.state();
  return state != coordinator::RunState::kIdle && state != coordinator::RunState::kFinished;
}

}  // namespace sfp::app
