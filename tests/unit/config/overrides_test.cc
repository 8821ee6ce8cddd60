#include <gtest/gtest.h>

#include "common/plan/shape.h"
#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

const std::string kConstant = "load: {users: 7, spawn_rate: 3, run_time: 2m, stop_timeout: 5s}\n";
const std::string kSweep = "load: {sweep: {users: [1, 2], step_time: 20s, spawn_rate: 4}}\n";
const std::string kStages = "load: {stages: [{users: 5, hold: 1m}]}\n";
const std::string kArrivals = "load: {arrivals: {rate: 200/s, max_users: 10}, run_time: 5m}\n";

Loaded With(const std::string& load, const Overrides& overrides) {
  return ParseText(kTarget + load + kUsers, {}, overrides);
}

TEST(Overrides, UsersKeepTheRestOfAConstantLoad) {
  const Loaded loaded = With(kConstant, {.users = "50"});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const auto& load = std::get<plan::Constant>(loaded.config->load);
  EXPECT_EQ(load.users, 50u);
  EXPECT_EQ(load.spawn_rate, 3);
  EXPECT_EQ(load.run_time, FromSeconds(120));
  EXPECT_EQ(loaded.config->stop_timeout, FromSeconds(5));
}

TEST(Overrides, UsersMakeAnyOtherShapeConstant) {
  for (const std::string& load : {kSweep, kStages, kArrivals, std::string()}) {
    const Loaded loaded = With(load, {.users = "50", .spawn_rate = "25", .run_time = "1m30s"});
    ASSERT_TRUE(loaded.config) << load << Findings(loaded);
    const auto& constant = std::get<plan::Constant>(loaded.config->load);
    EXPECT_EQ(constant.users, 50u);
    EXPECT_EQ(constant.spawn_rate, 25);
    EXPECT_EQ(constant.run_time, FromSeconds(90));
  }
}

TEST(Overrides, SweepReplacesAConstantLoadAndItsSpawnRate) {
  const Loaded loaded = With(kConstant, {.sweep = "10, 20,2000"});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const auto& sweep = std::get<plan::Sweep>(loaded.config->load);
  EXPECT_EQ(sweep.levels, (std::vector<std::uint32_t>{10, 20, 2000}));
  EXPECT_EQ(sweep.step_time, std::nullopt);
  EXPECT_EQ(sweep.spawn_rate, 0);
  EXPECT_EQ(loaded.config->stop_timeout, FromSeconds(5));
}

TEST(Overrides, ARateMakesAnyOtherShapeArrivals) {
  for (const std::string& load : {kConstant, kArrivals, std::string()}) {
    const Loaded loaded = With(load, {.run_time = "1m30s", .rate = "50/s"});
    ASSERT_TRUE(loaded.config) << load << Findings(loaded);
    const auto& arrivals = std::get<plan::Arrivals>(loaded.config->load);
    EXPECT_EQ(arrivals.rate, 50);
    EXPECT_EQ(arrivals.max_users, load == kArrivals ? 10u : 1000u);
    EXPECT_EQ(arrivals.run_time, FromSeconds(90));
  }
}

