#include "common/scenario/program.h"

#include <cmath>
#include <map>

#include "tests/unit/scenario/scenarios.h"

namespace sfp::scenario {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ProgramTest, CompilesTheStaffFeePrivilegeScenario) {
  const auto program = Compiled(kStaffFeePrivilege);
  ASSERT_EQ(program->tasks().size(), 4u);
  ASSERT_EQ(program->endpoints().size(), 4u);
  EXPECT_EQ(program->endpoints()[1].name, "by_term");
  EXPECT_EQ(program->endpoints()[1].method, "GET");
  EXPECT_EQ(program->origin().authority, "localhost:8080");

  const Step& by_term = StepNamed(*program, "by_term");
  EXPECT_TRUE(by_term.needs_body);
  EXPECT_FALSE(by_term.needs_headers);
  EXPECT_TRUE(by_term.idempotent);
  EXPECT_EQ(by_term.timeout, Duration(120'000'000'000));
  EXPECT_FALSE(StepNamed(*program, "by_id").needs_body);

  const UserClass& user_class = program->classes()[0];
  EXPECT_EQ(user_class.on_start, std::vector<TaskId>{1});
  EXPECT_DOUBLE_EQ(*program->MeanThinkSeconds(), 2.55);
}

TEST(ProgramTest, NamesBeyondAThousandShareOneEndpoint) {
  std::string scenario = "target { url: 'http://h' } users { name: 'u' weight: 1 ";
  for (int i = 0; i < 10'000; ++i) {
    scenario += "tasks { name: 'item/" + std::to_string(i) + "' method: 'GET' weight: 1 } ";
  }
  const auto program = Compiled(scenario +
                                "} users { name: 'v' weight: 1 "
                                "tasks { name: 'item/7' method: 'GET' weight: 1 } }");
  ASSERT_EQ(program->endpoints().size(), kMostEndpoints + 1);
  EXPECT_EQ(program->endpoints()[999].name, "item/999");
  EXPECT_EQ(program->endpoints()[1000].name, kOtherEndpoint);
  EXPECT_EQ(program->tasks()[999].endpoint(), 999);
  for (const int i : {1000, 1001, 9999}) EXPECT_EQ(program->tasks()[i].endpoint(), 1000);
  EXPECT_EQ(program->tasks()[10'000].endpoint(), 7);  // another class's task of that name
  EXPECT_FALSE(EndpointWarning(program->endpoints().size()).empty());
  EXPECT_TRUE(EndpointWarning(kMostEndpoints).empty());
}

TEST(ProgramTest, PicksTasksByWeight) {
  const auto program = Compiled(kStaffFeePrivilege);
  const double want[] = {2, 2, 1, 1};  // of 6
  double counts[4] = {};
  constexpr int kPicks = 60'000;
  for (int i = 0; i < kPicks; ++i) {
    Rng rng(1, 2, i);
    ++counts[program->classes()[0].PickTask(rng)];
  }
  double chi_square = 0;
  for (int i = 0; i < 4; ++i) {
    const double expected = kPicks * want[i] / 6;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  EXPECT_LT(chi_square, 16.3);  // 3 degrees of freedom, p = 0.001
}

TEST(ProgramTest, ATaskWithoutWeightIsNeverPicked) {
  const auto program = Compiled(
      "target { url: 'http://h' } users { name: 'u' weight: 1 on_start: 'login' "
      "tasks { name: 'login' method: 'POST' } tasks { name: 'a' method: 'GET' weight: 3 } }");
  for (int i = 0; i < 100; ++i) {
    Rng rng(i);
    EXPECT_EQ(program->classes()[0].PickTask(rng), 1);
  }
}

std::string Classes(const std::vector<std::uint32_t>& weights) {
  std::string text = "target { url: 'http://h' } ";
  for (std::size_t i = 0; i < weights.size(); ++i) {
    text += "users { name: 'c" + std::to_string(i) + "' weight: " + std::to_string(weights[i]) +
            " tasks { name: 't' method: 'GET' weight: 1 } } ";
  }
  return text;
}

std::string Turns(const std::vector<std::uint32_t>& weights, int users) {
  const auto program = Compiled(Classes(weights));
  std::string turns;
  for (int u = 0; u < users; ++u) turns += static_cast<char>('a' + program->ClassOf(u).id);
  return turns;
}

TEST(ProgramTest, ClassesTakeSmoothTurns) {
  EXPECT_EQ(Turns({1}, 3), "aaa");
  EXPECT_EQ(Turns({5, 1, 1}, 14), "aabacaaaabacaa");
  EXPECT_EQ(Turns({10, 20}, 6), "babbab");
  EXPECT_EQ(Turns({0, 3}, 3), "bbb");
}

TEST(ProgramTest, EveryPeriodHasEachClassByItsWeight) {
  const auto program = Compiled(Classes({7, 3, 15}));
  std::map<std::string, int> counts;
  for (std::uint64_t user = 1'000'003; user < 1'000'003 + 25; ++user) {
    ++counts[program->ClassOf(user).name];
  }
  EXPECT_EQ(counts, (std::map<std::string, int>{{"c0", 7}, {"c1", 3}, {"c2", 15}}));
}

TEST(ProgramTest, LongPeriodsAreScaledDown) {
  const auto program = Compiled(Classes({4'000'000'000, 2'000'000'001, 1}));
  int counts[3] = {};
  for (int user = 0; user < 60'000; ++user) ++counts[program->ClassOf(user).id];
  EXPECT_NEAR(counts[0], 40'000, 5);
  EXPECT_NEAR(counts[1], 20'000, 5);
  EXPECT_LE(counts[2], 1);
}

// "request 0", "unless 1 -> 4", …
std::vector<std::string> Ops(const Task& task) {
  static constexpr const char* kNames[] = {"request", "think", "set",   "unless", "go",
                                           "repeat",  "again", "enter", "leave"};
  std::vector<std::string> ops;
  for (const Op& op : task.ops) {
    ops.push_back(kNames[static_cast<int>(op.kind)]);
    if (op.index > 0) ops.back() += " " + std::to_string(op.index);
    if (op.to > 0) ops.back() += " to " + std::to_string(op.to);
  }
  return ops;
}

std::string Steps(const std::string& steps) {
  return "target { url: 'http://h' } data { name: 'own' collected { scope: SCOPE_USER } } "
         "users { name: 'u' weight: 1 wait { constant_ns: 1000000000 } "
         "tasks { name: 't' weight: 1 " +
         steps + " } }";
}
const std::string kRequestStep = "request { name: 'r' method: 'GET' path: '/' }";
const std::string kThinkStep = "think { uniform { min_ns: 2000000000 max_ns: 4000000000 } }";

TEST(ProgramTest, StepsBecomeFlat) {
  const auto program = Compiled(Steps(
      "steps { " + kRequestStep + " } steps { set { values { name: 'own' value: 'x' } } } " +
      "steps { choice { condition { status { status { first: 404 last: 404 } } } then { " +
      kThinkStep + " } otherwise { " + kRequestStep + " } } } " +
      "steps { repeat { times: 3 until { name: 'own' is: 'done' } steps { group { name: 'g' steps "
      "{ " +
      kRequestStep + " } } } } } steps { choice { condition { name: 'own' negated: true } then { " +
      kThinkStep + " } } }"));
  const Task& task = program->tasks()[0];
  EXPECT_EQ(Ops(task),
            (std::vector<std::string>{"request", "set", "unless to 5", "think", "go to 6",
                                      "request 1", "repeat to 3", "enter 1", "request 2", "leave",
                                      "again 1 to 7", "unless 2 to 13", "think 1"}));
  // Steps of one name share an endpoint, and a group is no part of the totals.
  ASSERT_EQ(program->endpoints().size(), 2u);
  EXPECT_FALSE(program->endpoints()[0].apart);
  EXPECT_TRUE(program->endpoints()[1].apart);
  EXPECT_EQ(program->endpoints()[1].method, kGroupMethod);
}

TEST(ProgramTest, WrongStepsAreRefused) {
  const struct {
    std::string steps;
    const char* error;
  } kCases[] = {
      {"steps { }", "task 'u.t': a step is empty"},
      {"steps { " + kThinkStep + " }", "task 'u.t': none of its steps is a request"},
      {"method: 'GET' steps { " + kRequestStep + " }", "both steps and a request of its own"},
      {"steps { request { method: 'GET' } }", "task 'u.t': a request has no name"},
      {"steps { request { name: 'r' method: 'GET' path: 'x' } }",
       "task 'u.t', step 'r': path has to begin"},
      {"steps { think { pacing_ns: 5 } }", "there is no pacing between steps"},
      {"steps { set { values { name: 'x' value: '' } } }", "no collected data source 'x' of scope"},
      {"steps { set { values { name: 'own' value: '{{y}}' } } }",
       "task 'u.t', set 'own': {{y}} is no data source"},
      {"steps { choice { condition { name: 'z' } then { " + kRequestStep + " } } }",
       "a condition: {{z}} is no data source"},
      {"steps { choice { condition { name: 'own' matches: '(' } then { " + kRequestStep + " } } }",
       "task 'u.t': a condition:"},
      {"steps { repeat { times: 0 steps { " + kRequestStep + " } } }", "no rounds"},
      {"steps { repeat { times: 2000 steps { repeat { times: 2000 steps { " + kRequestStep +
           " } } } } }",
       "more than 1000000 rounds"},
      {"steps { group { steps { " + kRequestStep + " } } }", "a group has no name"},
  };
  for (const auto& c : kCases) {
    const auto program = Program::Compile(Parse(Steps(c.steps)));
    ASSERT_FALSE(program.ok()) << c.steps;
    EXPECT_THAT(Message(program.status()), HasSubstr(c.error));
  }
}

TEST(ProgramTest, MeanThinkCountsPausesPerRequestUnlessAConditionDecides) {
  const std::string round = "steps { " + kRequestStep + " } steps { " + kThinkStep + " }";
  // Four requests, three pauses of 3 s on average and a wait of 1 s.
  EXPECT_DOUBLE_EQ(
      *Compiled(Steps("steps { " + kRequestStep + " } steps { repeat { times: 3 " + round + " } }"))
           ->MeanThinkSeconds(),
      2.5);
  EXPECT_FALSE(Compiled(Steps("steps { repeat { times: 3 until { name: 'own' } " + round + " } }"))
                   ->MeanThinkSeconds());
}

TEST(ProgramTest, ClassesWithACountHaveTheFirstUsers) {
  v1::Scenario scenario = Parse(Classes({1, 7, 1}));
  scenario.mutable_users(1)->set_count(3);
  const auto program = Compiled(scenario);
  std::string classes;
  for (int user = 0; user < 9; ++user) {
    classes += std::to_string(program->ClassOf(user).id);
  }
  EXPECT_EQ(classes, "111020202");
  for (int i : {0, 2}) scenario.mutable_users(i)->set_count(1);
  const auto counted = Compiled(scenario);
  classes.clear();
  for (int user = 0; user < 15; ++user) classes += std::to_string(counted->ClassOf(user).id);
  EXPECT_EQ(classes.substr(0, 5), "01112");
  EXPECT_EQ(std::count(classes.begin() + 5, classes.end(), '1'), 6);
}

TEST(ProgramTest, TasksOfTwoClassesShareAnEndpoint) {
  EXPECT_EQ(Compiled(Classes({1, 2}))->endpoints().size(), 1u);
}

TEST(ProgramTest, MeanThinkIsWeightedAndAbsentWhenPaced) {
  v1::Scenario scenario = Parse(Classes({1, 3}));
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns(2'000'000'000);
  scenario.mutable_users(1)->mutable_wait()->set_exponential_ns(4'000'000'000);
  EXPECT_DOUBLE_EQ(*Compiled(scenario)->MeanThinkSeconds(), 3.5);
  scenario.mutable_users(1)->mutable_wait()->set_pacing_ns(1);
  EXPECT_FALSE(Compiled(scenario)->MeanThinkSeconds());
}

TEST(WaitTest, ThinksAsLongAsItSays) {
  Rng rng(3);
  const Wait uniform(Wait::Kind::kUniform, Duration(100), Duration(104));
  const Wait exponential(Wait::Kind::kExponential, Duration(1'000'000'000));
  std::map<std::int64_t, int> counts;
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    ++counts[uniform.Think(rng).count()];
    sum += Seconds(exponential.Think(rng));
  }
  EXPECT_EQ(counts.begin()->first, 100);
  EXPECT_EQ(counts.rbegin()->first, 104);
  EXPECT_EQ(counts.size(), 5u);
  EXPECT_NEAR(sum / 10'000, 1, 0.05);  // 5 standard errors
  EXPECT_EQ(Wait(Wait::Kind::kConstant, Duration(7)).Think(rng), Duration(7));
  EXPECT_EQ(Wait().Think(rng), Duration(0));
  EXPECT_FALSE(uniform.pacing());
  EXPECT_EQ(Wait(Wait::Kind::kPacing, Duration(7)).pacing(), Duration(7));
  EXPECT_EQ(Wait(Wait::Kind::kPacing, Duration(7)).Think(rng), Duration(0));
}

TEST(JudgeTest, SaysWhatWasExpected) {
  const auto program = Compiled(kStaffFeePrivilege);
  const struct {
    const char* task;
    int status;
    std::optional<std::string> failure;
  } kCases[] = {
      {"by_term", 200, std::nullopt},
      {"by_term", 399, std::nullopt},
      {"by_term", 500, "HTTP 500, expected 200..399"},
      {"by_term", 199, "HTTP 199, expected 200..399"},
      {"bad_request", 400, std::nullopt},
      {"bad_request", 404, "HTTP 404, expected 400"},
      {"by_id", 404, std::nullopt},
      {"by_id", 401, "HTTP 401, expected 200 or 404"},
  };
  for (const auto& c : kCases) {
    Examiner examiner;
    const auto wrong = examiner.Judge(StepNamed(*program, c.task), {.status = c.status}, Draw());
    EXPECT_EQ(wrong ? std::optional(wrong->message) : std::nullopt, c.failure);
  }
  EXPECT_EQ(Expect({{200, 204}, {301, 301}, {404, 410}}).text(), "200..204, 301 or 404..410");
}

std::string ErrorsOf(const std::string& text) {
  const auto program = Program::Compile(Parse(text));
  return program.ok() ? "none" : Message(program.status());
}

TEST(ProgramTest, EachMistakeIsNamedWithItsPlace) {
  const std::string target = "target { url: 'http://h' } ";
  const std::string collected = "data { name: 'c' collected { capacity: 1 } } ";
  const struct {
    std::string text;
    const char* error;
  } kCases[] = {
      {"", "target: '' is not a target URL"},
      {target, "users: there is no user class"},
      {Classes({0, 0}), "users: every weight is 0"},
      {target + "users { name: 'u' weight: 1 }", "user class 'u': it has no task with a weight"},
      {target + "users { name: 'u' on_start: 'x' tasks { name: 't' weight: 1 method: 'GET' } }",
       "user class 'u': on_start: there is no task 'x'"},
      {OneTask("path: 'x'"), "task 'u.t': path has to begin with"},
      {OneTask("path: '/a b'"), "task 'u.t': path holds a space"},
      {OneTask("path: '/a\\r\\nX: y'"), "task 'u.t': path holds a space or control"},
      {OneTask("path: '/a#b'"), "path holds '#'"},
      {OneTask("path: '/100%'"), "path holds '%'"},
      {OneTask("path: '/{{x}}'"), "task 'u.t': {{x}} is no data source"},
      {OneTask("path: '/{{x'"), "task 'u.t': path: '{{' at offset 1 is not closed"},
      {OneTask("method: 'get'"), "'get' is not a method"},
      {OneTask("method: 'GET X'"), "is not a method"},
      {OneTask("method: 'CONNECT'"), "CONNECT"},
      {OneTask("headers { name: 'a b' value: '1' }"), "header 'a b' is not a header name"},
      {OneTask("headers { name: 'a' value: 'x\\r\\ny' }"), "header 'a' holds a control character"},
      {OneTask("headers { name: 'content-length' value: '1' }"), "is set by sfp"},
      {OneTask("headers { name: 'Transfer-Encoding' value: 'chunked' }"), "is set by sfp"},
      {OneTask("expect { status { first: 99 last: 99 } }"), "task 'u.t': expect:"},
      {OneTask("expect { status { first: 300 last: 200 } }"), "task 'u.t': expect:"},
      {OneTask("timeout_ns: -1"), "task 'u.t': the timeout is negative"},
      {OneTask("collect { into: 'x' json: '/a' }"), "task 'u.t': collect 'x': there is no"},
      {OneTask("collect { into: 'c' json: 'a' }", collected), "is not a JSON pointer"},
      {OneTask("collect { into: 'c' json: '/a' match: '(' }", collected),
       "is not a regular expression"},
      {OneTask("collect { into: 'c' json: '/a' pick: PICK_UNIQUE }", collected), "pick is random"},
      {OneTask("", "data { name: 'a b' values { values: '1' } }"), "data source 'a b'"},
      {OneTask("", collected + collected), "data source 'c': the name is taken"},
      {OneTask("", "data { name: 'd' values { } }"), "data source 'd': there are no values"},
      {OneTask("", "data { name: 'd' }"), "data source 'd': it is neither"},
      {OneTask("", "data { name: 'd' collected { } }"), "data source 'd': the capacity"},
      {OneTask("", "data { name: 'd' pick: PICK_UNIQUE collected { capacity: 1 } }"), "at random"},
      {OneTask("", "data { name: 'd' range { from: 1 to: 2 } }"), "data source 'd': the step"},
      {OneTask("", "data { name: 'd' range { from: 2 to: 1 step: 1 } }"), "the step"},
      {OneTask("", "data { name: 'd' range { from: 1 to: 2 step: -1 } }"), "the step"},
      {OneTask("", "data { name: 'd' range { from: 1 to: 2 step: 1 width: 21 } }"), "the width"},
      {OneTask("",
               "data { name: 'd' range { from: -9223372036854775808 "
               "to: 9223372036854775807 step: 1 } }"),
       "2^63"},
      {OneTask("", "", "base_path: 'v1'"), "base_path has to begin with"},
      {OneTask("", "", "base_path: '/v1/'"), "target: base_path has to begin with"},
      {OneTask("", "", "base_path: '/v 1'"), "target: base_path holds a space"},
      {OneTask("", "", "auth { basic { user: 'a:b' } }"), "basic auth"},
      {OneTask("", "", "auth { bearer: 'a\\nb' }"), "bearer"},
  };
  for (const auto& c : kCases) EXPECT_THAT(ErrorsOf(c.text), HasSubstr(c.error)) << c.text;
}

TEST(ProgramTest, EveryMistakeIsShown) {
  const std::string errors = ErrorsOf(
      OneTask("path: '/{{x}}{{y}}' timeout_ns: -1", "data { name: 'd' }", "base_path: 'v'"));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 4) << errors;
}

TEST(ProgramTest, SecretsStayOutOfErrors) {
  const std::string errors = ErrorsOf(
      OneTask("headers { name: 'a' value: 'hunter2\\n' }", "", "auth { bearer: 'hunter2\\n' }"));
  EXPECT_THAT(errors, HasSubstr("bearer"));
  EXPECT_THAT(errors, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace sfp::scenario
