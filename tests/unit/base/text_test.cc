#include "common/base/text.h"

#include <gtest/gtest.h>

#include "common/base/percent.h"

namespace sfp {
namespace {

TEST(Text, NearestFindsASlipOfTheKeyboardOnly) {
  const std::vector<std::string> keys = {"users", "spawn_rate", "run_time", "step_time"};
  EXPECT_EQ(Nearest("spwan_rate", keys), "spawn_rate");
  EXPECT_EQ(Nearest("user", keys), "users");
  EXPECT_EQ(Nearest("runtime", keys), "run_time");
  EXPECT_EQ(Nearest("think", keys), std::nullopt);
  EXPECT_EQ(Nearest("", keys), std::nullopt);
}

// RFC 4648, section 10.
TEST(Text, Base64MatchesTheStandardsVectors) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"user:password", "dXNlcjpwYXNzd29yZA=="}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(Base64(text), expected) << text;
  EXPECT_EQ(Base64(std::string("\xff\xfe\x00", 3)), "//4A");
}

TEST(Text, PercentEncodingLeavesUnreservedCharactersOnly) {
  std::string out;
  AppendPercentEncoded(out, std::string_view("aZ09-._~ /?&=%\xc3\xa4\0", 17));
  EXPECT_EQ(out, "aZ09-._~%20%2F%3F%26%3D%25%C3%A4%00");
}

TEST(Text, JsonEscapingCoversQuotesBackslashesAndControls) {
  std::string out;
  AppendJsonEscaped(out, "a\"b\\c\n\x01\xc3\xa4");
  EXPECT_EQ(out, "a\\\"b\\\\c\\u000A\\u0001\xc3\xa4");
}

TEST(Text, ReadFileNamesThePathOfWhatItCannotRead) {
  const auto missing = ReadFile("/no/such/file", 10);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(Message(missing.status()), "/no/such/file: No such file or directory");
  const auto large = ReadFile("/proc/self/exe", 10);
  ASSERT_FALSE(large.ok());
  EXPECT_NE(Message(large.status()).find("larger than 10 bytes"), std::string::npos);
}

TEST(Percent, EscapesAreUndoneAndWhatIsNoneStays) {
  EXPECT_EQ(PercentDecoded("%7Bid%7d/a+b"), "{id}/a+b");
  EXPECT_EQ(PercentDecoded("100%, %4, %zz, %"), "100%, %4, %zz, %");
  EXPECT_EQ(FormDecoded("a+b%2Bc%20d"), "a b+c d");
  EXPECT_EQ(FormDecoded(""), "");
}

}  // namespace
}  // namespace sfp
