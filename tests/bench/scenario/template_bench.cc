// The scenario of the Staff Fee Privilege test: what a user does between two exchanges.

#include <benchmark/benchmark.h>
#include <google/protobuf/text_format.h>

#include <memory>
#include <string>

#include "common/base/check.h"
#include "common/scenario/collect.h"
#include "common/scenario/program.h"
#include "common/scenario/renderer.h"

namespace sfp::scenario {
namespace {

std::shared_ptr<const Program> Example() {
  v1::Scenario scenario;
  SFP_CHECK(google::protobuf::TextFormat::ParseFromString(R"(
    target {
      url: "http://localhost:8080" base_path: "/v1/staff-fee-privilege"
      auth { basic { user: "user" password: "password" } }
    }
    data { name: "term" values { values: "201500" values: "201501" values: "201502" } }
    data { name: "osu_id" collected { capacity: 10 } }
    users {
      name: "api_user" weight: 1
      tasks { name: "by_id" weight: 1 method: "GET" path: "/{{osu_id}}-{{term}}" }
      tasks {
        name: "by_term" weight: 2 method: "GET" path: "?term={{term}}"
        collect { into: "osu_id" json: "/data/*/id" match: "^[0-9]{9}" }
      }
    })",
                                                          &scenario));
  return *Program::Compile(scenario);
}

// Two variables, one of them collected: draw, then render.
void TemplateRender(benchmark::State& state) {
  const auto program = Example();
  const Task& task = program->tasks()[0];
  Pools pools(*program);
  pools.Add(1, "931000001");
  UserSession session(*program, 0, 1);
  Renderer renderer(program);
  Draw draw;
  Rng rng(1);
  for (auto _ : state) {
    draw.Begin(task);
    SFP_CHECK(draw.Take(*program, task, task.steps[0], session, pools, rng));
    benchmark::DoNotOptimize(renderer.Render(task.steps[0], draw, session, Time()).bytes.data());
  }
}
BENCHMARK(TemplateRender);

// One id out of a list of ten records, 2 KB of JSON.
void CollectFromList(benchmark::State& state) {
  const auto program = Example();
  std::string body = R"({"links":{"self":"https://api/v1?term=201500"},"data":[)";
  for (int i = 0; i < 10; ++i) {
    body += (i > 0 ? "," : "") + std::string(R"({"type":"staff-fee-privilege","id":")") +
            std::to_string(931000000 + i) +
            R"(-201500","attributes":{"term":"201500","hours":12.5,"used":false,"spouse":null,)" +
            R"("campus":"Corvallis","updated":"2018-01-01T00:00:00Z"}})";
  }
  body += "]}";
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  Collector collector;
  JsonFinder finder;
  Rng rng(1);
  const Step& step = program->tasks()[1].steps[0];
  for (auto _ : state) {
    finder.Read(body, step.pointers);
    SFP_CHECK(collector.Take(step, {.status = 200, .body = body}, finder, session, pools, rng) ==
              1);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(CollectFromList);

}  // namespace
}  // namespace sfp::scenario
