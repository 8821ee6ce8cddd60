#include "common/scenario/compiler.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "common/scenario/response_compiler.h"
#include "common/scenario/step_compiler.h"

namespace sfp::scenario {
namespace {

constexpr std::size_t kMostIds = 65'535;
constexpr std::uint64_t kLongestPeriod = 65'536;
constexpr std::uint32_t kMostCapacity = 1'000'000;
constexpr std::uint32_t kMostCounted = 1'000'000;

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

template <typename List>
auto FindName(List& list, std::string_view name) {
  return std::find_if(list.begin(), list.end(),
                      [&](const auto& item) { return item.name == name; });
}

DataSource::Pick PickOf(v1::Pick pick) {
  switch (pick) {
    case v1::PICK_SEQUENTIAL:
      return DataSource::Pick::kSequential;
    case v1::PICK_UNIQUE:
      return DataSource::Pick::kUnique;
    default:
      return DataSource::Pick::kRandom;
  }
}

DataSource::Scope ScopeOf(v1::Scope scope) {
  switch (scope) {
    case v1::SCOPE_CLASS:
      return DataSource::Scope::kClass;
    case v1::SCOPE_USER:
      return DataSource::Scope::kUser;
    default:
      return DataSource::Scope::kWorker;
  }
}

}  // namespace

StatusOr<std::shared_ptr<const Program>> Program::Compile(const v1::Scenario& scenario) {
  return Compiler(scenario).Compile();
}

void Compiler::Error(std::string_view where, std::string_view what) {
  errors_.push_back(std::string(where) + ": " + std::string(what));
}

StatusOr<std::shared_ptr<const Program>> Compiler::Compile() {
  CompileTarget();
  CompileData();
  CompileClasses();
  NameTokens();
  if (errors_.empty()) CompileTurns();
  if (errors_.empty()) return std::shared_ptr<const Program>(std::move(program_));
  std::string all;
  for (const std::string& error : errors_) all += (all.empty() ? "" : "\n") + error;
  return Invalid(all);
}

void Compiler::CompileTarget() {
  out().target = scenario_.target();
  auto origin = ParseOrigin(scenario_.target().url());
  if (origin.ok()) {
    out().origin = *std::move(origin);
  } else {
    Error("target", Message(origin.status()));
  }
  const std::string& base = scenario_.target().base_path();
  if (!base.empty() && (base[0] != '/' || base.back() == '/' || base.find('?') != base.npos)) {
    Error("target", "base_path has to begin with '/', not to end with it, and to hold no '?'");
  }
  if (const auto encoded = EncodeTarget(base); !encoded.ok()) {
    Error("target", "base_path " + Message(encoded.status()));
  }
  CheckAuth(scenario_.target().auth(), "target");
  if (scenario_.target().timeouts().total_ns() < 0) Error("target", "the timeout is negative");
}

void Compiler::CheckAuth(const v1::Auth& auth, std::string_view where) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x21 || c == 0x7f; };
  if (auth.basic().user().find(':') != std::string::npos) {
    Error(where, "the user of basic auth holds ':', which ends a user name");
  }
  const bool is_template = auth.bearer().find("{{") != std::string::npos;
  if (!is_template && std::any_of(auth.bearer().begin(), auth.bearer().end(), is_control)) {
    Error(where, "the bearer token holds a space or control character");
  }
}

std::optional<std::uint16_t> Compiler::TokenOf(const v1::Auth& auth, const std::string& endpoint,
                                               std::string_view where) {
  if (!auth.has_oauth2()) return std::nullopt;
  std::vector<TokenSource>& tokens = out().tokens;
  const std::string wanted = auth.oauth2().SerializeAsString();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].auth.SerializeAsString() == wanted) return static_cast<std::uint16_t>(i);
  }
  auto source = MakeTokenSource(auth.oauth2());
  if (!source.ok()) {
    Error(where, "oauth2: " + Message(source.status()));
    return std::nullopt;
  }
  tokens.push_back(*std::move(source));
  token_names_.push_back(endpoint);
  return static_cast<std::uint16_t>(tokens.size() - 1);
}

