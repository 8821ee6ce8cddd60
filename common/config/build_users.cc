#include <algorithm>

#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/program.h"

namespace sfp::config {
namespace {

constexpr std::size_t kMostTasks = 10'000;

using Names = google::protobuf::RepeatedPtrField<std::string>;

// on_start and on_stop.
void BuildTaskNames(const Node* list, const Node& tasks, Context& context, Names& out) {
  if (list == nullptr || !list->is_list()) return;
  std::vector<std::string> known;
  for (const Node& task : tasks.children) known.push_back(task.key);
  for (const Node& item : list->children) {
    if (!item.is_scalar()) continue;
    if (std::find(known.begin(), known.end(), item.value) == known.end()) {
      const std::string all = known.empty() ? "" : Suggest(item.value, known);
      context.Add(item, list->key + ": there is no task " + Quote(item) + " in this class" + all);
    }
    *out.Add() = item.value;
  }
}

bool Contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void BuildClass(const Node& user_class, const v1::Target& target, Context& context,
                v1::UserClass& out) {
  CheckName(user_class.key_place, user_class.key, "a user class", context);
  out.set_name(user_class.key);
  out.set_weight(static_cast<std::uint32_t>(Integer(user_class.Get("weight")).value_or(1)));
  out.set_count(static_cast<std::uint32_t>(Integer(user_class.Get("count")).value_or(0)));
  if (const Node* wait = user_class.Get("wait")) BuildWait(wait, context, *out.mutable_wait());
  if (const Node* auth = user_class.Get("auth")) {
    BuildAuth(auth, target, context, *out.mutable_auth());
  }
  if ((out.has_auth() ? out.auth() : target.auth()).has_oauth2()) {
    context.endpoints.push_back(scenario::TokenEndpoint(out));
  }
  if (const Node* tls = user_class.Get("tls")) {
    BuildCertificate(*tls, target, context, *out.mutable_tls());
  }
  const Node* tasks = user_class.Get("tasks");
  if (tasks == nullptr || !tasks->is_map()) return;
  BuildTaskNames(user_class.Get("on_start"), *tasks, context, *out.mutable_on_start());
  BuildTaskNames(user_class.Get("on_stop"), *tasks, context, *out.mutable_on_stop());
  for (const Node& task : tasks->children) {
    CheckName(task.key_place, task.key, "a task", context);
    v1::Task& to = *out.add_tasks();
    BuildTask(task, context, to);
    const Node* weight = task.Get("weight");
    if (weight != nullptr && to.weight() == 0 && Integer(weight) &&
        !Contains(out.on_start(), task.key) && !Contains(out.on_stop(), task.key)) {
      context.Add(*weight,
                  "with a weight of 0 this task never runs, unless on_start or on_stop names it");
    }
  }
}

}  // namespace

void CheckName(const Place& place, std::string_view name, std::string_view what, Context& context) {
  constexpr std::size_t kLongestName = 200;
  const bool good = !name.empty() && name.size() <= kLongestName &&
                    std::none_of(name.begin(), name.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (!good) {
    context.diagnostics.Add(
        place, std::string(what) + " needs a name of 1 to 200 characters without line ends");
  }
}

void BuildWait(const Node* wait, Context& context, v1::Wait& out) {
  if (wait == nullptr) return;
  const auto ns = [&](const char* key) -> std::optional<std::int64_t> {
    const auto duration = DurationOf(wait->Get(key));
    return duration ? std::optional(duration->count()) : std::nullopt;
  };
  const Node* uniform = wait->Get("uniform");
  if (uniform != nullptr && uniform->is_list() && uniform->children.size() == 2) {
    const auto least = DurationOf(&uniform->children[0]);
    const auto most = DurationOf(&uniform->children[1]);
    if (!least || !most) return;
    out.mutable_uniform()->set_min_ns(least->count());
    out.mutable_uniform()->set_max_ns(most->count());
    if (*least > *most) {
      context.Add(uniform->children[1], "the longest wait is shorter than the shortest");
    }
  } else if (const auto constant = ns("constant")) {
    out.set_constant_ns(*constant);
  } else if (const auto exponential = ns("exponential")) {
    out.set_exponential_ns(*exponential);
  } else if (const auto pacing = ns("pacing")) {
    out.set_pacing_ns(*pacing);
  }
}

void BuildUsers(const Node* users, Context& context, v1::Scenario& out) {
  if (users == nullptr || !users->is_map()) return;
  std::size_t tasks = 0;
  for (const Node& user_class : users->children) {
    if (const Node* of = user_class.Get("tasks")) tasks += of->children.size();
  }
  if (tasks > kMostTasks || users->children.size() > kMostTasks) {
    return context.diagnostics.Add(users->place, "there are more than 10000 tasks or classes");
  }
  for (const Node& user_class : users->children) {
    BuildClass(user_class, out.target(), context, *out.add_users());
  }
}

}  // namespace sfp::config
