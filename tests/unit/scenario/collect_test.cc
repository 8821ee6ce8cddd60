#include "common/scenario/collect.h"

#include "common/scenario/session.h"
#include "tests/unit/scenario/scenarios.h"

namespace sfp::scenario {
namespace {

std::string Collecting(const std::string& pointer, const std::string& match, const char* pick) {
  return OneTask(
      "collect { into: 'id' json: '" + pointer + "' match: '" + match + "' pick: " + pick + " }",
      "data { name: 'id' collected { capacity: 100 } }");
}

// What a rule that takes all finds in `body`, in the order of a large number of draws: a set,
// sorted.
std::vector<std::string> Taken(const std::string& pointer, std::string_view body,
                               const std::string& match = "") {
  const auto program = Compiled(Collecting(pointer, match, "PICK_SEQUENTIAL"));
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  Rng rng(1);
  BodyReader collector;
  const std::size_t count = collector.Take(program->tasks()[0].steps[0], body, session, pools, rng);
  EXPECT_EQ(count, pools.size(0));
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) {
    std::string value;  // random bits that choose the i-th of `count`
    pools.AppendRandom(0, ~std::uint64_t{0} / count * i + i + 1, value);
    values.push_back(value);
  }
  return values;
}

using Values = std::vector<std::string>;

constexpr char kBody[] = R"({
  "links": {"self": "x"},
  "data": [
    {"id": "931000001-201500", "type": "t", "n": 1, "attributes": {"id": "inner", "ok": true}},
    {"type": "t", "id": "931000002-201500", "n": -2.50e3, "attributes": {"ok": false}},
    "a string", 12, null, [{"id": "nested"}],
    {"id": null, "n": {"id": "object"}},
    {"id": "abc", "n": 18446744073709551615}
  ],
  "id": "top", "": "empty", "a/b": "slash", "m~n": "tilde", "0": "zero", "*": "star"
})";

TEST(CollectTest, FollowsPointers) {
  const struct {
    const char* pointer;
    Values values;
  } kCases[] = {
      {"/data/*/id", {"931000001-201500", "931000002-201500", "abc"}},
      {"/data/0/id", {"931000001-201500"}},
      {"/data/1/id", {"931000002-201500"}},
      {"/data/01/id", {}},
      {"/data/-/id", {}},
      {"/data/99/id", {}},
      {"/data/5/0/id", {"nested"}},
      {"/data/*/*/id", {"inner", "nested", "object"}},
      {"/data/*", {"a string", "12"}},
      {"/data/*/n", {"1", "-2.50e3", "18446744073709551615"}},
      {"/data/*/attributes/ok", {"true", "false"}},
      {"/id", {"top"}},
      {"/", {"empty"}},
      {"/a~1b", {"slash"}},
      {"/m~0n", {"tilde"}},
      {"/0", {"zero"}},
      {"/*/self", {"x"}},
      {"/*", {"top", "empty", "slash", "tilde", "zero", "star"}},
      {"", {}},
      {"/data", {}},
      {"/none", {}},
      {"/id/x", {}},
  };
  for (const auto& c : kCases) EXPECT_EQ(Taken(c.pointer, kBody), c.values) << c.pointer;
}

TEST(CollectTest, TakesABodyThatIsAScalar) {
  EXPECT_EQ(Taken("", R"("x")"), Values{"x"});
  EXPECT_EQ(Taken("", " 12 "), Values{"12"});
  EXPECT_EQ(Taken("", "null"), Values{});
  EXPECT_EQ(Taken("/*", "[1,[2],3]"), (Values{"1", "3"}));
  EXPECT_EQ(Taken("/*/*", "[1,[2,3],[[4]],5]"), (Values{"2", "3"}));
}

