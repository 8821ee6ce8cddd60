// Users against c exponential servers: the exact closed queue says what must come out.

#include "tests/support/closed_queue.h"

#include <gtest/gtest.h>

#include <ostream>

#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"

namespace sfp::engine {
namespace {

struct Case {
  std::uint32_t users;
  double think_s;
  bool uniform;  // on [0.1 s, 2 × mean - 0.1 s] instead of exponential: the result is the same
  std::uint32_t servers;
  double service_s;
  int seconds;
  std::uint32_t threads;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.users << " users, " << c.servers << " servers";
}

class ClosedQueue : public testing::TestWithParam<Case> {};

TEST_P(ClosedQueue, ThroughputAndResponseTimeAreTheExactOnes) {
  const Case& c = GetParam();
  v1::Scenario scenario = support::BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  if (c.uniform) {
    user.mutable_wait()->mutable_uniform()->set_min_ns(FromSeconds(0.1).count());
    user.mutable_wait()->mutable_uniform()->set_max_ns(FromSeconds(2 * c.think_s - 0.1).count());
  } else {
    user.mutable_wait()->set_exponential_ns(FromSeconds(c.think_s).count());
  }
  support::AddTask(user, "t", 1, "/");
  support::SimClock clock;
  support::SimServer server(
      clock,
      {.servers = c.servers, .service = FromSeconds(c.service_s), .exponential = true, .seed = 7});
  support::SimEngines engines(clock, support::Compiled(scenario), server, {.threads = c.threads});
  engines.Start(support::Steady(c.users), clock.now());
  const int warm_up = c.seconds / 10;
  clock.RunFor(FromSeconds(c.seconds) + Duration(1));
  const stats::EndpointStats total = engines.Total(static_cast<std::uint32_t>(warm_up))[0];

  const support::ClosedQueue exact = support::SolveClosedQueue(
      static_cast<int>(c.users), c.think_s, static_cast<int>(c.servers), c.service_s);
  const double throughput = static_cast<double>(total.requests()) / (c.seconds - warm_up);
  const double response = Seconds(*total.response.mean());
  EXPECT_NEAR(throughput / exact.throughput, 1, 0.02);
  EXPECT_NEAR(response / exact.response_s, 1, 0.03);
  // Little's law, of the measured figures alone.
  EXPECT_NEAR(throughput * (response + c.think_s) / c.users, 1, 0.02);
}

INSTANTIATE_TEST_SUITE_P(OldTable, ClosedQueue,
                         testing::Values(Case{10, 2.55, true, 6, 0.17, 1'500, 1},
                                         Case{100, 2.55, false, 6, 0.17, 1'500, 1},
                                         Case{100, 2.55, true, 6, 0.17, 1'500, 2},
                                         Case{500, 2.55, false, 6, 0.17, 900, 3},
                                         Case{1, 0.5, false, 1, 0.5, 5'000, 1},
                                         Case{40, 1.0, false, 30, 0.14, 1'000, 1}));

}  // namespace
}  // namespace sfp::engine
