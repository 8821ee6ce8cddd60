// A run's directory that cannot be written: found before the run, or outlived by it. The full disk
// is a small file system in a mount namespace of its own; without the right to make one these tests
// are skipped.

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/e2e/cluster.h"

namespace sfp::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

class DiskTest : public testing::Test {
 protected:
  DiskTest() : api({"--speed", "20"}) {}

  // Runs a master with two local workers for 8 s; its directory is on a file system of so many KiB
  // on which `disturb`, a shell script, does what it likes meanwhile.
  std::unique_ptr<Process> Run(int kib, const std::string& disturb) {
    const std::string config = folder.Write("test.yaml", ExampleConfig(api.url(), 20));
    const std::string disk = (folder.path() / "disk").string();
    const std::string script =
        "mkdir -p " + disk + " && mount -t tmpfs -o size=" + std::to_string(kib) + "k none " +
        disk + " || exit 99; cd " + disk + "; (" + disturb + ") & exec " + Binary("sfp-master") +
        " --headless --no-web --listen 127.0.0.1:0 --local-workers 2" +
        " --users 20 --spawn-rate 1000 --run-time 8s --config " + config + " --out " + disk +
        "/out";
    return std::make_unique<Process>(
        std::vector<std::string>{"unshare", "--mount", "sh", "-c", script});
  }
  static bool MayMount() {
    return Process({"unshare", "--mount", "true"}).Wait(seconds(10)) == 0 && geteuid() == 0;
  }
  std::int64_t Served() { return Int(api.Stop().at("requests")); }

  DemoApi api;
  TemporaryFolder folder;
};

TEST_F(DiskTest, ADirectoryThatCannotBeWrittenIsFoundBeforeAnythingIsSent) {
  const std::string config = folder.Write("test.yaml", ExampleConfig(api.url(), 20));
  for (const char* out : {"/proc/sfp/run", "/dev/null/run"}) {
    Process master({Binary("sfp-master"), "--headless", "--no-web", "--listen", "127.0.0.1:0",
                    "--local-workers", "1", "--config", config, "--out", out});
    EXPECT_EQ(master.Wait(seconds(20)), 2) << master.err();
    EXPECT_NE(master.err().find(out), std::string::npos) << master.err();
  }
  EXPECT_EQ(Served(), 0);
}

TEST_F(DiskTest, AFullDiskIsFoundBeforeAnythingIsSent) {
  if (!MayMount()) GTEST_SKIP() << "needs the right to mount a file system";
  const auto master = Run(32, "true");
  EXPECT_EQ(master->Wait(seconds(20)), 2) << master->err();
  EXPECT_NE(master->err().find("No space left on device"), std::string::npos) << master->err();
  EXPECT_EQ(Served(), 0);
}

TEST_F(DiskTest, ADiskThatIsFullDuringTheRunEndsNothing) {
  if (!MayMount()) GTEST_SKIP() << "needs the right to mount a file system";
  const auto master = Run(400, "sleep 3; cat /dev/zero > fill 2>/dev/null");
  // The report has no room either: it is printed.
  EXPECT_EQ(master->Wait(seconds(60)), 3) << master->err();
  EXPECT_NE(master->err().find("the journal is incomplete"), std::string::npos) << master->err();
  EXPECT_NE(master->out().find("the journal is incomplete"), std::string::npos) << master->out();
  EXPECT_NE(master->out().find("Aggregated"), std::string::npos) << master->out();
  EXPECT_GT(Served(), 100);
}

TEST_F(DiskTest, ADiskThatHasRoomAgainHasTheWholeJournal) {
  if (!MayMount()) GTEST_SKIP() << "needs the right to mount a file system";
  const auto master = Run(400,
                          "sleep 3; cat /dev/zero > fill 2>/dev/null; sleep 3; rm fill; "
                          "while [ ! -e out/report.json ]; do sleep 0.1; done; cp -r out .. ");
  EXPECT_EQ(master->Wait(seconds(60)), 0) << master->err();
  EXPECT_NE(master->err().find("the journal is incomplete"), std::string::npos) << master->err();
  EXPECT_NE(master->err().find("the journal is complete again"), std::string::npos);
  const std::string copy = (folder.path() / "out").string();
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(copy + "/report.md"); }));
  Process again({Binary("sfp-master"), "report", copy});
  ASSERT_EQ(again.Wait(seconds(20)), 0) << again.err();
  const json::object report = json::parse(Content(copy + "/report.json")).as_object();
  ExpectAddsUp(report);
  EXPECT_EQ(Int(report.at("totals").at("started")), Served());
}

}  // namespace
}  // namespace sfp::test
