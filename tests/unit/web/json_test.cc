#include "master/web/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "master/web/access.h"

namespace sfp::web {
namespace {

using ::testing::HasSubstr;

constexpr BodyKind kJson = BodyKind::kJson;
constexpr BodyKind kForm = BodyKind::kForm;

TEST(StartParamsTest, EveryMemberIsOptionalAndTakenAsTyped) {
  for (const char* body : {"", "  \n", "{}"}) {
    const auto params = ReadStartParams(body, kJson);
    ASSERT_TRUE(params.ok()) << body;
    EXPECT_FALSE(params->users || params->spawn_rate || params->run_time || params->sweep);
  }
  const auto params = ReadStartParams(
      R"({"users":200,"spawn_rate":2.5,"run_time":"1m30s","sweep":[1,20],"host":"http://a"})",
      kJson);
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->users, "200");
  EXPECT_EQ(params->spawn_rate, "2.5");
  EXPECT_EQ(params->run_time, "1m30s");
  EXPECT_EQ(params->sweep, "1,20");
  EXPECT_EQ(params->host, "http://a");
}

TEST(StartParamsTest, AFormSaysTheSame) {
  const auto params = ReadStartParams("users=200&run_time=1m30s&sweep=1%2C20&host=a+b\n", kForm);
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->users, "200");
  EXPECT_EQ(params->run_time, "1m30s");
  EXPECT_EQ(params->sweep, "1,20");
  EXPECT_EQ(params->host, "a b");
}

TEST(StartParamsTest, WhatIsWrongIsSaidInASentence) {
  struct Case {
    std::string body, says;
    BodyKind kind = kJson;
  };
  for (const Case& expected : {
           Case{"{", "the body is not JSON"},
           Case{"[]", "must be a JSON object"},
           Case{"{} x", "the body is not JSON"},
           Case{R"({"user":1})", "unknown member 'user', did you mean 'users'?"},
           Case{R"({"colour":1})", "unknown member 'colour'; there are host, users"},
           Case{R"({"spawn_rate":null})", "'spawn_rate' must be a number or a text"},
           Case{R"({"users":{}})", "'users' must be a number or a text"},
           Case{R"({"users":[1]})", "'users' must be a number or a text"},
           Case{R"({"sweep":[]})", "'sweep' must be a number or a text"},
           Case{R"({"sweep":[1,"x"]})", "'sweep' must be a list of whole numbers"},
           Case{R"({"users":1,"users":2})", "a member is given twice"},
           Case{R"([[[[[[[[)", "the body is not JSON"},
           Case{"users=1&users=2", "a member is given twice", kForm},
           Case{"usrs=1", "did you mean 'users'?", kForm},
           Case{"users=%zz", "two hexadecimal digits", kForm},
           Case{"users=%1", "two hexadecimal digits", kForm},
       }) {
    const auto params = ReadStartParams(expected.body, expected.kind);
    ASSERT_FALSE(params.ok()) << expected.body;
    EXPECT_THAT(Message(params.status()), HasSubstr(expected.says)) << expected.body;
  }
}

TEST(StartParamsTest, AColonInATextIsNoMember) {
  EXPECT_EQ(ReadStartParams(R"({"run_time":"a:b\":c"})", kJson)->run_time, "a:b\":c");
}

TEST(EditParamsTest, UsersWithARateOfStartingOrARateOfArrivals) {
  EXPECT_EQ(ReadEditParams(R"({"users":7,"spawn_rate":0.5})", kJson)->users, 7u);
  EXPECT_EQ(ReadEditParams("rate=12.5", kForm)->rate, 12.5);
  struct Case {
    std::string body, says;
  };
  for (const Case& expected : {
           Case{"{}", "either 'users' or 'rate' is needed"},
           Case{R"({"spawn_rate":1})", "either 'users' or 'rate' is needed"},
           Case{R"({"users":"x"})", "'users' must be a number above 0"},
           Case{R"({"users":0})", "'users' must be a number above 0"},
           Case{R"({"users":-3})", "'users' must be a number above 0"},
           Case{R"({"users":1.5})", "'users' must be a whole number"},
           Case{R"({"users":1e12})", "at most 10000000"},
           Case{R"({"rate":"nan"})", "'rate' must be a number above 0"},
           Case{R"({"rate":1,"users":1})", "exclude each other"},
           Case{R"({"run_time":"1m"})", "unknown member 'run_time'"},
       }) {
    const auto params = ReadEditParams(expected.body, kJson);
    ASSERT_FALSE(params.ok()) << expected.body;
    EXPECT_THAT(Message(params.status()), HasSubstr(expected.says)) << expected.body;
  }
}

TEST(NothingTest, MembersAreRefused) {
  EXPECT_TRUE(ReadNothing("", kJson).ok());
  EXPECT_TRUE(ReadNothing("{}", kJson).ok());
  EXPECT_TRUE(ReadNothing("", kForm).ok());
  EXPECT_FALSE(ReadNothing(R"({"now":true})", kJson).ok());
}

TEST(LoopbackHostTest, NamesOfThisMachineOnly) {
  for (const char* host : {"localhost", "LocalHost:8089", "127.0.0.1", "127.0.0.1:80", "127.9.9.9",
                           "[::1]", "[::1]:8089"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "example.org", "127.0.0.1.example.org", "localhost.example.org:80",
                           "10.0.0.1", "[::1].x", "[::2]"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace sfp::web
