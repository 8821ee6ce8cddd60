#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/config/rows.h"

namespace sfp::config {
namespace {

class Csv : public testing::Test {
 protected:
  ~Csv() override { std::filesystem::remove(path_); }

  using Columns = std::vector<std::string>;
  Rows Read(const std::string& content, const Columns& columns = {"b"}) {
    std::ofstream(path_, std::ios::binary) << content;
    return ReadCsv(path_, columns);
  }
  Rows ReadLines(const std::string& content, const Columns& columns) {
    std::ofstream(path_, std::ios::binary) << content;
    return ReadJsonLines(path_, columns);
  }

  const std::string path_ =
      testing::TempDir() + "sfp_csv_test." + std::to_string(getpid()) + ".csv";
};

using Values = std::vector<std::string>;

TEST_F(Csv, ReadsTheColumnWhateverTheQuotesAndLineEnds) {
  const std::pair<const char*, Values> cases[] = {
      {"a,b\n1,2\n3,4\n", {"2", "4"}},
      {"a,b\n1,2", {"2"}},
      {"a,b\r\n1,2\r\n3,4\r\n", {"2", "4"}},
      {"\xef\xbb\xbf"
       "b,a\n1,2\n",
       {"1"}},
      {"a,\"b\"\n1,\"x, y\"\n", {"x, y"}},
      {"a,b\n1,\"say \"\"hi\"\"\"\n", {"say \"hi\""}},
      {"a,b\n\"x\ny\",\"1\r\n2\"\nz,3\n", {"1\r\n2", "3"}},
      {"a,b\n\n1,2\n\n\n3,4\n\n", {"2", "4"}},
      {"a,b,c\n1,,3\n,,\n", {"", ""}},
      {"b\n\"\"\nx\n", {"", "x"}},
      {"a,b\n1,2,3\n", {"2"}},
      {"a,b\n1, 2 \n", {" 2 "}},
      {"a,b\n1,\xc3\xa9\n", {"\xc3\xa9"}},
  };
  for (const auto& [content, values] : cases) {
    const Rows column = Read(content);
    EXPECT_EQ(column.error, "") << content;
    EXPECT_EQ(column.values, values) << content;
  }
}

TEST_F(Csv, WithoutAColumnTheOnlyOneIsMeant) {
  EXPECT_EQ(Read("x\n1\n2\n", {}).values, (Values{"1", "2"}));
  const Rows column = Read("x,y\n1,2\n", {});
  EXPECT_EQ(column.error, "it has several columns; which of 'x', 'y' is it?");
}

TEST_F(Csv, MistakesNameTheLine) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "it is empty; its first line has to name the columns"},
      {"a,b\n", "it has a header but no rows"},
      {"a,B2\n1,2\n", "it has no column 'b', did you mean 'a'?"},
      {"first,second\n1,2\n", "it has no column 'b'; its columns are 'first', 'second'"},
      {"a,b\n1,2\n3\n", "line 3 has only 1 of the 2 columns"},
      {"a,b\n1,\"2\n", "the quote that opens on line 2 is never closed"},
      {"a,b\n1,\"2\"3\n", "line 2 has text behind a closing quote"},
      {"a,b\n1,\xff\n", "line 2 is not UTF-8 text"},
      {std::string("a,b\n1,\0\n", 8), "line 2 is not UTF-8 text"},
  };
  for (const auto& [content, error] : cases) EXPECT_EQ(Read(content).error, error) << content;
}

TEST_F(Csv, AFileThatIsNotThereOrAFolderIsRefused) {
  EXPECT_EQ(ReadCsv("/nonexistent/x.csv", {}).error, "No such file or directory");
  EXPECT_EQ(ReadCsv(testing::TempDir(), {}).error, "it is a directory");
}

TEST_F(Csv, AFileAboveTheLimitIsRefusedBeforeItIsRead) {
  std::ofstream(path_) << "b\n";
  std::filesystem::resize_file(path_, kMostRowBytes + 1);  // sparse
  EXPECT_EQ(ReadCsv(path_, {}).error, "it is larger than 1 GB");
}

TEST_F(Csv, ManyRowsCrossTheReadersBlocks) {
  std::string content = "a,b\n";
  for (int i = 0; i < 20'000; ++i) content += "x,\"" + std::to_string(i) + "\"\r\n";
  const Rows column = Read(content);
  ASSERT_EQ(column.values.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(column.values[i], std::to_string(i));
}

TEST_F(Csv, SeveralColumnsComeRowByRowInTheOrderAskedFor) {
  const Rows rows = Read("a,b,c\n1,2,3\n\"4\",,6,7\n", {"c", "a"});
  EXPECT_EQ(rows.error, "");
  EXPECT_EQ(rows.values, (Values{"3", "1", "6", "4"}));
  EXPECT_EQ(Read("a,b,c\n1,2\n", {"a", "c"}).error, "line 2 has only 2 of the 3 columns");
  const Rows none = Read("a,b\n1,2\n", {"a", "x"});
  EXPECT_EQ(none.no_such_column, 1u);
}

TEST_F(Csv, JsonLinesGiveMembersAndPathsOfThem) {
  const Rows rows = ReadLines(
      "\xef\xbb\xbf{\"user\": \"a \\\"q\\\"\", \"n\": 12.50, \"in\": {\"x\": true}}\r\n\n"
      "{\"n\": -7, \"in.x\": \"dot\", \"user\": \"\\u00e9\"}",
      {"user", "n", "in.x"});
  EXPECT_EQ(rows.error, "");
  EXPECT_EQ(rows.values, (Values{"a \"q\"", "12.5", "true", "\xc3\xa9", "-7", "dot"}));
}

TEST_F(Csv, MistakesInJsonLinesNameTheLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "it has no lines"},
      {"{\"a\": 1}\n\n{\"a\"\n", "line 3 is not JSON: incomplete JSON"},
      {"[1]\n", "line 1 is not an object such as {\"user\": \"a\"}"},
      {"{\"a\": 1}\n{\"aa\": 1}", "line 2 has no 'a', did you mean 'aa'?"},
      {"{\"a\": null}\n", "line 1 holds neither text nor a number nor a boolean in 'a'"},
  };
  for (const auto& [content, error] : cases) {
    EXPECT_EQ(ReadLines(content, {"a"}).error, error) << content;
  }
}

TEST_F(Csv, ManyJsonLinesCrossTheReadersBlocks) {
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += "{\"a\": " + std::to_string(i) + "}\n";
  const Rows rows = ReadLines(content, {"a"});
  ASSERT_EQ(rows.values.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(rows.values[i], std::to_string(i));
}

}  // namespace
}  // namespace sfp::config
