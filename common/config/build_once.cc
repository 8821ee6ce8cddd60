#include <algorithm>
#include <set>
#include <string>

#include "common/config/builder.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

void BuildList(const Node* tasks, Context& context, std::vector<v1::Task>& out) {
  if (tasks == nullptr || !tasks->is_map()) return;
  for (const Node& task : tasks->children) {
    CheckName(task.key_place, task.key, "a task", context);
    BuildTask(task, context, out.emplace_back());
    if (const Node* weight = task.Get("weight")) {
      context.diagnostics.Add(weight->key_place, "the tasks of '" + tasks->key +
                                                     "' are each done once, none is picked");
    }
  }
}

}  // namespace

v1::Scenario OnceScenario(const v1::Scenario& from, const std::string& name,
                          const std::vector<v1::Task>& tasks) {
  v1::Scenario scenario;
  *scenario.mutable_target() = from.target();
  *scenario.mutable_data() = from.data();
  v1::UserClass& user_class = *scenario.add_users();
  user_class.set_name(name);
  user_class.set_weight(1);
  std::set<std::string> names;
  for (const v1::Task& task : tasks) {
    v1::Task& to = *user_class.add_tasks();
    to = task;
    to.set_weight(0);
    if (!names.insert(to.name()).second) {
      to.set_name(to.name() + " " + std::to_string(user_class.tasks_size()));
      names.insert(to.name());
    }
    user_class.add_on_start(to.name());
  }
  return scenario;
}

void BuildOnce(const Node& root, Context& context, Config& out) {
  const Node* setup = root.Get("setup");
  BuildList(setup, context, out.setup);
  BuildList(root.Get("teardown"), context, out.teardown);
  const std::set<std::string> names = CollectedInto(setup);
  out.setup_data.assign(names.begin(), names.end());
  const Node* users = root.Get("users");
  if (users == nullptr) return;
  for (const Node& user_class : users->children) {
    for (const std::string& name : CollectedInto(user_class.Get("tasks"))) {
      if (!names.contains(name)) continue;
      context.diagnostics.Add(user_class.key_place,
                              "'" + name +
                                  "' is collected by the setup, for all users: its tasks "
                                  "need a name of their own to collect into");
    }
  }
}

}  // namespace sfp::config
