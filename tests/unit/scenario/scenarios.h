#pragma once

// Scenarios for tests, written as protobuf text. Thread: pure functions.

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/scenario/draw.h"
#include "common/scenario/program.h"

namespace sfp::scenario {

inline v1::Scenario Parse(const std::string& text) {
  v1::Scenario scenario;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &scenario));
  return scenario;
}

inline std::shared_ptr<const Program> Compiled(const v1::Scenario& scenario) {
  auto program = Program::Compile(scenario);
  EXPECT_TRUE(program.ok()) << Message(program.status());
  return *program;
}
inline std::shared_ptr<const Program> Compiled(const std::string& text) {
  return Compiled(Parse(text));
}

inline const Task& TaskNamed(const Program& program, std::string_view name) {
  for (const Task& task : program.tasks()) {
    if (task.name == name) return task;
  }
  ADD_FAILURE() << "no task " << name;
  return program.tasks()[0];
}

// Of a task with one request.
inline const Step& StepNamed(const Program& program, std::string_view name) {
  return TaskNamed(program, name).steps[0];
}

// Reads bodies, as an engine does with responses.
class BodyReader {
 public:
  std::size_t Take(const Step& step, std::string_view body, UserSession& session, Pools& pools,
                   Rng& rng) {
    const Reply reply{.status = step.expect.Holds(200) ? 200 : 400, .body = body};
    examiner_.Judge(step, reply, draw_);
    return collector_.Take(step, reply, examiner_.json(), session, pools, rng);
  }

 private:
  Draw draw_;
  Examiner examiner_;
  Collector collector_;
};

// One class with one task, to which `task` adds its fields; `rest` stands at the top.
inline std::string OneTask(const std::string& task, const std::string& rest = "",
                           const std::string& target = "") {
  const bool get = task.find("method:") == std::string::npos;
  return "target { url: 'http://api.test' " + target + " } " + rest +
         " users { name: 'u' weight: 1 tasks { name: 't' weight: 1 " + task +
         (get ? " method: 'GET'" : "") + " } }";
}

// The scenario of the example configuration: the Staff Fee Privilege test.
inline constexpr char kStaffFeePrivilege[] = R"(
  target {
    url: "https://localhost:8080"
    base_path: "/v1/staff-fee-privilege"
    auth { basic { user: "user" password: "password" } }
    timeouts { total_ns: 120000000000 }
  }
  data { name: "term" values { values: "201500" values: "201501" values: "201502" } }
  data { name: "osu_id" collected { capacity: 10 } }
  users {
    name: "api_user"
    weight: 1
    wait { uniform { min_ns: 100000000 max_ns: 5000000000 } }
    on_start: "by_term"
    tasks { name: "by_osu_id" weight: 2 method: "GET" path: "?osuId={{osu_id}}" }
    tasks {
      name: "by_term" weight: 2 method: "GET" path: "?term={{term}}"
      collect { into: "osu_id" json: "/data/*/id" match: "^[0-9]{9}" }
    }
    tasks {
      name: "bad_request" weight: 1 method: "GET"
      expect { status { first: 400 last: 400 } }
    }
    tasks {
      name: "by_id" weight: 1 method: "GET" path: "/{{osu_id}}-{{term}}"
      expect { status { first: 200 last: 200 } status { first: 404 last: 404 } }
    }
  })";

}  // namespace sfp::scenario
