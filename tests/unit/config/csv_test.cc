#include "common/config/csv.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sfp::config {
namespace {

class Csv : public testing::Test {
 protected:
  ~Csv() override { std::filesystem::remove(path_); }

  CsvColumn Read(const std::string& content, std::string_view column = "b") {
    std::ofstream(path_, std::ios::binary) << content;
    return ReadCsvColumn(path_, column);
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
    const CsvColumn column = Read(content);
    EXPECT_EQ(column.error, "") << content;
    EXPECT_EQ(column.values, values) << content;
  }
}

TEST_F(Csv, WithoutAColumnTheOnlyOneIsMeant) {
  EXPECT_EQ(Read("x\n1\n2\n", "").values, (Values{"1", "2"}));
  const CsvColumn column = Read("x,y\n1,2\n", "");
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
  EXPECT_EQ(ReadCsvColumn("/nonexistent/x.csv", "b").error, "No such file or directory");
  EXPECT_EQ(ReadCsvColumn(testing::TempDir(), "b").error, "it is a directory");
}

TEST_F(Csv, AFileAboveTheLimitIsRefusedBeforeItIsRead) {
  std::ofstream(path_) << "b\n";
  std::filesystem::resize_file(path_, kMostCsvBytes + 1);  // sparse
  EXPECT_EQ(ReadCsvColumn(path_, "b").error, "it is larger than 1 GB");
}

TEST_F(Csv, ManyRowsCrossTheReadersBlocks) {
  std::string content = "a,b\n";
  for (int i = 0; i < 20'000; ++i) content += "x,\"" + std::to_string(i) + "\"\r\n";
  const CsvColumn column = Read(content);
  ASSERT_EQ(column.values.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(column.values[i], std::to_string(i));
}

}  // namespace
}  // namespace sfp::config