TEST(CollectTest, UndoesEscapesOfStringsAndKeys) {
  EXPECT_EQ(Taken("/a", R"({"a":"q\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00!"})"),
            Values{"q\"\\/\b\f\n\r\tA\xc3\xa9\xf0\x9f\x98\x80!"});
  EXPECT_EQ(Taken("/a/b", R"({"\u0061":{"\u0062":"\u0063d"}})"), Values{"cd"});
  EXPECT_EQ(Taken("/ab", R"({"x\n":{"y\t":"z\\"},"\u0061b":"1"})"), Values{"1"});
  EXPECT_EQ(Taken("/a", R"({"a":""})"), Values{""});
}

TEST(CollectTest, ALongStringWithEscapesStaysWhole) {
  std::string text(10'000, 'x');
  EXPECT_EQ(Taken("/a", "{\"a\":\"" + text.substr(0, 4000) + "\"}"), Values{text.substr(0, 4000)});
  EXPECT_EQ(Taken("/a", "{\"a\":\"\\n" + text.substr(0, 4000) + "\"}"),
            Values{"\n" + text.substr(0, 4000)});
}

TEST(CollectTest, KeepsOnlyTheMatch) {
  EXPECT_EQ(Taken("/data/*/id", kBody, "^[0-9]{9}"), (Values{"931000001", "931000002"}));
  EXPECT_EQ(Taken("/data/*/id", kBody, "(1|2)-"), (Values{"1-", "2-"}));
  EXPECT_EQ(Taken("/data/*/id", kBody, "^x"), Values{});
}

TEST(CollectTest, InvalidJsonGivesNothing) {
  for (const char* body :
       {"", " ", "<html>", R"({"id":"a")", R"({"id":"a"}x)", R"({"id":"a",})", R"({"id":"a"}{})",
        R"({"id":"a","b":01})", R"({"id":"a)", R"({"id":"a","b":"\x"})", R"({"id":"a"]})",
        "{\"id\":\"a\",\"b\":\"\n\"}"}) {
    EXPECT_EQ(Taken("/id", body), Values{}) << body;
  }
}

TEST(CollectTest, ABodyCutShortGivesNothingWhereverItIsCut) {
  const std::string_view body = kBody;
  for (std::size_t size = 0; size < body.size(); ++size) {
    ASSERT_EQ(Taken("/data/*/id", body.substr(0, size)), Values{}) << size;
  }
}

