// A master that is killed, and the one that goes on with its run.

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/e2e/cluster.h"

namespace sfp::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr const char* kRunTime = "10s";

// A master, two workers and a run of 20 users that is under way.
class ResumeTest : public testing::Test {
 protected:
  ResumeTest() : api({"--speed", "20"}) {}

  std::vector<std::string> Options() const {
    std::vector<std::string> options = load;
    options.push_back("--headless");
    return options;
  }
  void Begin(const std::string& under_way = "20 users | ") {
    auto options = Options();
    options.insert(options.end(), {"--workers", "2"});
    master = std::make_unique<Master>(MasterSetup{ExampleConfig(api.url(), 20), options});
    address = master->address();
    for (const char* name : {"a", "b"}) {
      workers.push_back(StartWorker(address, {"--threads", "1", "--name", name}));
    }
    ASSERT_TRUE(Eventually([&] {
      return master->process().err().find(under_way) != std::string::npos;
    })) << master->process().err();
  }
  void Kill() {
    master->process().Signal(SIGKILL);
    master->process().Wait(seconds(10));
  }
  // As a user would go on, with the same configuration and options.
  std::unique_ptr<Process> Resume(const std::string& how = "--resume") {
    std::vector<std::string> command = {
        Binary("sfp-master"), "--config", config(),   how,         master->out().string(),
        "--listen",           address,    "--no-web", "--workers", "2"};
    const auto options = Options();
    command.insert(command.end(), options.begin(), options.end());
    return std::make_unique<Process>(command);
  }
  std::string config() const { return (master->out().parent_path() / "test.yaml").string(); }
  std::int64_t Started() { return Int(master->Report().at("totals").at("started")); }

  std::vector<std::string> load = {"--users", "20", "--spawn-rate", "1000", "--run-time", kRunTime};
  DemoApi api;
  std::unique_ptr<Master> master;
  std::string address;
  std::vector<std::unique_ptr<Process>> workers;
};

TEST_F(ResumeTest, AKilledMastersRunIsFinishedByTheNextOneAndNothingIsLost) {
  Begin();
  Kill();
  // As a kill in the middle of a write leaves it.
  std::ofstream(master->out() / "journal.pb", std::ios::app | std::ios::binary) << "\x70torn";
  const auto resumed = Resume("--out");  // as a pod that is started again
  ASSERT_EQ(resumed->Wait(seconds(60)), 0) << resumed->err();
  EXPECT_NE(resumed->err().find("was cut off"), std::string::npos) << resumed->err();
  for (auto& worker : workers) EXPECT_EQ(worker->Wait(seconds(10)), 0) << worker->err();

  const json::object report = master->Report();
  ExpectAddsUp(report);
  const json::array& series = report.at("series").as_array();
  ASSERT_GE(series.size(), 9u);
  EXPECT_EQ(Int(series[8].at("users")), 20);
  EXPECT_FALSE(series[8].at("degraded").as_bool());
  bool degraded = false;
  for (const json::value& point : series) degraded |= point.at("degraded").as_bool();
  EXPECT_TRUE(degraded);
  EXPECT_NE(json::serialize(report.at("run").at("reasons")).find("the master was away"),
            std::string::npos);
  for (const json::value& worker : report.at("run").at("workers").as_array()) {
    EXPECT_FALSE(worker.at("lost").as_bool());
    EXPECT_EQ(Int(worker.at("may_be_missing")), 0);
  }
  EXPECT_EQ(Started(), Int(api.Stop().at("requests")));
}

// The run's journal holds what was planned: arrivals by number, iterations by user and number.
TEST_F(ResumeTest, ArrivalsGoOnWhereTheyWere) {
  load = {"--rate", "50/s", "--run-time", "12s"};
  Begin(" req/s | ");
  Kill();
  const auto resumed = Resume();
  ASSERT_EQ(resumed->Wait(seconds(60)), 0) << resumed->err();
  EXPECT_NE(resumed->err().find("the load never stopped"), std::string::npos) << resumed->err();
  const json::object report = master->Report();
  ExpectAddsUp(report);
  EXPECT_EQ(report.at("run").at("model").as_string(), "open");
  const json::object& totals = report.at("totals").as_object();
  // 12 s at 50/s: every arrival was served or is counted as dropped, none of them twice.
  EXPECT_EQ(Int(report.at("run").at("iterations")) + Int(totals.at("dropped")) +
                Int(totals.at("skipped")),
            600);
  EXPECT_EQ(Started(), Int(api.Stop().at("requests")));
}

TEST_F(ResumeTest, IterationsAreDoneOnceEach) {
  load = {"--users", "20", "--spawn-rate", "1000", "--iterations", "1500"};
  Begin("20 users | ");
  Kill();
  const auto resumed = Resume();
  ASSERT_EQ(resumed->Wait(seconds(90)), 0) << resumed->err();
  const json::object report = master->Report();
  ExpectAddsUp(report);
  EXPECT_EQ(Int(report.at("run").at("iterations")), 1500);
  EXPECT_EQ(Int(report.at("run").at("iterations_planned")), 1500);
  for (const json::value& worker : report.at("run").at("workers").as_array()) {
    EXPECT_TRUE(worker.at("totals_equal").as_bool());
  }
  EXPECT_EQ(Started(), Int(api.Stop().at("requests")));
}

TEST_F(ResumeTest, AFinishedRunIsNotRepeated) {
  Begin();
  EXPECT_EQ(master->process().Wait(seconds(60)), 0);
  const std::int64_t started = Started();
  for (const char* how : {"--resume", "--out"}) {
    std::filesystem::remove(master->out() / "report.json");
    const auto resumed = Resume(how);
    EXPECT_EQ(resumed->Wait(seconds(20)), 0) << resumed->err();
    EXPECT_NE(resumed->err().find("is over"), std::string::npos);
    EXPECT_EQ(Started(), started);
  }
  EXPECT_EQ(started, Int(api.Stop().at("requests")));
}

TEST_F(ResumeTest, AnotherConfigurationIsRefusedWithItsDifference) {
  Begin();
  Kill();
  load[1] = "30";
  const auto resumed = Resume();
  EXPECT_EQ(resumed->Wait(seconds(20)), 2);
  EXPECT_NE(resumed->err().find("users: 30"), std::string::npos) << resumed->err();
  EXPECT_NE(resumed->err().find("users: 20"), std::string::npos) << resumed->err();
  Process nothing({Binary("sfp-master"), "--resume", "/nowhere", "--headless"});
  EXPECT_EQ(nothing.Wait(seconds(20)), 2);
}

}  // namespace
}  // namespace sfp::test
