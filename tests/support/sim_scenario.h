#pragma once

// Small scenarios for tests, written in code.
//
// Thread: safe, no state.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/time.h"
#include "common/scenario/program.h"

namespace sfp::support {

// http://sim/ without timeouts, with one class "user" that has no tasks and no wait yet.
inline v1::Scenario BareScenario() {
  v1::Scenario scenario;
  scenario.mutable_target()->set_url("http://sim");
  v1::UserClass* user = scenario.add_users();
  user->set_name("user");
  user->set_weight(1);
  user->mutable_wait()->set_constant_ns(0);
  return scenario;
}

inline v1::Task& AddTask(v1::UserClass& user, const std::string& name, std::uint32_t weight,
                         const std::string& path) {
  v1::Task* task = user.add_tasks();
  task->set_name(name);
  task->set_weight(weight);
  task->set_method("GET");
  task->set_path(path);
  return *task;
}

// Merges protobuf text into a task: its steps.
inline void AddSteps(v1::Task& task, const std::string& text) {
  task.clear_method();
  task.clear_path();
  v1::Task steps;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &steps)) << text;
  task.MergeFrom(steps);
}
// "steps { request { … } }"
inline std::string RequestStep(const std::string& name, const std::string& path,
                               const std::string& more = "") {
  return "steps { request { name: '" + name + "' method: 'GET' path: '" + path + "' " + more +
         " } } ";
}
inline std::string ThinkStep(Duration pause) {
  return "steps { think { constant_ns: " + std::to_string(pause.count()) + " } } ";
}

inline void AddRange(v1::Scenario& scenario, const std::string& name, std::int64_t from,
                     std::int64_t to, v1::Pick pick = v1::PICK_RANDOM) {
  v1::DataSource* source = scenario.add_data();
  source->set_name(name);
  source->set_pick(pick);
  source->mutable_range()->set_from(from);
  source->mutable_range()->set_to(to);
  source->mutable_range()->set_step(1);
}

inline std::shared_ptr<const scenario::Program> Compiled(const v1::Scenario& scenario) {
  auto program = scenario::Program::Compile(scenario);
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? *program : nullptr;
}

// `users` at once from time 0 on, until `end` (0: for ever).
inline v1::Plan Steady(std::uint32_t users, Duration end = Duration(0)) {
  v1::Plan plan;
  v1::Plan::Point* point = plan.add_points();
  point->set_users(users);
  plan.set_end_ns(end.count());
  plan.set_most_users(users);
  return plan;
}

}  // namespace sfp::support
