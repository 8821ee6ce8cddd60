#include "master/report/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace sfp::report {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = (fs::temp_directory_path() / "sfp-files-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~Files() override { fs::remove_all(root_); }

  static std::string Read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  fs::path root_;
};

TEST_F(Files, ARunsDirectoryIsMadeAndHoldsItsFilesAndNothingElse) {
  const fs::path run = root_ / "runs" / "one";
  ASSERT_TRUE(WriteRun(run.string(), Report{}, "target: {}\n").ok());
  EXPECT_EQ(Read(run / "config.resolved.yaml"), "target: {}\n");
  EXPECT_EQ(Read(run / "report.json").rfind("{\n  \"schema\": \"sfp.report/1\"", 0), 0U);
  EXPECT_FALSE(Read(run / "report.md").empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(run), fs::directory_iterator()), 3);
}

TEST_F(Files, AFileIsReplacedAsAWhole) {
  const std::string path = (root_ / "file").string();
  ASSERT_TRUE(WriteWhole(path, "a long first text").ok());
  ASSERT_TRUE(WriteWhole(path, "second").ok());
  EXPECT_EQ(Read(path), "second");
}

TEST_F(Files, ErrorsNameThePathAndLeaveNothingBehind) {
  const Status missing = WriteWhole((root_ / "none" / "file").string(), "x");
  EXPECT_NE(Message(missing).find("none/file"), std::string::npos);
  EXPECT_NE(Message(missing).find("No such file or directory"), std::string::npos);
  fs::create_directory(root_ / "taken");
  EXPECT_FALSE(WriteWhole((root_ / "taken").string(), "x").ok());
  EXPECT_FALSE(fs::exists(root_ / "taken.tmp"));
  ASSERT_TRUE(WriteWhole((root_ / "plain").string(), "x").ok());
  EXPECT_FALSE(WriteRun((root_ / "plain" / "run").string(), Report{}, "").ok());
}

}  // namespace
}  // namespace sfp::report
