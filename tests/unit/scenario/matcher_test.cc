#include "common/scenario/matcher.h"

#include <gmock/gmock.h>

#include <regex>
#include <string>

namespace sfp::scenario {
namespace {

std::string Found(const Matcher& matcher, std::string_view value) {
  const auto match = matcher.Find(value);
  return match ? "<" + std::string(*match) + ">" : "none";
}

TEST(MatcherTest, MatchesEverythingByDefault) {
  EXPECT_EQ(Found(Matcher(), "abc"), "<abc>");
  EXPECT_EQ(Found(Matcher(), ""), "<>");
}

constexpr const char* kSimple[] = {
    "^[0-9]{9}", "[0-9]+",    "^a*b?c$", "x{2,3}", "x{2,}y",  "[^a-c]+$", ".",
    "^.*$",      "a.c",       "\\d{3}",  "\\w+$",  "\\s\\S",  "[\\d-]",   "a\\.b",
    "[a-cx-z]+", "[abc-]{2}", "^",       "$",      "^$",      "[^\\n]*",  "a+a",
    "a*a*b",     "\\D+",      "[0-9]?5", "a-b",    "[.*+?]+", "-\\/"};
constexpr const char* kGeneral[] = {"(ab)+",  "a|b",         "a+?",    "\\bx",  "(?:x)y",
                                    "(a)\\1", "[[:digit:]]", "x(?=y)", "\\x41", "\\cA"};
constexpr const char* kValues[] = {
    "",        "931000001-201500", "12345678", "abc", "aaab", "bc",      "xx",
    "xxxy",    "a.c a\nc",         "x y\tz",   "a.b", "--",   "a-b.*+?", "xyzxyz",
    "5 15 55", "A\x01/",           "-/",       "aab"};

// std::regex is the reference: same matches at the same places.
TEST(MatcherTest, AgreesWithStdRegex) {
  const auto check = [](const char* expression, bool simple) {
    const auto matcher = Matcher::Compile(expression);
    ASSERT_TRUE(matcher.ok()) << expression;
    EXPECT_EQ(matcher->simple(), simple) << expression;
    const std::regex regex(expression);
    for (const std::string value : kValues) {
      std::smatch match;
      const bool found = std::regex_search(value, match, regex);
      const std::string want = found ? "<" + match.str() + ">" : "none";
      EXPECT_EQ(Found(*matcher, value), want) << expression << " on " << value;
      if (const auto own = matcher->Find(value); own && found) {
        EXPECT_EQ(own->data() - value.data(), match.position()) << expression << " on " << value;
      }
    }
  };
  for (const char* expression : kSimple) check(expression, true);
  for (const char* expression : kGeneral) check(expression, false);
}

TEST(MatcherTest, RefusesWhatIsNoExpression) {
  for (const char* expression : {"[", "(", "*", "a{2,1}", "[z-a]", "\\"}) {
    const auto matcher = Matcher::Compile(expression);
    ASSERT_FALSE(matcher.ok()) << expression;
    EXPECT_THAT(Message(matcher.status()), testing::HasSubstr("is not a regular expression"));
  }
}

TEST(MatcherTest, LeavesOutValuesThatAreTooLong) {
  const std::string value(Matcher::kMostBytes + 1, '1');
  EXPECT_EQ(Found(*Matcher::Compile("(1)+"), value), "none");
  EXPECT_EQ(Found(*Matcher::Compile("1+"), value), "none");
  EXPECT_EQ(Matcher::Compile("(1)+")->Find(value.substr(1))->size(), Matcher::kMostBytes);
  EXPECT_EQ(Matcher::Compile("1+")->Find(value.substr(1))->size(), Matcher::kMostBytes);
}

}  // namespace
}  // namespace sfp::scenario
