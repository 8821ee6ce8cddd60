// What the worker reads off its machine, and whom it lets itself be pointed at.

#include "worker/app/machine.h"

#include <gtest/gtest.h>

#include "worker/app/limits.h"
#include "worker/app/prepared_run.h"

namespace sfp::app {
namespace {

TEST(Limits, PortsAreCountedWithBothEnds) {
  EXPECT_EQ(PortsOfRange("32768\t60999\n"), 28232u);
  EXPECT_EQ(PortsOfRange("5 5"), 1u);
  for (const char* none : {"", "x", "9 5", "9"}) EXPECT_EQ(PortsOfRange(none), 0u) << none;
}

TEST(Limits, TheWorkerKeepsDescriptorsForItself) {
  EXPECT_EQ(MostUsers(0), 0u);
  EXPECT_EQ(MostUsers(100), 0u);
  EXPECT_EQ(MostUsers(1128), 1000u);
  EXPECT_LE(LocalPorts(), 65'536u);
}

TEST(Machine, TellsWhatIsInUse) {
  EXPECT_EQ(TimeWaitsOf("sockets: used 90\nTCP: inuse 5 orphan 0 tw 37 alloc 8 mem 1\n"), 37u);
  EXPECT_EQ(TimeWaitsOf("tw"), 0u);
  Machine machine(1000);
  const stats::Machine found = machine.Read();
  EXPECT_EQ(found.descriptor_limit, 1000u);
  EXPECT_GE(found.descriptors, 3u);
  EXPECT_GE(found.ports, found.descriptors);
  EXPECT_EQ(found.port_limit, LocalPorts());
}

TEST(AllowTarget, NamesHostsOrHostsWithPorts) {
  const struct {
    std::vector<std::string> allowed;
    const char* host;
    std::uint16_t port;
    bool permitted;
  } cases[] = {
      {{}, "anything", 1, true},
      {{"api.example"}, "api.example", 80, true},
      {{"api.example"}, "api.example", 8443, true},
      {{"api.example:443"}, "api.example", 443, true},
      {{"other", "[::1]:8080"}, "::1", 8080, true},
      {{"[::1]"}, "::1", 8080, true},
      {{"::1"}, "::1", 8080, true},
      {{"[FE80::1]:443"}, "fe80::1", 443, true},
      {{"API.Example:443"}, "api.example", 443, true},
      {{"API.Example"}, "api.example", 80, true},
      {{"[::1]:8080"}, "::1", 8081, false},
      {{"api.example:443"}, "api.example", 80, false},
      {{"api.example"}, "www.api.example", 80, false},
      {{"api.example"}, "api.example.org", 80, false},
      {{""}, "api.example", 80, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Allows(c.allowed, c.host, c.port), c.permitted) << c.host << ":" << c.port;
  }
}

TEST(AllowTarget, IsHostOrHostAndPort) {
  for (const char* good :
       {"api.example", "api.example:443", "10.0.0.1", "[::1]", "::1", "[::1]:80"}) {
    EXPECT_TRUE(CheckAllowTarget(good).ok()) << good;
  }
  for (const char* wrong : {"", "http://api.example", "api.example/x", "api.example:http", "a b",
                            "*.example", "api.example:99999", "[::1"}) {
    EXPECT_FALSE(CheckAllowTarget(wrong).ok()) << wrong;
  }
}

TEST(PrepareRun, RefusesATargetThatIsNotAllowedBeforeItLooksItUp) {
  v1::Prepare prepare;
  v1::Scenario& scenario = *prepare.mutable_scenario();
  scenario.mutable_target()->set_url("http://no-such-host.invalid:8080");
  v1::UserClass& user = *scenario.add_users();
  user.set_name("u");
  user.set_weight(1);
  user.mutable_wait()->set_constant_ns(0);
  v1::Task& task = *user.add_tasks();
  task.set_name("t");
  task.set_weight(1);
  task.set_method("GET");
  task.set_path("/");
  const auto refused = PrepareRun(prepare, {"api.example"}, 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(Message(refused.status()),
            "the target no-such-host.invalid:8080 is not in this worker's --allow-target");

  user.set_weight(0);
  EXPECT_FALSE(PrepareRun(prepare, {}, 1).ok());
}

}  // namespace
}  // namespace sfp::app
