#include "tests/demo_api/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sfp::demo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kBasic = "Basic dXNlcjpwYXNzd29yZA==";

struct Case {
  std::string_view method;
  std::string_view target;
  Route route;
  int refused;
};

TEST(ApiTest, EveryTargetHasItsRoute) {
  const Api api({.base_path = "/b"});
  for (const Case& expected : {
           Case{"GET", "/b?term=201803", Route::kByTerm, 0},
           Case{"GET", "/b/?term=201803", Route::kByTerm, 0},
           Case{"GET", "/b?term=%zz1803", Route::kBadRequest, 0},
           Case{"GET", "/b?term=2%3018%303", Route::kByTerm, 0},
           Case{"GET", "/b?osuId=931234567", Route::kByOsuId, 0},
           Case{"GET", "/b?osuId=931234567&term=201803", Route::kByTerm, 0},
           Case{"GET", "/b?pretty=true&osuId=x", Route::kByOsuId, 0},
           Case{"GET", "/b", Route::kBadRequest, 0},
           Case{"GET", "/b?", Route::kBadRequest, 0},
           Case{"GET", "/b?term=", Route::kBadRequest, 0},
           Case{"GET", "/b?term=2018", Route::kBadRequest, 0},
           Case{"GET", "/b?term=20180x", Route::kBadRequest, 0},
           Case{"GET", "/b/931234567-201803", Route::kById, 0},
           Case{"GET", "/b/93123456-201803", Route::kOther, 404},
           Case{"GET", "/b/931234567-20180", Route::kOther, 404},
           Case{"GET", "/b/931234567x201803", Route::kOther, 404},
           Case{"GET", "/bb", Route::kOther, 404},
           Case{"GET", "/", Route::kOther, 404},
           Case{"DELETE", "/b?term=201803", Route::kByTerm, 405},
           Case{"HEAD", "/b?term=201803", Route::kByTerm, 405},
       }) {
    const Question question = api.Read(expected.method, expected.target, kBasic);
    EXPECT_EQ(Name(question.route), Name(expected.route)) << expected.target;
    EXPECT_EQ(question.refused, expected.refused) << expected.target;
  }
}

TEST(ApiTest, WrongOrMissingCredentialsComeFirst) {
  const Api api({.base_path = "/b", .user = "u", .password = "p"});
  for (const std::string& authorization :
       {std::string(), std::string("Basic"), std::string("Basic dTpx"), std::string("basic dTpw"),
        std::string(kBasic)}) {
    EXPECT_EQ(api.Read("DELETE", "/b/nonsense", authorization).refused, 401) << authorization;
  }
  EXPECT_EQ(api.Read("GET", "/b", "Basic dTpw").refused, 0);
  EXPECT_EQ(api.Read("GET", "/outside", "").refused, 404);
}

TEST(ApiTest, ARefusalSaysWhatWouldBeRight) {
  const Api api({.base_path = "/b"});
  EXPECT_THAT(std::string(api.Reply(api.Read("GET", "/b", "")).fields),
              HasSubstr("WWW-Authenticate: Basic"));
  EXPECT_EQ(api.Reply(api.Read("PUT", "/b", kBasic)).fields, "Allow: GET\r\n");
}

TEST(ApiTest, WhatIsListedCanBeAskedForByIdAndByPerson) {
  const Api api({.base_path = "/b", .seed = 3});
  const std::string list = api.Reply(api.Read("GET", "/b?term=201803", kBasic)).body;
  const std::size_t at = list.find(R"("id":")") + 6;
  const std::string id = list.substr(at, 16);
  EXPECT_EQ(api.Reply(api.Read("GET", "/b/" + id, kBasic)).status, 200);
  EXPECT_THAT(api.Reply(api.Read("GET", "/b?osuId=" + id.substr(0, 9), kBasic)).body,
              HasSubstr(id));
}

TEST(ApiTest, TheSeedDecidesTheRecords) {
  const auto list = [](std::uint64_t seed) {
    const Api api({.base_path = "/b", .seed = seed});
    return api.Reply(api.Read("GET", "/b?term=201803", kBasic)).body;
  };
  EXPECT_EQ(list(1), list(1));
  EXPECT_NE(list(1), list(2));
}

TEST(ApiTest, EveryTermOfTheOldTestHasSomebody) {
  const Api api({.base_path = "/b", .seed = 1});
  for (const int year : {2015, 2016, 2017, 2018}) {
    for (int period = 0; period < 4; ++period) {
      const std::string term = std::to_string(year * 100 + period);
      EXPECT_THAT(api.Reply(api.Read("GET", "/b?term=" + term, kBasic)).body,
                  HasSubstr("-" + term + "\""));
    }
  }
}

TEST(ApiTest, WhatTheClientSaysIsEscaped) {
  const Api api({.base_path = "/b"});
  const std::string body = api.Reply(api.Read("GET", "/b?osuId=\"}", kBasic)).body;
  EXPECT_THAT(body, HasSubstr("%22%7D"));
  EXPECT_THAT(body, Not(HasSubstr("\"}\"")));
}

}  // namespace
}  // namespace sfp::demo
