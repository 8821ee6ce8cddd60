// What people get wrong: the command line, the configuration, a worker's master. One clear answer
// each, and nothing sent.

#include <gtest/gtest.h>

#include "tests/e2e/cluster.h"

namespace sfp::test {
namespace {

using std::chrono::seconds;

TEST(BadInput, AWrongConfigurationIsRefusedWithPlaceAndSuggestion) {
  DemoApi api({});
  std::string config = ExampleConfig(api.url(), 1);
  config.replace(config.find("spawn_rate"), 10, "spwan_rate");
  config.replace(config.find("weight: 2"), 9, "weight: x");
  for (const bool check : {true, false}) {
    TemporaryFolder folder;
    const std::string path = folder.Write("wrong.yaml", config);
    std::vector<std::string> command = {Binary("sfp-master")};
    if (check) command.push_back("check");
    command.insert(command.end(), {"--config", path});
    if (!check) command.insert(command.end(), {"--headless", "--local-workers", "1"});
    Process master(command, {.folder = folder.path()});
    EXPECT_EQ(master.Wait(seconds(20)), 2) << master.err();
    EXPECT_NE(master.err().find("wrong.yaml:"), std::string::npos) << master.err();
    EXPECT_NE(master.err().find("did you mean 'spawn_rate'?"), std::string::npos) << master.err();
    EXPECT_NE(master.err().find("2 errors"), std::string::npos) << master.err();
    EXPECT_NE(master.err().find("^"), std::string::npos);
  }
  EXPECT_EQ(Int(api.Stop().at("connections").at("accepted")), 0);
}

TEST(BadInput, CheckPrintsTheResolvedPlanOfAValidConfiguration) {
  TemporaryFolder folder;
  const std::string path = folder.Write("good.yaml", ExampleConfig("http://localhost:1", 1));
  Process check({Binary("sfp-master"), "check", "--config", path},
                {.environment = {{"SFP_USERS", "17"}}});
  ASSERT_EQ(check.Wait(seconds(20)), 0) << check.err();
  EXPECT_NE(check.out().find("17 users"), std::string::npos) << check.out();
  EXPECT_NE(check.out().find("by_osu_id"), std::string::npos);
}

TEST(BadInput, WrongOptionsAreExitCodeTwo) {
  const std::vector<std::vector<std::string>> cases = {
      {"sfp-master", "--no-such-option"},         {"sfp-master", "--config", "/no/such/file.yaml"},
      {"sfp-master", "--workers", "0"},           {"sfp-master", "--workers", "x"},
      {"sfp-master", "--listen", "0.0.0.0:5557"}, {"sfp-master", "--web", "8089"},
      {"sfp-master", "--log-level", "loud"},      {"sfp-master", "report"},
      {"sfp-master", "report", "/no/such/run"},   {"sfp-worker", "--master", "nonsense"},
      {"sfp-worker", "--threads", "0"},           {"sfp-demo-api", "--law", "cauchy"},
  };
  for (std::vector<std::string> command : cases) {
    const std::string name = command.front() + " " + command.back();
    command.front() = Binary(command.front());
    Process process(command);
    const auto code = process.Wait(seconds(20));
    ASSERT_TRUE(code.has_value()) << name;
    EXPECT_NE(*code, 0) << name;
    EXPECT_FALSE((process.err() + process.out()).empty()) << name;
    if (command.front().find("demo-api") == std::string::npos) {
      EXPECT_EQ(*code, 2) << name;
    }
  }
}

TEST(BadInput, AWorkerSaysInOneLineWhyItFindsNoMaster) {
  for (const auto& [master, expected] : std::map<std::string, std::string>{
           {"localhost:1", "Connection refused"}, {"no-such-host.invalid:5557", "not found"}}) {
    const auto worker = StartWorker(master, {"--join-timeout", "1s"});
    EXPECT_EQ(worker->Wait(seconds(30)), 3);
    const std::string said = worker->err();
    EXPECT_NE(said.find(master + ": "), std::string::npos) << said;
    EXPECT_NE(said.find(expected), std::string::npos) << said;
  }
}

TEST(BadInput, MoreUsersThanDescriptorsAreRefusedWithTheNumberNeeded) {
  DemoApi api({});
  TemporaryFolder folder;
  const std::string path = folder.Write("many.yaml", ExampleConfig(api.url(), 1));
  Process master({"/bin/sh", "-c",
                  "ulimit -n 300; exec " + Binary("sfp-master") + " --config " + path +
                      " --headless --no-web --local-workers 1 --users 2000 --listen 127.0.0.1:0"},
                 {.folder = folder.path()});
  EXPECT_EQ(master.Wait(seconds(30)), 3) << master.err();
  EXPECT_NE(master.err().find("2000"), std::string::npos) << master.err();
  EXPECT_NE(master.err().find("descriptor"), std::string::npos) << master.err();
  EXPECT_EQ(Int(api.Stop().at("connections").at("accepted")), 0);
}

}  // namespace
}  // namespace sfp::test
