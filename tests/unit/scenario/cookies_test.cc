#include "common/scenario/cookies.h"

#include <gmock/gmock.h>

namespace sfp::scenario {
namespace {

constexpr Duration kSecond{1'000'000'000};

class CookiesTest : public testing::Test {
 protected:
  CookieJar::Context At(std::string_view path) const { return {&origin_, path, now_, utc_}; }
  void Store(std::string_view set_cookie, std::string_view path = "/v1/items") {
    jar_.Store(set_cookie, At(path));
  }
  std::string Sent(std::string_view path = "/v1/items") const {
    std::string out;
    jar_.AppendHeader(out, At(path));
    return out;
  }

  Origin origin_ = *ParseOrigin("https://api.example.com");
  Time now_{Duration(1'000'000'000'000)};
  std::optional<Duration> utc_ =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 23).time_since_epoch();  // midnight
  CookieJar jar_;
};

TEST_F(CookiesTest, SendsNothingWhenEmpty) { EXPECT_EQ(Sent(), ""); }

TEST_F(CookiesTest, SendsWhatWasSet) {
  Store("a=1; Path=/");
  Store("b=x=y z ; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(Sent(), "Cookie: a=1; b=x=y z\r\n");
}

TEST_F(CookiesTest, ReplacesSameNameAndPathInPlace) {
  Store("a=1; Path=/");
  Store("b=2; Path=/");
  Store("a=3; Path=/");
  EXPECT_EQ(Sent(), "Cookie: a=3; b=2\r\n");
}

TEST_F(CookiesTest, SendsLongerPathsFirst) {
  Store("a=1; Path=/");
  Store("a=2; Path=/v1");
  Store("b=3; Path=/v1");
  EXPECT_EQ(Sent(), "Cookie: a=2; b=3; a=1\r\n");
}

TEST_F(CookiesTest, MatchesPathsAsRfc6265) {
  const struct {
    const char* cookie;   // Path attribute
    const char* request;  // path of a later request
    bool sent;
  } kCases[] = {
      {"/", "/", true},           {"/", "/x", true},       {"/v1", "/v1", true},
      {"/v1", "/v1/x", true},     {"/v1/", "/v1/x", true}, {"/v1/", "/v1", false},
      {"/v1", "/v10", false},     {"/v1", "/", false},     {"relative", "/v1/x", true},
      {"relative", "/v2", false}, {"", "/v1", true},
  };
  for (const auto& c : kCases) {
    jar_ = CookieJar();
    Store(std::string("a=1; Path=") + c.cookie, "/v1/items");
    EXPECT_EQ(!Sent(c.request).empty(), c.sent) << c.cookie << " for " << c.request;
  }
}

TEST_F(CookiesTest, DefaultPathIsTheRequestsFolder) {
  Store("a=1", "/v1/items");
  EXPECT_NE(Sent("/v1/other"), "");
  EXPECT_EQ(Sent("/v2"), "");
  jar_ = CookieJar();
  Store("a=1", "/items");
  EXPECT_NE(Sent("/"), "");
}

TEST_F(CookiesTest, DomainHasToCoverTheHost) {
  const struct {
    const char* domain;
    bool kept;
  } kCases[] = {
      {"api.example.com", true}, {"example.com", true},     {".Example.COM", true},      {"", true},
      {"other.com", false},      {"pi.example.com", false}, {"x.api.example.com", false}};
  for (const auto& c : kCases) {
    jar_ = CookieJar();
    Store(std::string("a=1; Path=/; Domain=") + c.domain);
    EXPECT_EQ(jar_.size(), c.kept ? 1u : 0u) << c.domain;
  }
  origin_ = *ParseOrigin("https://10.0.0.1");
  jar_ = CookieJar();
  Store("a=1; Domain=0.0.1");
  EXPECT_EQ(jar_.size(), 0u);
}

TEST_F(CookiesTest, SecureNeedsTls) {
  Store("a=1; Path=/; Secure");
  EXPECT_NE(Sent(), "");
  origin_ = *ParseOrigin("http://api.example.com");
  jar_ = CookieJar();
  Store("a=1; Path=/; secure");
  EXPECT_EQ(jar_.size(), 0u);
}

TEST_F(CookiesTest, MaxAgeEndsACookie) {
  Store("a=1; Path=/; Max-Age=10");
  now_ += 10 * kSecond - Duration(1);
  EXPECT_NE(Sent(), "");
  now_ += Duration(1);
  EXPECT_EQ(Sent(), "");
}

TEST_F(CookiesTest, DeletionsWork) {
  for (const char* how : {"Max-Age=0", "max-age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
                          "Expires=Sun, 22-Nov-26 23:59:59 GMT",
                          "Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT"}) {
    Store("a=1; Path=/");
    ASSERT_EQ(jar_.size(), 1u);
    Store(std::string("a=; Path=/; ") + how);
    EXPECT_EQ(jar_.size(), 0u) << how;
  }
}

TEST_F(CookiesTest, ExpiresCountsAgainstTheWallClock) {
  Store("a=1; Path=/; Expires=Mon, 23 Nov 2026 00:01:00 GMT");
  now_ += 59 * kSecond;
  EXPECT_NE(Sent(), "");
  now_ += kSecond;
  EXPECT_EQ(Sent(), "");
}

TEST_F(CookiesTest, WithoutWallClockOnlyOldDatesDelete) {
  utc_.reset();
  Store("a=1; Path=/; Expires=Mon, 23 Nov 2020 00:01:00 GMT");
  EXPECT_EQ(jar_.size(), 1u);
  Store("a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(jar_.size(), 0u);
}

TEST_F(CookiesTest, MaxAgeGoesBeforeExpires) {
  Store("a=1; Path=/; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(jar_.size(), 1u);
}

TEST_F(CookiesTest, IgnoresWhatIsNoCookie) {
  for (const char* text : {"", "a", "=1", " =1; Path=/", "a\r=1", "a=1\n2", ";a=1"}) Store(text);
  EXPECT_EQ(jar_.size(), 0u);
  Store("a=" + std::string(CookieJar::kMostBytes, 'x'));
  EXPECT_EQ(jar_.size(), 0u);
  Store("a=" + std::string(CookieJar::kMostBytes - 1, 'x'));
  EXPECT_EQ(jar_.size(), 1u);
}

TEST_F(CookiesTest, TheOldestMakesRoom) {
  for (std::size_t i = 0; i <= CookieJar::kMostCookies; ++i) {
    Store("c" + std::to_string(i) + "=1; Path=/");
  }
  EXPECT_EQ(jar_.size(), CookieJar::kMostCookies);
  EXPECT_THAT(Sent(), testing::StartsWith("Cookie: c1=1; c2=1"));
}

TEST(CookieDateTest, ReadsTheFormsOfTheWeb) {
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "6 november 1994 8:49:37", "08:49:37 1994 Nov 06"}) {
    const auto date = ParseCookieDate(text);
    ASSERT_TRUE(date) << text;
    EXPECT_EQ(date->count() / 1'000'000'000, 784'111'777) << text;
  }
}

TEST(CookieDateTest, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "0", "-1", "Sun, 06 Nov 1994", "31 Feb 2020 00:00:00", "06 Nov 1994 24:00:00",
        "06 Nov 1994 00:60:00", "06 Nvo 1994 00:00:00", "06 Nov 1600 00:00:00"}) {
    EXPECT_FALSE(ParseCookieDate(text)) << text;
  }
}

TEST(CookieDateTest, FarYearsAreTheNearestEnd) {
  EXPECT_EQ(ParseCookieDate("1 Jan 9999 00:00:00"), Duration::max());
  EXPECT_EQ(ParseCookieDate("1 Jan 1601 00:00:00"), Duration(0));
}

}  // namespace
}  // namespace sfp::scenario
