#include "common/scenario/draw.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "common/scenario/renderer.h"
#include "tests/unit/scenario/scenarios.h"

namespace sfp::scenario {
namespace {

class DrawTest : public testing::Test {
 protected:
  // A program with one task whose path holds every source of `data` in order.
  void Use(const std::string& data, const std::string& path) {
    program_ = Compiled(OneTask("path: '" + path + "'", data));
    pools_ = std::make_unique<Pools>(*program_);
  }
  // The value of the only variable in the user's next draw, "skip" if there is none.
  std::string Next(UserSession& session, Rng& rng) {
    return Take(0, session, rng) ? std::string(draw_.value(0)) : "skip";
  }
  // What the first step of a task needs.
  bool Take(std::size_t id, UserSession& session, Rng& rng,
            std::optional<std::uint64_t> arrival = std::nullopt) {
    const Task& task = program_->tasks()[id];
    draw_.Begin(task);
    return draw_.Take(*program_, task, task.steps[0], session, *pools_, rng, {.arrival = arrival});
  }
  std::string Next(UserSession& session) {
    Rng rng(1);
    return Next(session, rng);
  }

  std::shared_ptr<const Program> program_;
  std::unique_ptr<Pools> pools_;
  Draw draw_;
};

TEST_F(DrawTest, RangesCountBothWaysAndPad) {
  const struct {
    const char* range;
    const char* pick;
    std::vector<std::string> values;
  } kCases[] = {
      {"from: 1 to: 3 step: 1", "", {"1", "2", "3", "1"}},
      {"from: 1 to: 10 step: 4 width: 3", "", {"001", "005", "009", "001"}},
      {"from: 3 to: -3 step: -3 width: 2", "", {"03", "00", "-03", "03"}},
      {"from: 5 to: 5 step: 7", "", {"5", "5"}},
      {"from: 931000001 to: 931000002 step: 1 width: 4", "", {"931000001", "931000002"}},
      {"from: 9223372036854775806 to: 9223372036854775807 step: 1",
       "",
       {"9223372036854775806", "9223372036854775807"}},
      {"from: -9223372036854775808 to: 0 step: 9223372036854775807",
       "",
       {"-9223372036854775808", "-1", "-9223372036854775808"}},
  };
  for (const auto& c : kCases) {
    Use(std::string("data { name: 'n' pick: PICK_SEQUENTIAL range { ") + c.range + " } }",
        "/{{n}}");
    UserSession session(*program_, 0, 1);
    for (const std::string& value : c.values) EXPECT_EQ(Next(session), value) << c.range;
  }
}

TEST_F(DrawTest, SequentialStartsAtTheUsersNumber) {
  Use("data { name: 'v' pick: PICK_SEQUENTIAL values { values: ['a', 'b', 'c'] } }", "/{{v}}");
  UserSession first(*program_, 0, 10), fifth(*program_, 4, 10);
  std::string text;
  for (int i = 0; i < 4; ++i) text += Next(first) + Next(fifth);
  EXPECT_EQ(text, "abbccaab");
}

TEST_F(DrawTest, UniqueNeverRepeatsOverUsersAndIterations) {
  Use("data { name: 'v' pick: PICK_UNIQUE range { from: 0 to: 99 step: 1 } }", "/{{v}}");
  std::multiset<std::string> drawn;
  for (std::uint64_t user = 0; user < 7; ++user) {
    UserSession session(*program_, user, 7);
    for (std::string value = Next(session); value != "skip"; value = Next(session)) {
      drawn.insert(value);
    }
    EXPECT_EQ(Next(session), "skip");
  }
  EXPECT_EQ(drawn.size(), 100u);                                              // all of them
  EXPECT_EQ(std::set<std::string>(drawn.begin(), drawn.end()).size(), 100u);  // once
}

TEST_F(DrawTest, AUserThatStartsAgainGoesOnBehindItsLastRow) {
  for (const char* pick : {"PICK_UNIQUE", "PICK_SEQUENTIAL"}) {
    Use(std::string("data { name: 'v' pick: ") + pick + " range { from: 0 to: 9 step: 1 } }",
        "/{{v}}");
    std::string text;
    for (int life = 0; life < 3; ++life) {
      UserSession session(*program_, 1, 2);
      text += Next(session);
    }
    EXPECT_EQ(text, pick == std::string("PICK_UNIQUE") ? "135" : "123");
  }
}

// Rows behind those that are kept aside for on_start belong to arrivals.
TEST_F(DrawTest, AUserOfTheOpenModelHasTheRowsKeptAsideOnly) {
  program_ = Compiled(
      "data { name: 'v' pick: PICK_UNIQUE range { from: 0 to: 99 step: 1 } } "
      "target { url: 'http://api.test' } users { name: 'u' weight: 1 on_start: 'in' "
      "tasks { name: 'in' method: 'GET' path: '/{{v}}' } "
      "tasks { name: 't' weight: 1 method: 'GET' path: '/{{v}}' } }");
  pools_ = std::make_unique<Pools>(*program_);
  const UserClass& user_class = program_->classes()[0];
  UserSession session(*program_, 3, user_class, 10, true);
  EXPECT_EQ(Next(session), "3");
  UserSession again(*program_, 3, user_class, 10, true);
  EXPECT_EQ(Next(again), "skip");
  Rng rng(1);
  EXPECT_TRUE(Take(1, session, rng, 0));
  EXPECT_EQ(draw_.value(0), "10");
}

TEST_F(DrawTest, RandomIsEvenByChiSquare) {
  Use("data { name: 'v' values { values: ['a', 'b', 'c', 'd', 'e'] } }", "/{{v}}");
  std::map<std::string, double> counts;
  constexpr int kDraws = 10'000;
  for (int i = 0; i < kDraws; ++i) {
    Rng rng(42, 3, i);
    UserSession session(*program_, 3, 10);
    ++counts[Next(session, rng)];
  }
  double chi_square = 0;
  for (const auto& [value, count] : counts) {
    chi_square += (count - kDraws / 5.0) * (count - kDraws / 5.0) / (kDraws / 5.0);
  }
  EXPECT_EQ(counts.size(), 5u);
  EXPECT_LT(chi_square, 18.5);  // 4 degrees of freedom, p = 0.001
}

TEST_F(DrawTest, SameSeedUserAndIterationDrawTheSame) {
  Use("data { name: 'v' values { values: ['a', 'b', 'c', 'd', 'e'] } }", "/{{v}}");
  for (int i = 0; i < 100; ++i) {
    Rng one(42, 3, i), two(42, 3, i);
    UserSession session(*program_, 3, 10), other(*program_, 3, 10);
    EXPECT_EQ(Next(session, one), Next(other, two));
  }
}

TEST_F(DrawTest, ANameThatStandsTwiceIsOneValue) {
  Use("data { name: 'n' range { from: 0 to: 1000000 step: 1 } }", "/{{n}}/{{n}}");
  EXPECT_EQ(program_->tasks()[0].variables.size(), 1u);
}

TEST_F(DrawTest, SkipsWhileNothingIsCollected) {
  Use("data { name: 'c' collected { capacity: 2 } }", "/{{c}}");
  UserSession session(*program_, 0, 1);
  EXPECT_EQ(Next(session), "skip");
  pools_->Add(0, "x");
  EXPECT_EQ(Next(session), "x");
}

TEST_F(DrawTest, ASkippedStepUsesUpNoRowAndTheSameNumbers) {
  Use("data { name: 'u' pick: PICK_UNIQUE values { values: ['only'] } } "
      "data { name: 'c' collected { capacity: 2 } } data { name: 'r' values { values: 'r' } }",
      "/{{u}}/{{c}}/{{r}}");
  UserSession session(*program_, 0, 1);
  Rng skipped(5), taken(5);
  EXPECT_FALSE(Take(0, session, skipped));
  pools_->Add(1, "x");
  EXPECT_TRUE(Take(0, session, taken));
  EXPECT_EQ(skipped.Next(), taken.Next());
  std::set<std::string> values;
  for (std::size_t slot = 0; slot < 3; ++slot) values.insert(std::string(draw_.value(slot)));
  EXPECT_EQ(values, (std::set<std::string>{"only", "r", "x"}));
  EXPECT_FALSE(Take(0, session, taken));  // "only" is used up
}

TEST_F(DrawTest, ManyLongValuesKeepApart) {
  std::string data, path;
  for (int i = 0; i < 9; ++i) {
    const std::string name = "v" + std::to_string(i);
    data +=
        "data { name: '" + name + "' values { values: '" + std::string(i * 7, 'a' + i) + "' } }";
    path += "/{{" + name + "}}";
  }
  Use(data, path);
  UserSession session(*program_, 0, 1);
  Rng rng(1);
  ASSERT_TRUE(Take(0, session, rng));
  for (int i = 0; i < 9; ++i) EXPECT_EQ(draw_.value(i), std::string(i * 7, 'a' + i));
}

TEST_F(DrawTest, TheUsersOwnValueIsReadAnewAndTheOthersStayForTheIteration) {
  Use("data { name: 'n' range { from: 0 to: 1000000 step: 1 } } "
      "data { name: 'own' collected { scope: SCOPE_USER } }",
      "/{{own}}/{{n}}");
  const Task& task = program_->tasks()[0];
  UserSession session(*program_, 0, 1);
  Rng rng(1);
  draw_.Begin(task);
  const auto take = [&] {
    return draw_.Take(*program_, task, task.steps[0], session, *pools_, rng);
  };
  EXPECT_FALSE(take());
  session.Keep(1, "first");
  ASSERT_TRUE(take());
  const std::string n(draw_.value(1));
  EXPECT_EQ(draw_.value(0), "first");
  session.Keep(1, "the second");
  ASSERT_TRUE(take());
  EXPECT_EQ(draw_.value(0), "the second");
  EXPECT_EQ(draw_.value(1), n);
}

TEST_F(DrawTest, ASessionIsSmall) {
  EXPECT_LE(sizeof(UserSession), 48u);
  EXPECT_LE(sizeof(Draw), 64u);
}

TEST_F(DrawTest, PoolsKeepTheNewestValues) {
  Use("data { name: 'c' collected { capacity: 3 } }", "/{{c}}");
  for (const char* value : {"1", "2", "3", "4", "5"}) pools_->Add(0, value);
  EXPECT_EQ(pools_->size(0), 3u);
  std::set<std::string> kept;
  for (std::uint64_t i = 0; i < 3; ++i) {
    std::string value;
    pools_->AppendRandom(0, ~std::uint64_t{0} / 3 * i + 1, value);
    kept.insert(value);
  }
  EXPECT_EQ(kept, (std::set<std::string>{"3", "4", "5"}));
}

TEST_F(DrawTest, PoolsLeaveOutHugeValues) {
  Use("data { name: 'c' collected { capacity: 3 } }", "/{{c}}");
  pools_->Add(0, std::string(Pools::kMostBytes + 1, 'x'));
  EXPECT_EQ(pools_->size(0), 0u);
}

TEST_F(DrawTest, PoolsAreSharedByThreads) {
  Use("data { name: 'c' collected { capacity: 3 } }", "/{{c}}");
  const auto work = [this](char c) {
    const std::string mine(40, c);
    std::string value;
    for (int i = 0; i < 2000; ++i) {
      pools_->Add(0, mine);
      value.clear();
      pools_->AppendRandom(0, static_cast<std::uint64_t>(i) << 48, value);
      ASSERT_EQ(value, std::string(40, value[0]));  // never half of one and half of another
    }
  };
  std::thread other(work, 'a');
  work('b');
  other.join();
}

TEST_F(DrawTest, TheColumnsOfATableAreThoseOfOneRow) {
  for (const char* pick : {"", "pick: PICK_UNIQUE", "pick: PICK_SEQUENTIAL"}) {
    Use(std::string("data { name: 'a' ") + pick +
            " table { columns: ['user', 'in.x'] cells: ['u0', 'x0', 'u1', 'x1', 'u2', 'x2'] } }",
        "/{{a.in.x}}/{{a.user}}/{{a.in.x}}");
    EXPECT_EQ(program_->tasks()[0].variables.size(), 2u);
    std::set<char> rows;
    for (std::uint64_t user = 0; user < 3; ++user) {
      UserSession session(*program_, user, 3);
      Rng rng(5, user, 0);
      ASSERT_TRUE(Take(0, session, rng));
      EXPECT_EQ(draw_.value(0)[0], 'x');
      EXPECT_EQ(draw_.value(1)[0], 'u');
      EXPECT_EQ(draw_.value(0)[1], draw_.value(1)[1]);
      rows.insert(draw_.value(0)[1]);
    }
    if (*pick != '\0') {
      EXPECT_EQ(rows, (std::set<char>{'0', '1', '2'}));
    }
  }
}

TEST_F(DrawTest, RowsOfATableInOnStartAreKeptAsideOnce) {
  const auto program = Compiled(
      "data { name: 'a' pick: PICK_UNIQUE table { columns: ['u', 'p'] cells: ['1', '2'] } } "
      "target { url: 'http://api.test' } users { name: 'u' weight: 1 on_start: 'in' "
      "tasks { name: 'in' method: 'GET' path: '/{{a.u}}/{{a.p}}/{{uuid()}}' } "
      "tasks { name: 't' weight: 1 method: 'GET' path: '/' } }");
  EXPECT_EQ(program->data()[0].draws_aside, 1u);
}

TEST_F(DrawTest, ExhaustedRowsBeginAgainOrRetireTheirUser) {
  const std::string rows = " range { from: 0 to: 4 step: 1 } }";
  Use("data { name: 'v' pick: PICK_UNIQUE exhausted: EXHAUSTED_CYCLE" + rows, "/{{v}}");
  std::map<std::string, int> drawn;
  for (std::uint64_t user = 0; user < 2; ++user) {
    UserSession session(*program_, user, 2);
    for (int i = 0; i < 10; ++i) ++drawn[Next(session)];
  }
  EXPECT_EQ(drawn, (std::map<std::string, int>{{"0", 4}, {"1", 4}, {"2", 4}, {"3", 4}, {"4", 4}}));

  for (const bool stop : {true, false}) {
    Use("data { name: 'v' pick: PICK_UNIQUE " +
            std::string(stop ? "exhausted: EXHAUSTED_STOP" : "") + rows,
        "/{{v}}");
    UserSession session(*program_, 0, 3);
    EXPECT_EQ(Next(session), "0");
    EXPECT_EQ(Next(session), "3");
    EXPECT_FALSE(draw_.exhausted());
    EXPECT_EQ(Next(session), "skip");
    EXPECT_EQ(draw_.exhausted(), stop);
  }
}

TEST_F(DrawTest, FunctionsTakeLiteralsValuesAndWhatFunctionsGive) {
  Use("data { name: 'k' values { values: 'Jefe' } }",
      "/{{k}}/{{hmac_sha256(k, \"what do ya want for nothing?\")}}/{{user()}}-{{iteration()}}"
      "/{{base64(base64(k))}}/{{now(\"%F\")}}/{{choice(k, k)}}");
  UserSession session(*program_, 7, 10);
  Rng rng(1);
  const Task& task = program_->tasks()[0];
  draw_.Begin(task);
  ASSERT_TRUE(draw_.Take(*program_, task, task.steps[0], session, *pools_, rng,
                         {.iteration = 12, .utc = Duration(86'400'000'000'000)}));
  Renderer renderer(program_);
  const auto request = renderer.Render(task.steps[0], draw_, session, Time());
  EXPECT_THAT(std::string(request.bytes),
              testing::StartsWith("GET /Jefe/"
                                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
                                  "/7-12/U21WbVpRPT0%3D/1970-01-02/Jefe HTTP/1.1\r\n"));
}

TEST_F(DrawTest, EachPlaceOfAFunctionAndEachTimeOfAStepIsAnewValueAFunctionOfTheStream) {
  Use("", "/{{uuid()}}/{{uuid()}}/{{random_string(40)}}");
  UserSession session(*program_, 0, 1);
  const Task& task = program_->tasks()[0];
  const auto values = [&](Rng& rng) {
    EXPECT_TRUE(draw_.Take(*program_, task, task.steps[0], session, *pools_, rng));
    return std::string(draw_.value(0)) + std::string(draw_.value(1)) + std::string(draw_.value(2));
  };
  Rng first(3, 1, 4), second(3, 1, 4);
  draw_.Begin(task);
  std::set<std::string> seen;
  std::string all;
  for (int i = 0; i < 100; ++i) all += *seen.insert(values(first)).first;
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_NE(draw_.value(0), draw_.value(1));
  draw_.Begin(task);
  std::string again;
  for (int i = 0; i < 100; ++i) again += values(second);
  EXPECT_EQ(all, again);
}

}  // namespace
}  // namespace sfp::scenario
