#include <gtest/gtest.h>

#include "master/app/run_folder.h"

namespace sfp::app {
namespace {

using coordinator::Outcome;

report::Report Sound() {
  report::Report report;
  report.totals.requests = 10;
  report.totals.status[200] = 10;
  report.thresholds = {{.text = "p95 < 1s", .value = 0.5, .held = true}};
  report.run.workers.resize(2);
  return report;
}

TEST(ExitCode, OfASoundRunIsZero) { EXPECT_EQ(ExitCode(Outcome{}, Sound(), true), 0); }

TEST(ExitCode, OfAFailedThresholdIsOne) {
  report::Report report = Sound();
  report.thresholds[0].held = false;
  EXPECT_EQ(ExitCode(Outcome{}, report, false), 1);
}

TEST(ExitCode, OfAnIncompleteRunIsThreeWhateverElseHolds) {
  EXPECT_EQ(ExitCode({.kind = Outcome::Kind::kIncomplete}, Sound(), false), 3);
  EXPECT_EQ(ExitCode({.kind = Outcome::Kind::kFailed}, Sound(), false), 3);
  EXPECT_EQ(ExitCode({.missing_workers = 1}, Sound(), false), 3);
  EXPECT_EQ(ExitCode({.totals_differ = true}, Sound(), false), 3);
  report::Report lost = Sound();
  lost.run.workers[1].lost = true;
  lost.thresholds[0].held = false;
  EXPECT_EQ(ExitCode(Outcome{}, lost, false), 3);
  report::Report unanswered = Sound();
  unanswered.totals.status.clear();
  EXPECT_EQ(ExitCode(Outcome{}, unanswered, false), 3);
}

TEST(ExitCode, OfAnInvalidMeasurementIsFourOnlyIfAskedFor) {
  report::Report report = Sound();
  report.run.verdict = capacity::Verdict::kInvalid;
  EXPECT_EQ(ExitCode(Outcome{}, report, false), 0);
  EXPECT_EQ(ExitCode(Outcome{}, report, true), 4);
}

TEST(ExitCode, OfAnInterruptedRunIs130) {
  report::Report report = Sound();
  report.thresholds[0].held = false;
  EXPECT_EQ(ExitCode({.kind = Outcome::Kind::kInterrupted}, report, true), 130);
}

TEST(RunId, SortsByTimeAndFitsAFileName) {
  const std::string id = RunId("staff fees/2018");
  EXPECT_EQ(id.substr(id.size() - 16), "-staff-fees-2018");
  EXPECT_EQ(id.find_first_of("/: "), std::string::npos);
  EXPECT_EQ(id[10], 'T');
}

}  // namespace
}  // namespace sfp::app
