// Several workers, coming and going: order of start, signals, kill -9, a master that stays.

#include "tests/e2e/cluster.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace sfp::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

std::vector<std::string> Headless(const std::string& users, const std::string& run_time,
                                  std::vector<std::string> more) {
  std::vector<std::string> options = {"--headless", "--users",    users,   "--spawn-rate",
                                      "1000",       "--run-time", run_time};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

void WaitForText(Process& process, const std::string& text) {
  ASSERT_TRUE(Eventually([&] {
    return (process.err() + process.out()).find(text) != std::string::npos;
  })) << "no '"
      << text << "' in " << process.err();
}

TEST(Cluster, FourWorkersJoinInAnyOrderAndEndWithTheMaster) {
  DemoApi api({"--speed", "20"});
  // Two workers look for a master that does not exist yet: a port that was free a moment ago.
  std::string address;
  { address = Master({ExampleConfig(api.url(), 20), {"--headless"}}).address(); }
  std::vector<std::unique_ptr<Process>> workers;
  workers.push_back(StartWorker(address));
  workers.push_back(StartWorker(address));
  for (auto& worker : workers) WaitForText(*worker, "cannot reach the master");

  Master master({ExampleConfig(api.url(), 20),
                 Headless("20", "3s", {"--workers", "4", "--listen", address})});
  workers.push_back(StartWorker(address));
  workers.push_back(StartWorker(address));
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  for (auto& worker : workers) EXPECT_EQ(worker->Wait(seconds(10)), 0) << worker->err();
  const json::object report = master.Report();
  ExpectAddsUp(report);
  EXPECT_EQ(report.at("run").at("workers").as_array().size(), 4u);
  EXPECT_EQ(Int(report.at("totals").at("started")), Int(api.Stop().at("requests")));
}

TEST(Cluster, MissingWorkersEndTheWaitWithExitCodeThree) {
  DemoApi api({});
  Master master({ExampleConfig(api.url(), 20),
                 Headless("20", "3s", {"--workers", "4", "--workers-timeout", "1s"})});
  const auto worker = StartWorker(master.address());
  EXPECT_EQ(master.process().Wait(seconds(30)), 3);
  EXPECT_NE(master.process().err().find("3"), std::string::npos);
  EXPECT_EQ(Int(api.Stop().at("requests")), 0);
}

TEST(Cluster, EverySignalLeavesACompleteReport) {
  for (const int signal : {SIGINT, SIGTERM}) {
    DemoApi api({"--speed", "20"});
    Master master({ExampleConfig(api.url(), 20), Headless("20", "10m", {"--local-workers", "2"})});
    WaitForText(master.process(), "20 users | ");
    master.process().Signal(signal);
    EXPECT_EQ(master.process().Wait(seconds(60)), 130) << master.process().err();
    const json::object report = master.Report();
    ExpectAddsUp(report);
    EXPECT_TRUE(report.at("run").at("interrupted").as_bool());
    EXPECT_EQ(Int(report.at("totals").at("started")), Int(api.Stop().at("requests")));
    EXPECT_FALSE(Content(master.out() / "report.md").empty());
    EXPECT_FALSE(Content(master.out() / "config.resolved.yaml").empty());
  }
}

TEST(Cluster, AWorkerThatIsToldToEndDeliversAllAndHandsItsUsersOver) {
  DemoApi api({"--speed", "20"});
  Master master({ExampleConfig(api.url(), 20), Headless("20", "8s", {"--workers", "2"})});
  const std::string address = master.address();
  const auto stays = StartWorker(address);
  const auto leaves = StartWorker(address, {"--threads", "1", "--name", "leaves"});
  WaitForText(master.process(), "20 users | ");
  leaves->Signal(SIGTERM);
  EXPECT_EQ(leaves->Wait(seconds(20)), 0) << leaves->err();
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  EXPECT_EQ(stays->Wait(seconds(10)), 0);
  const json::object report = master.Report();
  ExpectAddsUp(report);
  for (const json::value& worker : report.at("run").at("workers").as_array()) {
    EXPECT_FALSE(worker.at("lost").as_bool());
  }
  const json::array& series = report.at("series").as_array();
  ASSERT_GE(series.size(), 7u);
  EXPECT_EQ(Int(series[6].at("users")), 20);
  EXPECT_EQ(Int(report.at("totals").at("started")), Int(api.Stop().at("requests")));
}

TEST(Cluster, TheSecondSignalEndsTheMasterAtOnceWithItsJournalWhole) {
  DemoApi api({"--service-time", "20s"});  // whoever waits for answers waits long
  Master master({ExampleConfig(api.url(), 1), Headless("10", "10m", {"--local-workers", "1"})});
  WaitForText(master.process(), "10 users | ");
  master.process().Signal(SIGTERM);
  WaitForText(master.process(), "again to end it at once");
  const auto before = std::chrono::steady_clock::now();
  master.process().Signal(SIGTERM);
  EXPECT_EQ(master.process().Wait(seconds(20)), 130) << master.process().err();
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(10));
  json::object first = master.Report();
  ExpectAddsUp(first);
  EXPECT_TRUE(first.at("run").at("interrupted").as_bool());
  Process again({Binary("sfp-master"), "report", master.out().string()});
  ASSERT_EQ(again.Wait(seconds(20)), 0) << again.err();
  EXPECT_EQ(again.err().find("cut off"), std::string::npos);
  EXPECT_EQ(json::serialize(master.Report()), json::serialize(first));
}