TEST(CollectTest, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"id\":\"a\",\"b\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(Taken("/id", nested(JsonFinder::kMostDepth - 1)), Values{"a"});
  EXPECT_EQ(Taken("/id", nested(JsonFinder::kMostDepth)), Values{});
  EXPECT_EQ(Taken("/id", nested(100'000)), Values{});
}

TEST(CollectTest, ACollectorForgetsTheBodyBefore) {
  const auto program = Compiled(Collecting("/id", "", "PICK_SEQUENTIAL"));
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  Rng rng(1);
  BodyReader collector;
  const Step& step = program->tasks()[0].steps[0];
  EXPECT_EQ(collector.Take(step, R"({"id":"a\n)", session, pools, rng), 0u);
  EXPECT_EQ(collector.Take(step, R"({"id":"b"})", session, pools, rng), 1u);
  EXPECT_EQ(collector.Take(step, R"([{"id":"c"}])", session, pools, rng), 0u);
  std::string value;
  EXPECT_TRUE(pools.AppendRandom(0, 0, value));
  EXPECT_EQ(value, "b");
}

TEST(CollectTest, RandomTakesOneOfTheValuesEvenly) {
  const auto program = Compiled(Collecting("/*", "", "PICK_RANDOM"));
  const Step& step = program->tasks()[0].steps[0];
  BodyReader collector;
  Rng rng(7);
  std::map<std::string, int> counts;
  for (int i = 0; i < 3000; ++i) {
    Pools pools(*program);
    UserSession session(*program, 0, 1);
    ASSERT_EQ(collector.Take(step, "[1,2,3]", session, pools, rng), 1u);
    std::string value;
    pools.AppendRandom(0, 0, value);
    ++counts[value];
  }
  EXPECT_EQ(counts.size(), 3u);
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 1000, 130) << value;  // 5 sigma
}

TEST(CollectTest, TakesOneNumberPerRandomRuleWhateverIsFound) {
  const auto program = Compiled(Collecting("/*", "", "PICK_RANDOM"));
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  BodyReader collector;
  Rng found(3), none(3), want(3);
  collector.Take(program->tasks()[0].steps[0], "[1,2,3]", session, pools, found);
  collector.Take(program->tasks()[0].steps[0], "nonsense", session, pools, none);
  want.Next();
  const std::uint64_t next = want.Next();
  EXPECT_EQ(found.Next(), next);
  EXPECT_EQ(none.Next(), next);
}

TEST(CollectTest, SeveralRulesReadOneBody) {
  const auto program = Compiled(OneTask(
      "collect { into: 'a' json: '/x/*/a' pick: PICK_SEQUENTIAL } "
      "collect { into: 'b' json: '/x/1/b' } collect { into: 'a' json: '/y' }",
      "data { name: 'a' collected { capacity: 9 } } data { name: 'b' collected { capacity: 9 } }"));
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  Rng rng(1);
  BodyReader collector;
  EXPECT_EQ(collector.Take(program->tasks()[0].steps[0],
                           R"({"x":[{"a":1,"b":2},{"b":3,"a":4}],"y":5})", session, pools, rng),
            4u);
  EXPECT_EQ(pools.size(0), 3u);
  EXPECT_EQ(pools.size(1), 1u);
  std::string value;
  pools.AppendRandom(1, 0, value);
  EXPECT_EQ(value, "3");
}

TEST(CollectTest, AUserKeepsItsOwnNewestValueAndAClassItsOwnPool) {
  const auto program = Compiled(
      "data { name: 'mine' collected { scope: SCOPE_USER } } "
      "data { name: 'ours' collected { capacity: 9 scope: SCOPE_CLASS } } "
      "target { url: 'http://h' } "
      "users { name: 'a' weight: 1 tasks { name: 't' weight: 1 method: 'GET' path: '/' "
      "collect { into: 'mine' json: '/*' pick: PICK_SEQUENTIAL } collect { into: 'ours' json: '/0' "
      "} "
      "} } "
      "users { name: 'b' weight: 1 tasks { name: 't' weight: 1 method: 'GET' path: '/' } }");
  Pools pools(*program);
  UserSession one(*program, 0, 4), two(*program, 2, 4);
  Rng rng(1);
  BodyReader collector;
  const Step& step = program->tasks()[0].steps[0];
  EXPECT_EQ(one.Value(0), std::nullopt);
  EXPECT_EQ(collector.Take(step, "[1,2,3]", one, pools, rng), 4u);
  EXPECT_EQ(collector.Take(step, "[4]", one, pools, rng), 2u);
  EXPECT_EQ(one.Value(0), "4");
  EXPECT_EQ(two.Value(0), std::nullopt);
  EXPECT_EQ(pools.size(1, 0), 2u);
  EXPECT_EQ(pools.size(1, 1), 0u);
}

// What a rule finds in a reply, in order.
Values Found(const std::string& place, const Reply& reply, const std::string& match = "") {
  const auto program = Compiled(
      OneTask("collect { into: 'id' " + place + " match: '" + match + "' pick: PICK_SEQUENTIAL }",
              "data { name: 'id' collected { capacity: 100 } }"));
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  Rng rng(1);
  Collector collector;
  const std::size_t count =
      collector.Take(program->tasks()[0].steps[0], reply, JsonFinder(), session, pools, rng);
  Values values;
  for (std::size_t i = 0; i < count; ++i) {
    pools.AppendRandom(0, ~std::uint64_t{0} / count * i + i + 1, values.emplace_back());
  }
  return values;
}

TEST(CollectTest, ARegexFindsItsFirstGroupOrItsMatchInTheWholeBody) {
  const std::string body = "<input name=\"csrf\" value=\"a1\">\n" + std::string(100'000, 'x') +
                           "\n<input name=\"csrf\" value=\"\xc3\xa9\">";
  const Reply reply{.status = 200, .body = body};
  EXPECT_EQ(Found("regex: 'csrf. value=\"(.*?)\"'", reply), (Values{"a1", "\xc3\xa9"}));
  EXPECT_EQ(Found("regex: 'v[a-z]+=.a|nothing'", reply), (Values{"value=\"a"}));
  EXPECT_EQ(Found("regex: 'csrf. value=\"(.*?)\"'", reply, "[0-9]"), (Values{"1"}));
  EXPECT_EQ(Found("regex: '(z)'", reply), (Values{}));
  EXPECT_EQ(Found("regex: 'b*'", {.body = "abba"}), (Values{"", "bb", "", ""}));
}

TEST(CollectTest, HeadersCookiesStatusAndBodyAreFound) {
  const std::string_view cookies[] = {"sid=1; Path=/", "sid=2; Path=/", "other=3"};
  const Reply reply{.status = 201,
                    .body = "whole",
                    .fields = "Location: /things/17\nX-Id: a\nx-id: b: c\nX-Idle: z\n",
                    .set_cookies = cookies};
  EXPECT_EQ(Found("header: 'X-ID'", reply), (Values{"a", "b: c"}));
  EXPECT_EQ(Found("header: 'location'", reply, "[0-9]+$"), (Values{"17"}));
  EXPECT_EQ(Found("header: 'Loc'", reply), (Values{}));
  EXPECT_EQ(Found("cookie: 'sid'", reply), (Values{"2"}));
  EXPECT_EQ(Found("cookie: 'si'", reply), (Values{}));
  EXPECT_EQ(Found("status: true", reply), (Values{"201"}));
  EXPECT_EQ(Found("body: true", reply), (Values{"whole"}));

  const Origin origin = *ParseOrigin("http://api.test");
  CookieJar jar;
  jar.Store("token=t; Path=/deep", {&origin, "/deep", Time(), std::nullopt});
  EXPECT_EQ(Found("cookie: 'token'", {.jar = &jar}), (Values{"t"}));
}

TEST(CollectTest, RulesSayWhatOfTheResponseIsKept) {
  const auto step = [](const std::string& place) {
    return Compiled(OneTask("max_redirects: 0 collect { into: 'id' " + place + " }",
                            "data { name: 'id' collected { capacity: 1 } }"))
        ->tasks()[0]
        .steps[0]
        .needs_body;
  };
  EXPECT_TRUE(step("json: '/a'"));
  EXPECT_TRUE(step("regex: 'a'"));
  EXPECT_TRUE(step("body: true"));
  EXPECT_FALSE(step("header: 'a'"));
  EXPECT_FALSE(step("status: true"));
}

// What is wrong with the reply, or "".
std::string Wrongs(const std::string& expect, const Reply& reply) {
  const auto program = Compiled(OneTask("path: '/{{v}}' expect { " + expect + " }",
                                        "data { name: 'v' values { values: 'a \"value\"' } }"));
  const Task& task = program->tasks()[0];
  Pools pools(*program);
  UserSession session(*program, 0, 1);
  Draw draw;
  Rng rng(1);
  draw.Begin(task);
  EXPECT_TRUE(draw.Take(*program, task, task.steps[0], session, pools, rng));
  Examiner examiner;
  const auto wrong = examiner.Judge(task.steps[0], reply, draw);
  return wrong ? wrong->message : "";
}

TEST(ExpectTest, NamesTheFirstThatDoesNotHoldWithBothSides) {
  const Reply reply{.status = 200,
                    .body = R"({"id":"x","list":[{"n":1},{"n":2}],"v":"a \"value\""})",
                    .fields = "Content-Type: text/html\nX-A: 1\nX-A: 2\n",
                    .time = Duration(700'000'000)};
  const struct {
    const char* expect;
    const char* wrong;
  } kCases[] = {
      {"body { contains: '\"id\"' }", ""},
      {"body { contains: 'welcome' }",
       "body '{\"id\":\"x\",\"list\":[{\"n\":1},{\"n\":2}],\"v\":\"…', expected to contain "
       "'welcome'"},
      {"body { matches: 'n\":[0-9]' }", ""},
      {"body { matches: '^x' }",
       "body '{\"id\":\"x\",\"list\":[{\"n\":1},{\"n\":2}],\"v\":\"…', expected to match '^x'"},
      {"json { name: '/id' condition { equals: 'x' } }", ""},
      {"json { name: '/id' condition { equals: 'y' } }", "/id 'x', expected 'y'"},
      {"json { name: '/v' condition { equals: '{{v}}' } }", ""},
      {"json { name: '/id' condition { equals: '{{v}}' } }", "/id 'x', expected '{{v}}'"},
      {"json { name: '/none' condition { equals: 'y' } }", "/none is not there, expected 'y'"},
      {"json { name: '/list/*/n' condition { matches: '^[0-9]$' } }", ""},
      {"json { name: '/list/*/n' condition { equals: '1' } }", "/list/*/n '2', expected '1'"},
      {"header { name: 'content-type' condition { contains: 'html' } }", ""},
      {"header { name: 'Content-Type' condition { contains: 'json' } }",
       "header Content-Type 'text/html', expected to contain 'json'"},
      {"header { name: 'X-A' condition { equals: '2' } }", ""},
      {"header { name: 'X-B' condition { equals: '2' } }", "header X-B is missing, expected '2'"},
      {"least_bytes: 10 most_bytes: 100", ""},
      {"least_bytes: 100", "body of 53 bytes, expected at least 100"},
      {"most_bytes: 5", "body of 53 bytes, expected at most 5"},
      {"most_ns: 700000000", ""},
      {"most_ns: 300000000", "time above 600 ms, expected at most 300 ms"},
      {"most_ns: 699999999", "time above 700 ms, expected at most 700 ms"},
      {"status { first: 404 last: 404 } body { contains: 'x' }", "HTTP 200, expected 404"},
      {"json { name: '/id' condition { equals: 'y' } } header { name: 'a' condition { } }",
       "header a is missing, expected ''"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Wrongs(c.expect, reply), c.wrong) << c.expect;
}

TEST(ExpectTest, MessagesAreShortWhateverTheResponse) {
  const std::string body = "{\"a\":\"" + std::string(5000, 'x') + "\"}";
  const std::string expected(1000, 'y');
  for (const std::string& expect :
       {"body { contains: '" + expected + "' }",
        "json { name: '/a' condition { equals: '" + expected + "' } }"}) {
    EXPECT_LT(Wrongs(expect, {.status = 200, .body = body}).size(), 200u);
  }
  // Cut between characters.
  std::string accents;
  for (int i = 0; i < 30; ++i) accents += "a\xc3\xa9";
  EXPECT_EQ(Wrongs("body { contains: 'z' }", {.status = 200, .body = accents}),
            "body '" + accents.substr(0, 40) + "…', expected to contain 'z'");
}

TEST(PointerTest, RefusesWhatIsNoPointer) {
  for (const char* text : {"a", "a/b", "/~", "/~2", "/a~/b"}) {
    EXPECT_FALSE(ParsePointer(text).ok()) << text;
  }
  std::string deep;
  for (std::size_t i = 0; i <= JsonFinder::kMostDepth; ++i) deep += "/a";
  EXPECT_FALSE(ParsePointer(deep).ok());
}

}  // namespace
}  // namespace sfp::scenario