// Behind all other endpoints.
void Compiler::NameTokens() {
  for (std::size_t i = 0; i < out().tokens.size(); ++i) {
    out().tokens[i].endpoint = static_cast<EndpointId>(out().endpoints.size());
    out().endpoints.push_back({token_names_[i], "POST", true});
  }
}

void Compiler::CompileData() {
  if (scenario_.data_size() > static_cast<int>(kMostIds)) {
    return Error("data", "there are more than 65535 sources");
  }
  for (const v1::DataSource& source : scenario_.data()) CompileSource(source);
}

void Compiler::CompileSource(const v1::DataSource& from) {
  const std::string where = "data source " + Quoted(from.name());
  if (!IsTemplateName(from.name())) Error(where, "a template can't hold this name");
  if (FindName(out().data, from.name()) != out().data.end()) Error(where, "the name is taken");
  DataSource source;
  source.name = from.name();
  source.pick = PickOf(from.pick());
  source.exhausted = from.exhausted() == v1::EXHAUSTED_CYCLE  ? DataSource::Exhausted::kCycle
                     : from.exhausted() == v1::EXHAUSTED_STOP ? DataSource::Exhausted::kStop
                                                              : DataSource::Exhausted::kSkip;
  switch (from.kind_case()) {
    case v1::DataSource::kValues:
      source.values.assign(from.values().values().begin(), from.values().values().end());
      source.rows = source.values.size();
      if (source.rows == 0) Error(where, "there are no values");
      break;
    case v1::DataSource::kTable:
      CompileTable(from.table(), where, source);
      break;
    case v1::DataSource::kRange:
      CompileRange(from.range(), where, source);
      break;
    case v1::DataSource::kCollected:
      source.kind = DataSource::Kind::kCollected;
      source.capacity = from.collected().capacity();
      source.scope = ScopeOf(from.collected().scope());
      if (source.scope == DataSource::Scope::kUser) source.capacity = 1;
      if (source.capacity == 0 || source.capacity > kMostCapacity) {
        Error(where, "the capacity is not from 1 to 1000000");
      }
      if (source.pick != DataSource::Pick::kRandom) {
        Error(where, "collected values are drawn at random only");
      }
      break;
    default:
      Error(where, "it is neither values, nor a table, nor a range, nor collected");
  }
  out().data.push_back(std::move(source));
}

void Compiler::CompileTable(const v1::DataSource::Table& from, std::string_view where,
                            DataSource& source) {
  constexpr int kMostColumns = 1000;
  source.columns.assign(from.columns().begin(), from.columns().end());
  source.values.assign(from.cells().begin(), from.cells().end());
  if (from.columns().empty() || from.columns_size() > kMostColumns) {
    return Error(where, "a table has 1 to 1000 columns");
  }
  for (const std::string& column : source.columns) {
    if (!IsTemplateName(source.name + "." + column)) {
      Error(where, "a template can't hold the column " + Quoted(column));
    }
  }
  source.rows = source.values.size() / source.columns.size();
  if (source.rows == 0) Error(where, "there are no rows");
  if (source.values.size() % source.columns.size() != 0) Error(where, "the last row is not whole");
}

void Compiler::CompileRange(const v1::DataSource::Range& from, std::string_view where,
                            DataSource& source) {
  source.kind = DataSource::Kind::kRange;
  source.from = from.from();
  source.step = from.step();
  source.width = from.width();
  if (from.width() > 20) Error(where, "the width is more than 20 digits");
  const bool up = from.step() > 0;
  if (from.step() == 0 || (up ? from.from() > from.to() : from.from() < from.to())) {
    return Error(where, "the step does not lead from the first number to the last");
  }
  const auto first = static_cast<std::uint64_t>(from.from());
  const auto last = static_cast<std::uint64_t>(from.to());
  const auto step = static_cast<std::uint64_t>(from.step());
  const std::uint64_t steps = up ? (last - first) / step : (first - last) / (0 - step);
  if (steps >> 63 != 0) return Error(where, "the range has more than 2^63 numbers");
  source.rows = steps + 1;
}

