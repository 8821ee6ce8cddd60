#include "master/app/progress.h"

#include <gtest/gtest.h>

namespace sfp::app {
namespace {

using coordinator::Progress;
using coordinator::RunState;
using namespace std::chrono_literals;

TEST(ProgressLine, SaysWhatPeopleWaitFor) {
  const std::pair<Progress, const char*> cases[] = {
      {{.state = RunState::kIdle, .workers = 3}, "ready | 3 workers"},
      {{.state = RunState::kWaiting, .workers = 1, .workers_wanted = 4},
       "waiting for workers: 1 of 4"},
      {{.state = RunState::kPreparing}, "preparing the workers"},
      {{.state = RunState::kRunning, .users = 100, .rps = 676.24, .p95 = 41200us},
       "100 users | 676.2 req/s | 0 failed | p95 41.2 ms"},
      {{.state = RunState::kRunning,
        .level = 5,
        .levels = 9,
        .users = 100,
        .rps = 1,
        .requests = 200,
        .failures = 3,
        .left = 111001ms},
       "level 5/9 | 100 users | 1.0 req/s | 3 failed (1.5%) | p95 - | 1m 52s left"},
      {{.state = RunState::kRunning, .level = 1, .levels = 9, .users = 10, .level_left = 2500ms},
       "level 1/9 | 10 users | 0.0 req/s | 0 failed | p95 - | about 3 s left in this level"},
      {{.state = RunState::kRunning,
        .level = 7,
        .doing = "between 120 and 180",
        .users = 150,
        .level_left = 2500ms,
        .level_why = "throughput known to ±4.2 %, wanted ±3 %"},
       "step 7 | between 120 and 180 | 150 users | 0.0 req/s | 0 failed | p95 - | about 3 s left "
       "in "
       "this level (throughput known to ±4.2 %, wanted ±3 %)"},
      {{.state = RunState::kRunning, .workers_lost = 2, .users = 1},
       "1 users | 0.0 req/s | 0 failed | p95 - | 2 workers lost"},
  };
  for (const auto& [progress, expected] : cases) EXPECT_EQ(ProgressLine(progress), expected);
}

}  // namespace
}  // namespace sfp::app