TEST(Cluster, AKilledWorkersUsersAreTakenOver) {
  DemoApi api({"--speed", "20"});
  Master master({ExampleConfig(api.url(), 20), Headless("30", "14s", {"--workers", "3"})});
  const std::string address = master.address();
  std::vector<std::unique_ptr<Process>> workers;
  for (const char* name : {"a", "b", "c"}) {
    workers.push_back(StartWorker(address, {"--threads", "1", "--name", name}));
  }
  WaitForText(master.process(), "30 users | ");
  workers[1]->Signal(SIGKILL);
  EXPECT_EQ(master.process().Wait(seconds(90)), 3) << master.process().err();
  EXPECT_EQ(workers[0]->Wait(seconds(10)), 0);
  EXPECT_EQ(workers[2]->Wait(seconds(10)), 0);

  const json::object report = master.Report();
  for (const json::value& worker : report.at("run").at("workers").as_array()) {
    EXPECT_EQ(worker.at("lost").as_bool(), worker.at("name").as_string() == "b");
  }
  EXPECT_NE(report.at("run").at("verdict").as_string(), "valid");
  // The second before the last is whole again, and so are those around it.
  const json::array& series = report.at("series").as_array();
  ASSERT_GE(series.size(), 13u);
  EXPECT_EQ(Int(series[12].at("users")), 30);
  EXPECT_FALSE(series[12].at("degraded").as_bool());
  bool degraded = false;
  for (const json::value& point : series) degraded |= point.at("degraded").as_bool();
  EXPECT_TRUE(degraded);
  // What the killed worker had not delivered is missing, and nothing else; how much is said.
  std::int64_t may_be_missing = 0;
  for (const json::value& worker : report.at("run").at("workers").as_array()) {
    may_be_missing += Int(worker.at("may_be_missing"));
  }
  EXPECT_GT(may_be_missing, 0);
  const std::int64_t missing =
      Int(api.Stop().at("requests")) - Int(report.at("totals").at("started"));
  EXPECT_GE(missing, 0);
  EXPECT_LE(missing, may_be_missing);
}

TEST(Cluster, AKilledMastersWorkersStopTheirLoad) {
  DemoApi api({"--speed", "20", "--service-time", "10ms"});
  Master master({ExampleConfig(api.url(), 20), Headless("20", "10m", {"--workers", "1"})});
  const auto worker = StartWorker(master.address());
  WaitForText(master.process(), "20 users | ");
  master.process().Signal(SIGKILL);
  WaitForText(*worker, "stop");  // the dead man's switch says so
  worker->Signal(SIGTERM);
  EXPECT_TRUE(worker->Wait(seconds(60)).has_value());
  // Rebuilt from the journal: what was acknowledged is in it and adds up.
  Process report({Binary("sfp-master"), "report", master.out().string()});
  ASSERT_EQ(report.Wait(seconds(20)), 0) << report.err();
  ExpectAddsUp(master.Report());
  EXPECT_LE(Int(master.Report().at("totals").at("started")), Int(api.Stop().at("requests")));
}

TEST(Cluster, ATargetThatIsNeverReachedIsExitCodeThree) {
  std::string url;
  { url = DemoApi({}).url(); }  // a port on which nobody listens any more
  Master master({ExampleConfig(url, 20), Headless("3", "2s", {"--local-workers", "1"})});
  EXPECT_EQ(master.process().Wait(seconds(60)), 3);
  const json::object report = master.Report();
  ExpectAddsUp(report);
  EXPECT_EQ(report.at("failures").as_array()[0].at("message").as_string(), "Connection refused");
}

}  // namespace
}  // namespace sfp::test