void Compiler::CompileClasses() {
  if (scenario_.users().empty()) Error("users", "there is no user class");
  std::size_t tasks = 0;
  for (const v1::UserClass& from : scenario_.users()) tasks += from.tasks_size();
  if (tasks > kMostIds || scenario_.users_size() > static_cast<int>(kMostIds)) {
    return Error("users", "there are more than 65535 classes or tasks");
  }
  for (const v1::UserClass& from : scenario_.users()) CompileClass(from);
}

void Compiler::CompileClass(const v1::UserClass& from) {
  const std::string where = "user class " + Quoted(from.name());
  if (from.name().empty()) Error(where, "it has no name");
  if (FindName(out().classes, from.name()) != out().classes.end())
    Error(where, "the name is taken");
  UserClass user_class;
  user_class.name = from.name();
  user_class.id = static_cast<ClassId>(out().classes.size());
  user_class.weight = from.weight();
  user_class.count = from.count();
  if (from.count() > kMostCounted) Error(where, "the count is above 1000000");
  CompileWait(from.wait(), where, user_class);

  if (from.has_auth()) CheckAuth(from.auth(), where);
  const v1::Auth& auth = from.has_auth() ? from.auth() : out().target.auth();
  if (from.has_tls() && out().target.connections().shared() > 0) {
    Error(where, "users with a certificate of their own can't share connections with others");
  }
  RequestCompiler requests(out().target, out().origin, out().data,
                           {auth, TokenOf(auth, TokenEndpoint(from), where)}, errors_);
  const std::size_t first = out().tasks.size();
  for (const v1::Task& task_from : from.tasks()) {
    const std::string task_where = "task " + Quoted(from.name() + "." + task_from.name());
    const auto taken = std::find_if(out().tasks.begin() + first, out().tasks.end(),
                                    [&](const Task& t) { return t.name == task_from.name(); });
    if (task_from.name().empty()) Error(task_where, "it has no name");
    if (taken != out().tasks.end()) Error(task_where, "the name is taken");
    const auto id = static_cast<TaskId>(out().tasks.size());
    if (task_from.weight() > 0) {
      const std::uint64_t so_far = user_class.choices.empty() ? 0 : user_class.choices.back().up_to;
      user_class.choices.push_back({so_far + task_from.weight(), id});
    }
    Task task;
    CompileTask(task_from, task_where, requests, task);
    out().tasks.push_back(std::move(task));
  }
  user_class.has_picks = !user_class.choices.empty();
  const auto resolve = [&](const auto& names, std::string_view key, std::vector<TaskId>& to) {
    for (const std::string& name : names) {
      const auto task = std::find_if(out().tasks.begin() + first, out().tasks.end(),
                                     [&](const Task& t) { return t.name == name; });
      if (task == out().tasks.end()) {
        Error(where, std::string(key) + ": there is no task " + Quoted(name));
      }
      to.push_back(static_cast<TaskId>(task - out().tasks.begin()));
    }
  };
  resolve(from.on_start(), "on_start", user_class.on_start);
  resolve(from.on_stop(), "on_stop", user_class.on_stop);
  std::map<SourceId, std::uint32_t> aside;
  for (const auto* tasks : {&user_class.on_start, &user_class.on_stop}) {
    for (const TaskId id : *tasks) {
      if (id >= out().tasks.size()) continue;  // reported above
      std::set<SourceId> drawn;                // a row is drawn once, whatever its columns
      for (const Variable& variable : out().tasks[id].variables) {
        if (variable.source != Variable::kCall) drawn.insert(variable.source);
      }
      for (const SourceId source : drawn) ++aside[source];
    }
  }
  for (const auto& [source, draws] : aside) {
    out().data[source].draws_aside = std::max(out().data[source].draws_aside, draws);
  }
  if (!user_class.has_picks && user_class.on_start.empty()) {
    Error(where, "it has no task with a weight");
  }
  out().classes.push_back(std::move(user_class));
}

void Compiler::CompileWait(const v1::Wait& from, std::string_view where, UserClass& user_class) {
  auto wait = scenario::CompileWait(from);
  if (!wait.ok()) return Error(where, Message(wait.status()));
  user_class.wait = *wait;
}