TEST(Overrides, AProbeGoesUpToFourTimesTheDeclaredPoolOrToTheUsers) {
  const std::string pool = "target: {url: \"http://h\", declared_pool: 30}\n";
  for (const std::string& load : {kConstant, kSweep, kStages, kArrivals, std::string()}) {
    const Loaded loaded = ParseText(pool + load + kUsers, {}, {.probe = true});
    ASSERT_TRUE(loaded.config) << load << Findings(loaded);
    const auto& sweep = std::get<plan::Sweep>(loaded.config->load);
    EXPECT_TRUE(sweep.probe);
    EXPECT_EQ(sweep.levels,
              (std::vector<std::uint32_t>{1, 2, 3, 4, 6, 8, 12, 16, 24, 33, 48, 67, 96, 120}));
  }
  const Loaded few = With(kConstant, {.users = "5", .step_time = "3s", .probe = true});
  ASSERT_TRUE(few.config) << Findings(few);
  EXPECT_EQ(std::get<plan::Sweep>(few.config->load).levels,
            (std::vector<std::uint32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(Findings(With(kConstant, {.probe = true})),
            "--probe: a probe goes up to four times 'target.declared_pool', which is not given; or "
            "say its 'users'\n");
}

TEST(Overrides, ASearchHasAGoalThatGrowsWithTheLoad) {
  const Loaded loaded = With(kSweep, {.users = "500", .find = "p99.9 < 2s"});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const auto& sweep = std::get<plan::Sweep>(loaded.config->load);
  ASSERT_TRUE(sweep.find);
  EXPECT_EQ(sweep.levels, std::vector<std::uint32_t>{500});
  EXPECT_EQ(sweep.find->metric, "p99.9");
  EXPECT_EQ(sweep.find->value, 2000);
  for (const char* wrong :
       {"rps > 5", "p95 > 5ms", "t: avg < 1s", "max < 1s", "avg < 0s", "fast"}) {
    EXPECT_FALSE(With(kSweep, {.find = wrong}).config) << wrong;
  }
  EXPECT_EQ(Findings(With(kSweep, {.sweep = "1,2", .find = "avg < 1s"})),
            "--find: '--find' is a load of its own: without '--sweep'\n");
}

TEST(Overrides, ASearchWithARateIsOneOverRates) {
  const Loaded loaded = With(kSweep, {.users = "70", .rate = "500/s", .find = "p95 < 2s"});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const auto& sweep = std::get<plan::Sweep>(loaded.config->load);
  ASSERT_TRUE(sweep.of_rates());
  EXPECT_EQ(sweep.find->rate, 500);
  EXPECT_EQ(sweep.find->start, 10);
  EXPECT_EQ(sweep.levels, std::vector<std::uint32_t>{70});  // as many may be busy
  const std::string file =
      "load: {find: {goal: \"avg < 1s\", rate: 300/m, max_users: 20, distribution: poisson}}\n";
  const Loaded again = With(file, {.find = "avg < 2s"});
  ASSERT_TRUE(again.config) << Findings(again);
  const auto& poisson = std::get<plan::Sweep>(again.config->load);
  EXPECT_EQ(poisson.find->value, 2000);
  EXPECT_EQ(poisson.find->rate, 5);
  EXPECT_EQ(poisson.find->start, 5);  // not above the highest
  EXPECT_TRUE(poisson.find->poisson);
  EXPECT_FALSE(std::get<plan::Sweep>(With(kSweep, {.find = "avg < 1s"}).config->load).of_rates());
  for (const char* wrong : {"users: 5, rate: 5/s", "max_users: 5", "rate: 5/s, spawn_rate: 3"}) {
    EXPECT_FALSE(
        With("load: {find: {goal: \"avg < 1s\", " + std::string(wrong) + "}}\n", {}).config)
        << wrong;
  }
}

TEST(Overrides, IterationsAreOfUsers) {
  const Loaded loaded = With(kConstant, {.iterations = "1000"});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_EQ(std::get<plan::Constant>(loaded.config->load).iterations, 1000u);
  EXPECT_EQ(std::get<plan::Constant>(With(kStages, {.users = "3", .iterations = "9"}).config->load)
                .iterations,
            9u);
}

TEST(Overrides, SweepOptionsRefineTheFilesSweep) {
  const Loaded levels = With(kSweep, {.sweep = "9"});
  ASSERT_TRUE(levels.config) << Findings(levels);
  EXPECT_EQ(std::get<plan::Sweep>(levels.config->load).levels, std::vector<std::uint32_t>{9});
  EXPECT_EQ(std::get<plan::Sweep>(levels.config->load).step_time, FromSeconds(20));

  const Loaded steps = With(kSweep, {.spawn_rate = "50", .step_time = "auto"});
  ASSERT_TRUE(steps.config) << Findings(steps);
  EXPECT_EQ(std::get<plan::Sweep>(steps.config->load).step_time, std::nullopt);
  EXPECT_EQ(std::get<plan::Sweep>(steps.config->load).spawn_rate, 50);
  EXPECT_EQ(std::get<plan::Sweep>(steps.config->load).levels.size(), 2u);
}

TEST(Overrides, WithoutALoadThereIsOneUserWhichOptionsChange) {
  const Loaded plain = With("", {});
  ASSERT_TRUE(plain.config) << Findings(plain);
  EXPECT_EQ(std::get<plan::Constant>(plain.config->load).users, 1u);
  const Loaded timed = With("", {.run_time = "1m"});
  ASSERT_TRUE(timed.config) << Findings(timed);
  EXPECT_EQ(std::get<plan::Constant>(timed.config->load).run_time, FromSeconds(60));
}

TEST(Overrides, HostReplacesTheUrlOrStandsForIt) {
  for (const char* target : {"target: {url: \"http://h\", base_path: /v1}\n", ""}) {
    const Loaded loaded = ParseText(target + kUsers, {}, {.host = "https://other:8443/"});
    ASSERT_TRUE(loaded.config) << Findings(loaded);
    EXPECT_EQ(loaded.config->scenario.target().url(), "https://other:8443");
  }
}

TEST(Overrides, MistakesNameTheOption) {
  struct Case {
    std::string load;
    Overrides overrides;
    const char* findings;
  };
  const Case cases[] = {
      {kConstant,
       {.users = "many"},
       "--users: 'users' takes a whole number from 1 to 10000000, not 'many'\n"},
      {kConstant,
       {.users = "-5"},
       "--users: 'users' takes a whole number from 1 to 10000000, not '-5'\n"},
      {kConstant,
       {.spawn_rate = "0"},
       "--spawn-rate: 'spawn_rate' takes users per second above 0, up to 1000000, such as 10 or "
       "600/m, not '0'\n"},
      {kConstant,
       {.run_time = "60"},
       "--run-time: 'run_time' takes a duration such as 250ms, 5s or 1m30s, above 0, not '60', did "
       "you mean '60s'?\n"},
      {kConstant,
       {.sweep = "10,x,,30"},
       "--sweep: an item takes a whole number from 1 to 10000000, not 'x'\n"
       "--sweep: an item takes a whole number from 1 to 10000000, not ''\n"},
      {kConstant,
       {.host = "localhost:8080"},
       "--host: 'localhost:8080' is not a target URL such as https://host:8443: it has to begin "
       "with http:// or https://\n"},
      {kConstant,
       {.users = "5", .sweep = "10"},
       "--sweep: '--sweep' and '--users' exclude each other\n"},
      {kConstant,
       {.run_time = "5m", .sweep = "10"},
       "--run-time: a sweep has no run time; '--step-time' is the length of a level\n"},
      {kSweep,
       {.run_time = "5m"},
       "--run-time: the load is a sweep, which has no run time; '--step-time' is the length of a "
       "level\n"},
      {kConstant,
       {.step_time = "5s"},
       "--step-time: the load is not a sweep, so there are no steps\n"},
      {kConstant,
       {.users = "5", .step_time = "5s"},
       "--step-time: '--step-time' and '--users' exclude each other\n"},
      {kStages,
       {.spawn_rate = "5"},
       "--spawn-rate: the load is stages, which say themselves how fast users start\n"},
      {kStages,
       {.run_time = "5m"},
       "--run-time: the load is stages, which say themselves how long they take\n"},
      {kStages,
       {.iterations = "5"},
       "--iterations: only a load of 'users' has a number of iterations\n"},
      {kConstant,
       {.users = "5", .rate = "10"},
       "--rate: '--rate' and '--users' exclude each other\n"},
      {kSweep,
       {.step_time = "10ms"},
       "--step-time: 'step_time' takes auto or a duration such as 250ms, 5s or 1m30s, at least 1s, "
       "not '10ms'\n"},
  };
  for (const Case& c : cases) {
    const Loaded loaded = With(c.load, c.overrides);
    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(Findings(loaded), c.findings);
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      EXPECT_EQ(diagnostic.line, 0);
      EXPECT_EQ(diagnostic.source_line, "");
    }
  }
}

TEST(Overrides, AreNotSearchedForVariables) {
  const Loaded loaded = ParseText(kTarget + kUsers, {{"N", "5"}}, {.users = "${N}"});
  EXPECT_EQ(Findings(loaded),
            "--users: 'users' takes a whole number from 1 to 10000000, not '${N}'\n");
}

// A task for each of the names that stay, with its weight.
std::string Left(const Overrides& overrides) {
  const Loaded loaded = ParseText(
      kTarget +
          "users:\n"
          "  a: {on_start: [login], tasks: {login: {post: /, tags: [auth]}, "
          "read: {get: /, tags: [r]}, both: {get: /, tags: [r, w]}, plain: {get: /}}}\n"
          "  b: {tasks: {write: {put: /, tags: [w]}, idle: {get: /, weight: 0, tags: [r]}}, "
          "on_stop: [idle]}\n",
      {}, overrides);
  if (!loaded.config) return Findings(loaded);
  std::string left;
  for (const v1::UserClass& user_class : loaded.config->scenario.users()) {
    left += user_class.name() + ":";
    for (const v1::Task& task : user_class.tasks()) {
      left += " " + task.name() + std::to_string(task.weight());
    }
    left += "; ";
  }
  return left;
}

TEST(Overrides, TagsChooseTasksAndTheClassesThatStillHaveSome) {
  EXPECT_EQ(Left({.tags = "w"}), "a: login0 both1; b: write1 idle0; ");
  EXPECT_EQ(Left({.tags = "r, auth"}), "a: login1 read1 both1; ");
  EXPECT_EQ(Left({.exclude_tags = "w"}), "a: login1 read1 plain1; ");
  EXPECT_EQ(Left({.tags = "r", .exclude_tags = "w"}), "a: login0 read1; ");
  EXPECT_EQ(Left({.tags = "reed"}), "--tags: no task has the tag 'reed'\n");
  EXPECT_EQ(Left({.tags = "auths"}), "--tags: no task has the tag 'auths', did you mean 'auth'?\n");
  EXPECT_EQ(Left({.tags = "w", .exclude_tags = "w"}),
            "--tags: these tags leave no task with a weight\n");
}

TEST(Overrides, ThresholdsOnTasksThatTagsLeaveOutAreLeftOutToo) {
  const std::string text =
      kTarget +
      "users: {u: {tasks: {a: {get: /, tags: [x]}, b: {tags: [y], steps: [{get: /}, {name: n, get: "
      "/}, {if: {status: 404}, then: [{group: g, steps: [{get: /}]}]}]}}}}\n"
      "thresholds: [\"a: p95 < 1s\", \"b 1: p95 < 1s\", \"n: p95 < 1s\", \"g: p95 < 1s\", "
      "{check: \"b 3: p95 < 1s\"}, \"p95 < 1s\"]\n";
  for (const auto& [tags, left] : {std::pair("x", 2u), std::pair("y", 5u), std::pair("x,y", 6u)}) {
    const Loaded loaded = ParseText(text, {}, {.tags = tags});
    ASSERT_TRUE(loaded.config) << Findings(loaded);
    EXPECT_EQ(loaded.config->thresholds.size(), left) << tags;
  }
}

}  // namespace
}  // namespace sfp::config
