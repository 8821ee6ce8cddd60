#include "master/web/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "master/web/page.h"
#include "master/web/server.h"

namespace sfp::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusJsonTest, HasEveryMember) {
  RunStatus status;
  status.state = "running";
  status.says = "a \"word\"";
  status.workers = 2;
  status.workers_wanted = 4;
  status.users = 100;
  status.requests = 12;
  status.failures = 3;
  status.rps = 33.9;
  status.second = 7;
  EXPECT_EQ(StatusJson(status),
            R"({"state":"running","says":"a \"word\"","ready":false,"workers":2,)"
            R"("workers_wanted":4,"users":100,"requests":12,"failures":3,"rps":3.39E1,"second":7})"
            "\n");
}

TEST(StatusJsonTest, StaysJsonWhateverTheRateIs) {
  RunStatus status;
  status.rps = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(StatusJson(status), HasSubstr(R"("rps":0E0)"));
}

TEST(StartParamsTest, EveryMemberIsOptional) {
  for (const char* body : {"", "  \n", "{}"}) {
    const auto params = ReadStartParams(body);
    ASSERT_TRUE(params.ok()) << body;
    EXPECT_FALSE(params->users || params->spawn_rate || params->run_time);
  }
  const auto params = ReadStartParams(R"({"users":200,"spawn_rate":2.5,"run_time":"1m30s"})");
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->users, 200u);
  EXPECT_EQ(params->spawn_rate, 2.5);
  EXPECT_EQ(params->run_time, std::chrono::seconds(90));
}

TEST(StartParamsTest, WhatIsWrongIsSaidInASentence) {
  struct Case {
    std::string body, says;
  };
  for (const Case& expected : {
           Case{"{", "the body is not JSON"},
           Case{"[]", "must be a JSON object"},
           Case{"{} x", "the body is not JSON"},
           Case{R"({"user":1})", "unknown member 'user', did you mean 'users'?"},
           Case{R"({"rate_of_things":1})", "unknown member 'rate_of_things'"},
           Case{R"({"users":"100"})", "'users' must be a number"},
           Case{R"({"users":0})", "'users' must be a whole number"},
           Case{R"({"users":1.5})", "'users' must be a whole number"},
           Case{R"({"users":-1})", "'users' must be a whole number"},
           Case{R"({"users":1e12})", "'users' must be a whole number"},
           Case{R"({"spawn_rate":0})", "'spawn_rate' must be above 0"},
           Case{R"({"spawn_rate":null})", "'spawn_rate' must be a number"},
           Case{R"({"run_time":300})", "'run_time' must be a text such as"},
           Case{R"({"run_time":"5"})", "'run_time': '5' is not a duration"},
           Case{R"({"run_time":"0s"})", "'run_time' must be above 0"},
           Case{R"({"users":1,"users":2})", "a member is given twice"},
           Case{R"([[[[[[[[)", "the body is not JSON"},
       }) {
    const auto params = ReadStartParams(expected.body);
    ASSERT_FALSE(params.ok()) << expected.body;
    EXPECT_THAT(Message(params.status()), HasSubstr(expected.says)) << expected.body;
  }
}

TEST(StartParamsTest, AColonInATextIsNoMember) {
  EXPECT_THAT(Message(ReadStartParams(R"({"run_time":"a:b\":c"})").status()),
              HasSubstr("is not a duration"));
}

TEST(NothingTest, MembersAreRefused) {
  EXPECT_TRUE(ReadNothing("").ok());
  EXPECT_TRUE(ReadNothing("{}").ok());
  EXPECT_FALSE(ReadNothing(R"({"now":true})").ok());
}

TEST(StatusPageTest, EscapesWhatItShows) {
  RunStatus status;
  status.says = "<script>\"&";
  EXPECT_THAT(StatusPage(status), HasSubstr("&lt;script&gt;&quot;&amp;"));
  EXPECT_THAT(StatusPage(status), Not(HasSubstr("<script")));
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