void Compiler::CompileTask(const v1::Task& from, const std::string& where,
                           RequestCompiler& requests, Task& task) {
  task.name = from.name();
  if (from.steps().empty()) return CompileRequest(from, where, requests, task);
  if (!from.method().empty()) Error(where, "it has both steps and a request of its own");
  const auto request = [&](const v1::Task& step, const std::string& step_where) {
    CompileRequest(step, step_where, requests, task);
  };
  const auto group = [&](const std::string& name) {
    const EndpointId id = EndpointOf(name, std::string(kGroupMethod));
    // The one that names beyond the limit share holds requests, which a group is not.
    if (id == kMostEndpoints)
      Error(where, "there are too many names for the group " + Quoted(name));
    out().endpoints[id].apart = true;
    return id;
  };
  StepCompiler(task, where, out().data, requests, errors_, request, group).Compile(from.steps());
}

void Compiler::CompileRequest(const v1::Task& from, std::string_view where,
                              RequestCompiler& requests, Task& task) {
  const v1::Target& target = out().target;
  task.ops.push_back({Op::Kind::kRequest, static_cast<std::uint16_t>(task.steps.size())});
  Step& step = task.steps.emplace_back();
  step.name = from.name();
  requests.Compile(from, where, task, step);
  ResponseCompiler(out().data, requests, errors_).Compile(from, where, task, step);
  step.timeout =
      Duration(from.timeout_ns() != 0 ? from.timeout_ns() : target.timeouts().total_ns());
  if (from.timeout_ns() < 0) Error(where, "the timeout is negative");
  step.max_redirects = from.has_max_redirects() ? from.max_redirects() : target.max_redirects();
  step.needs_headers |= target.cookies() || step.max_redirects > 0;
  step.endpoint = EndpointOf(step.name, step.method);
  if (target.retry_stale() && step.idempotent) {
    step.retry_endpoint = EndpointOf(step.name + " (retry)", step.method);
  }
}

EndpointId Compiler::EndpointOf(const std::string& name, const std::string& method) {
  std::vector<Endpoint>& endpoints = out().endpoints;
  const auto id = static_cast<EndpointId>(std::min(known_.size(), kMostEndpoints));
  const auto [known, is_new] = known_.try_emplace({name, method}, id);
  if (!is_new) return known->second;
  if (id < kMostEndpoints) {
    endpoints.push_back({name, method});
  } else if (endpoints.size() == kMostEndpoints) {
    endpoints.push_back({std::string(kOtherEndpoint), ""});
  }
  return id;
}

// The counted classes have their users first. Then each turn every class gains its weight, the
// richest one is taken and pays the sum: classes alternate as evenly as their weights allow, and
// after one period everything repeats.
void Compiler::CompileTurns() {
  for (const UserClass& user_class : out().classes) {
    out().counted.insert(out().counted.end(), user_class.count, user_class.id);
  }
  const bool all_counted = std::all_of(out().classes.begin(), out().classes.end(),
                                       [](const UserClass& c) { return c.count > 0; });
  std::vector<std::int64_t> weights;
  std::uint64_t divisor = 0;
  for (const UserClass& user_class : out().classes) {
    weights.push_back(all_counted            ? user_class.count
                      : user_class.count > 0 ? 0
                                             : user_class.weight);
    divisor = std::gcd(divisor, static_cast<std::uint64_t>(weights.back()));
  }
  if (divisor == 0) return Error("users", "every weight is 0");
  for (std::int64_t& weight : weights) weight /= static_cast<std::int64_t>(divisor);
  std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  if (sum > static_cast<std::int64_t>(kLongestPeriod)) {
    const double scale = static_cast<double>(kLongestPeriod) / static_cast<double>(sum);
    for (std::int64_t& weight : weights) {
      if (weight > 0) weight = std::max<std::int64_t>(1, std::llround(weight * scale));
    }
    sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  }
  std::vector<std::int64_t> wealth(weights.size());
  for (std::int64_t turn = 0; turn < sum; ++turn) {
    for (std::size_t i = 0; i < weights.size(); ++i) wealth[i] += weights[i];
    const auto richest = std::max_element(wealth.begin(), wealth.end());
    *richest -= sum;
    out().turns.push_back(static_cast<ClassId>(richest - wealth.begin()));
  }
}

}  // namespace sfp::scenario
