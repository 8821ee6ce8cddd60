#include "common/net/secret.h"

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace sfp::net {
namespace {

TEST(Secret, IsTheSameOnlyIfAllOfItIs) {
  EXPECT_TRUE(SameSecret("0123456789", "0123456789"));
  for (const char* other : {"", "0", "012345678", "01234567890", "1123456789", "0123456788"}) {
    EXPECT_FALSE(SameSecret("0123456789", other)) << other;
  }
}

TEST(Secret, RandomTokensAreLongUsableAndDiffer) {
  const std::string one = RandomToken(), two = RandomToken();
  EXPECT_EQ(one.size(), 64u);
  EXPECT_TRUE(CheckToken(one).ok());
  EXPECT_NE(one, two);
}

TEST(Secret, OfAFileEndsBeforeTheLineEnd) {
  test::TemporaryFolder folder;
  EXPECT_EQ(*ReadToken(folder.Write("a", "0123456789\n")), "0123456789");
  EXPECT_EQ(*ReadToken(folder.Write("b", "0123456789 \r\n\n")), "0123456789");
  for (const char* wrong :
       {"", "\n", "short", "two words here", "tab\tinside it", "umlaut \xc3\xa4"}) {
    const auto token = ReadToken(folder.Write("c", wrong));
    ASSERT_FALSE(token.ok()) << wrong;
    // An error is printed: it names the file, not what is in it.
    EXPECT_EQ(Message(token.status()).find("inside"), std::string::npos);
    EXPECT_EQ(Message(token.status()).find((folder.path() / "c").string()), 0u);
  }
  EXPECT_FALSE(ReadToken((folder.path() / "none").string()).ok());
}

TEST(Secret, TheFirstSourceThatIsGivenCounts) {
  test::TemporaryFolder folder;
  const std::string file = folder.Write("token", "of-the-file\n");
  EXPECT_EQ(*ChooseToken(file, "of-the-variable", "of-the-directory"), "of-the-file");
  EXPECT_EQ(*ChooseToken("", "of-the-variable", "of-the-directory"), "of-the-variable");
  EXPECT_EQ(*ChooseToken("", "", "of-the-directory"), "of-the-directory");
  EXPECT_EQ(*ChooseToken("", nullptr, ""), "");
  EXPECT_FALSE(ChooseToken("", "short", "of-the-directory").ok());
  EXPECT_FALSE(ChooseToken("/no/such/file", "of-the-variable", "").ok());
}

}  // namespace
}  // namespace sfp::net
