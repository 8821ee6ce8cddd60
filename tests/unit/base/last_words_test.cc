#include "common/base/last_words.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace sfp {
namespace {

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(LastWords, GoIntoTheFileThatIsThere) {
  const std::string path = testing::TempDir() + "sfp-last-words-" + std::to_string(getpid());
  std::ofstream(path) << "older and longer words";
  struct stat before, after;
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  EXPECT_TRUE(LeaveLastWords(path, "valid\n").ok());
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(Content(path), "valid\n");
  EXPECT_EQ(before.st_ino, after.st_ino) << "a mounted file cannot be exchanged";
  unlink(path.c_str());
}

TEST(LastWords, WithoutAFileAreNone) { EXPECT_TRUE(LeaveLastWords("", "valid\n").ok()); }

TEST(LastWords, ThatCannotBeWrittenNameTheOption) {
  const Status status = LeaveLastWords("/nowhere/log", "valid\n");
  EXPECT_EQ(Message(status), "--termination-log /nowhere/log: No such file or directory");
}

TEST(LastWords, AreCutAtALineToWhatIsShown) {
  std::string text;
  while (text.size() <= kMostLastWords) text += "a line of a table\n";
  const std::string cut = CutLastWords(text);
  EXPECT_LE(cut.size(), kMostLastWords);
  EXPECT_GT(cut.size(), kMostLastWords - 40);
  EXPECT_TRUE(cut.ends_with("a line of a table\n…\n"));
  EXPECT_EQ(CutLastWords("short"), "short");
}

}  // namespace
}  // namespace sfp
