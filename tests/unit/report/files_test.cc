#include "master/report/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/unit/results/journal.h"

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
  v1::RunStarted started;
  started.set_resolved_config("target: {}\n");
  const results::Journal journal(started, 1);
  ASSERT_TRUE(WriteRun(run.string(), Report{}, journal.results, journal.replay()).ok());
  EXPECT_EQ(Read(run / "config.resolved.yaml"), "target: {}\n");
  EXPECT_EQ(Read(run / "report.json").rfind("{\n  \"schema\": \"sfp.report/1\"", 0), 0U);
  EXPECT_FALSE(Read(run / "report.md").empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(run), fs::directory_iterator()), 10);
  const std::string page = Read(run / "report.html");
  EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U) << page.substr(0, 40);
  for (const char* outside : {" src=", "<link", "url(http", "import "}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  const std::string prefix = (root_ / "else" / "where").string();
  ASSERT_TRUE(CopyCsv(run.string(), prefix).ok());
  for (const char* name : {"stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv"}) {
    EXPECT_EQ(Read(prefix + "_" + name), Read(run / name)) << name;
    EXPECT_FALSE(Read(run / name).empty()) << name;
  }
}

TEST_F(Files, WhereTheJournalCannotBeReadTheOtherFilesAreStillWritten) {
  const results::Journal journal(1);
  const results::Replay broken = [](const auto&) { return Unavailable("the disk is gone"); };
  const Status status = WriteRun(root_.string(), Report{}, journal.results, broken);
  EXPECT_NE(Message(status).find("the disk is gone"), std::string::npos) << status;
  EXPECT_TRUE(fs::exists(root_ / "report.json"));
  EXPECT_TRUE(fs::exists(root_ / "junit.xml"));
  EXPECT_FALSE(fs::exists(root_ / "latency.hlog"));
  EXPECT_FALSE(fs::exists(root_ / "latency.hlog.tmp"));
}

TEST_F(Files, AFileThatIsNotCommittedLeavesNothing) {
  const std::string path = (root_ / "file").string();
  { WholeFile(path).Write("half"); }
  EXPECT_TRUE(fs::is_empty(root_));
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
  const results::Journal journal(1);
  EXPECT_FALSE(
      WriteRun((root_ / "plain" / "run").string(), Report{}, journal.results, journal.replay())
          .ok());
}

}  // namespace
}  // namespace sfp::report
