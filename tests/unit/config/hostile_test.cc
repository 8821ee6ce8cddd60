// Files that were never meant to be configurations: each is refused, none crashes or takes long.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/rng.h"
#include "common/config/yaml.h"
#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

using testing::HasSubstr;

std::string Example() {
  std::ifstream in(std::string(SFP_SOURCE_DIR) + "/config-example.yaml");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Either a configuration or findings, never both, never neither.
void ExpectAnAnswer(const std::string& text) {
  const Loaded loaded = ParseText(text);
  ASSERT_NE(loaded.config.has_value(), !loaded.diagnostics.empty()) << text;
  Printed(loaded);
}

TEST(Hostile, AHundredMegabytesAreRefusedBySizeUnread) {
  const std::string path = testing::TempDir() + "sfp_large.yaml";
  std::ofstream(path) << "target: {}\n";
  std::filesystem::resize_file(path, 100'000'000);  // sparse
  const Loaded loaded = Load(path, {}, {});
  std::filesystem::remove(path);
  EXPECT_EQ(Findings(loaded),
            path +
                ": 100.0 MB are too many: a configuration has at most 1 MiB, and data may stand in "
                "CSV files\n");
  EXPECT_THAT(Findings(ParseText(std::string(kMostBytes + 1, ' '))), HasSubstr("at most 1 MiB"));
}

TEST(Hostile, FilesThatAreNoneAreRefused) {
  EXPECT_EQ(Findings(Load("/nonexistent/config.yaml", {}, {})),
            "/nonexistent/config.yaml: can't be read: No such file or directory (copy "
            "config-example.yaml to begin with)\n");
  EXPECT_EQ(Findings(Load("/tmp", {}, {})), "/tmp: is a directory\n");
  EXPECT_EQ(Findings(Load("/dev/zero", {}, {})),
            "/dev/zero: more than 1 MiB is too much for a configuration\n");
}

TEST(Hostile, BinaryRubbishGetsOneClearAnswer) {
  const std::pair<std::string, const char*> cases[] = {
      {std::string("\x7f"
                   "ELF\0\0",
                   6),
       "c.yaml:1:1: this is not UTF-8 text: a byte 0x7f stands here; is it the right file?\n"},
      {std::string("name: x\nload\0: 1", 16),
       "c.yaml:2:5: this is not UTF-8 text: a byte 0x00 stands here; is it the right file?\n"},
      {"name: caf\xe9\n",
       "c.yaml:1:10: this is not UTF-8 text: a byte 0xe9 stands here; is it the right file?\n"},
      {"\xff\xfe"
       "n",
       "c.yaml:1:1: this is not UTF-8 text: a byte 0xff stands here; is it the right file?\n"},
  };
  for (const auto& [text, findings] : cases) EXPECT_EQ(Printed(ParseText(text)), findings);
}

TEST(Hostile, Utf8IsCheckedToTheLetter) {
  for (const char* good : {"", "a\tb\r\n", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(FindNonText(good), std::string_view::npos) << good;
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe2\x82", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x1b"}) {
    EXPECT_EQ(FindNonText(bad), 0u);
  }
  EXPECT_EQ(FindNonText("ok\xc3("), 2u);
}

TEST(Hostile, AliasesThatMultiplyAreStopped) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below +
            Repeat(", " + below, 9) + "]\n";
  }
  EXPECT_THAT(Findings(ParseText(bomb)), HasSubstr("more than 250000 values"));
  EXPECT_THAT(Findings(ParseText("a: &a [*a]\n")), HasSubstr("inside of what it refers to"));
}

TEST(Hostile, DeepNestingIsStopped) {
  EXPECT_THAT(Findings(ParseText(Repeat("[", 100'000))), HasSubstr("nested more than 64 levels"));
  EXPECT_THAT(Findings(ParseText(Repeat("{a: ", 100'000))),
              HasSubstr("nested more than 64 levels"));
  EXPECT_THAT(Findings(ParseText(Repeat("- ", 100'000))), HasSubstr("nested more than 64 levels"));
}

TEST(Hostile, ManyMistakesAreCounted) {
  std::string text = kTarget + kUsers;
  for (int i = 0; i < 500; ++i) text += "zz" + std::to_string(i) + ": 1\n";
  const Loaded loaded = ParseText(text);
  ASSERT_EQ(loaded.diagnostics.size(), 201u);
  EXPECT_EQ(Format(loaded.diagnostics.back()), "c.yaml: there are 300 more mistakes");
}

TEST(Hostile, LargeFilesOfOneKindAreAnswered) {
  constexpr std::size_t kSize = 200'000;
  for (const char* part : {"a", "\"", "'", "#", "&a ", "*a ", "? ", ": ", ", ", "{}", "\n", "%",
                           "|\n ", "!x ", "a: ", "${", "{{"}) {
    ExpectAnAnswer(Repeat(part, kSize / std::string_view(part).size() / 10));
    ExpectAnAnswer("name: " + Repeat(part, 500));
  }
}

TEST(Hostile, EveryTruncationOfTheExampleIsAnswered) {
  const std::string example = Example();
  ASSERT_GT(example.size(), 1000u);
  for (std::size_t size = 0; size < example.size(); size += 7) {
    ExpectAnAnswer(example.substr(0, size));
  }
}

TEST(Hostile, MutationsOfTheExampleAreAnswered) {
  // Without comments, so that most changes mean something.
  std::string example;
  std::istringstream lines(Example());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comment = line.find('#');
    line = line.substr(0, comment);
    if (line.find_first_not_of(' ') != std::string::npos) example += line + "\n";
  }
  static constexpr std::string_view kBytes = "{}[]:,-?&*!|>'\"%@`#$ \n\t\\0a\xc3\xff";
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    std::string text = example;
    for (std::uint64_t changes = 1 + rng.Below(4); changes > 0; --changes) {
      const std::size_t at = rng.Below(text.size());
      const char byte = kBytes[rng.Below(kBytes.size())];
      switch (rng.Below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1 + rng.Below(20));
          break;
        default:
          text.insert(at, text.substr(rng.Below(text.size()), rng.Below(60)));
      }
    }
    ExpectAnAnswer(text);
    refused += ParseText(text).config ? 0 : 1;
  }
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace sfp::config
