// Four runs, each file of theirs byte for byte. Clock, version, seed and host are part of the
// made-up journal.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "master/report/build.h"
#include "master/report/console.h"
#include "master/report/files.h"
#include "master/report/markdown.h"
#include "tests/support/process.h"
#include "tests/unit/results/journal.h"

namespace sfp::report {
namespace {

using results::Journal;
using std::chrono::milliseconds;
using std::chrono::seconds;

v1::RunStarted Started() {
  v1::RunStarted run;
  run.set_run(7);
  run.set_id("2026-01-02T030405Z-golden");
  run.set_name("golden");
  run.set_seed(18446744073709551615U);
  run.set_started_at("2026-01-02T03:04:05Z");
  run.set_target("https://api.example:8080/v1/staff-fee-privilege");
  run.set_sfp_version("9.9.9");
  for (const char* name : {"by_osu_id", "by_term", "bad_request"}) {
    run.add_endpoints()->set_name(name);
    run.mutable_endpoints()->rbegin()->set_method("GET");
  }
  run.set_think_time_s(0.9);
  for (const char* text :
       {"p95 < 500ms", "failures < 1%", "by_term: avg < 3s", "bad_request: max < 1s"}) {
    run.add_thresholds(text);
  }
  return run;
}

// One second of `users` users at `rate` requests per second; every fifth is a 400 that was
// expected.
stats::Interval Second(std::uint32_t second, std::uint32_t users, int rate, Duration response) {
  stats::Interval out{.index = second,
                      .begin = seconds(second),
                      .end = seconds(second + 1),
                      .users = users,
                      .in_flight = 0,
                      .cpu = 0.25};
  out.endpoints.resize(3);
  for (int i = 0; i < rate; ++i) {
    stats::EndpointStats& stats = out.endpoints[i % 5 == 4 ? 2 : static_cast<std::size_t>(i % 2)];
    const Duration took = response + milliseconds(i % 10);
    ++stats.started;
    ++stats.succeeded;
    stats.bytes_sent += 200;
    stats.bytes_received += 1500;
    ++stats.status[i % 5 == 4 ? 400 : 200];
    stats.response.Record(took);
    stats.phases[static_cast<std::size_t>(stats::Phase::kFirstByte)].Record(took * 9 / 10);
    stats.phases[static_cast<std::size_t>(stats::Phase::kBody)].Record(took / 10);
  }
  out.lag.Record(Duration(300'000));
  return out;
}

void AddFailure(stats::Interval& interval, Duration took) {
  stats::EndpointStats& stats = interval.endpoints[1];
  ++stats.started;
  ++stats.failed;
  stats.response.Record(took);
  stats.failed_sum_ns += static_cast<std::uint64_t>(took.count());
  stats::FailureStats& row = stats.failures[{stats::FailureKind::kReset, stats::Phase::kFirstByte,
                                             std::string(stats::kMessageReset)}];
  row.Merge({.count = 1, .first = interval.begin, .last = interval.begin});
}

// 10 users on one worker for 30 s, some failures, requests left in flight.
Journal Constant() {
  Journal journal(Started(), 1);
  for (std::uint32_t s = 0; s < 30; ++s) {
    stats::Interval second = Second(s, s == 0 ? 5 : 10, s == 0 ? 5 : 10, milliseconds(90));
    if (s % 10 == 7) AddFailure(second, milliseconds(1500));
    if (s == 29) {
      second.endpoints[0].started += 2;
      second.endpoints[0].skipped = 3;
      second.endpoints[1].reconnects = 1;
      second.in_flight = 2;
    }
    journal.Must(journal.Snapshot(0, second), s + 1.1);
  }
  journal.Finish(31);
  return journal;
}

// Two levels on two workers; the second is too short, and a worker is lost in it.
Journal Sweep() {
  Journal journal(Started(), 2);
  const auto deliver = [&](std::uint32_t worker, std::uint32_t s, std::uint32_t users, int rate) {
    journal.Must(journal.Snapshot(worker, Second(s, users, rate, milliseconds(90))), s + 1.1);
  };
  journal.Must(Journal::Level(20, 2), 2);
  for (std::uint32_t s = 0; s < 14; ++s) {
    deliver(0, s, 10, 10);
    deliver(1, s, 10, 10);
  }
  journal.Must(Journal::LevelEnd(14), 14.2);
  journal.Must(Journal::Level(2000, 15), 15);
  for (std::uint32_t s = 14; s < 20; ++s) {
    deliver(0, s, 1000, 100);
    if (s < 17) deliver(1, s, 1000, 100);
  }
  journal.Must(Journal::Lost(1), 20.5);
  v1::RunEnded ended;
  ended.set_interrupted(true);
  ended.set_why("stopped by <b>somebody</b>");
  journal.Finish(20.9, ended);
  return journal;
}

// 20 arrivals per second for 20 s on two workers; the server stalls for a second, and a few
// arrivals find nobody.
Journal Open() {
  Journal journal(Started(), 2);
  v1::JournalRecord plan = Journal::NewPlan();
  plan.mutable_plan()->set_most_users(40);
  plan.mutable_plan()->mutable_arrivals()->add_points()->set_rate(20);
  journal.Must(plan, -0.5);
  for (std::uint32_t s = 0; s < 20; ++s) {
    for (std::uint32_t worker = 0; worker < 2; ++worker) {
      const bool stalled = s == 11;
      stats::Interval second = Second(s, s < 11 ? 2 : 20, 10, milliseconds(stalled ? 500 : 40));
      for (stats::EndpointStats& stats : second.endpoints) {
        stats.intended.Merge(stats.response);
        second.iterations += stats.requests();
      }
      if (stalled) {
        second.endpoints[1].dropped = 3;
        second.endpoints[1].intended.Clear();
        for (std::uint64_t i = 0; i < second.endpoints[1].requests(); ++i) {
          second.endpoints[1].intended.Record(milliseconds(900 + 20 * i));
        }
      }
      journal.Must(journal.Snapshot(worker, second), s + 1.1);
    }
  }
  journal.Finish(21);
  return journal;
}

// A run whose target never answered: nothing was measured.
Journal Nothing() {
  Journal journal(Started(), 1);
  v1::RunEnded ended;
  ended.set_why("the target was never reachable");
  ended.set_missing_workers(2);
  journal.Finish(5, ended);
  return journal;
}

void Compare(const std::string& name, const std::string& found) {
  const std::string path = std::string(EXPECTED_DIR) + "/" + name;
  if (std::getenv("SFP_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << found;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(found, expected.str()) << path;
}

// What each of its lines says before the payload, whose bytes are zlib's choice.
std::string WithoutPayload(const std::string& log) {
  std::stringstream in(log);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    const std::size_t payload = line.find(",HISTFAAAA");
    out += line.substr(0, payload) + (payload == std::string::npos ? "" : ",HISTFAAAA…") + "\n";
  }
  return out;
}

class GoldenReport : public ::testing::Test {
 protected:
  void CompareAll(const std::string& name, const Journal& journal) {
    const Report report = Build(journal.results);
    Compare(name + ".txt", FinalTable(report));
    const std::string run = (folder_.path() / name).string();
    ASSERT_TRUE(
        WriteRun(run, report, journal.results, journal.replay(), {.full_history = true}).ok());
    for (const auto& [file, golden] : {
             std::pair{"report.json", ".json"},
             {"report.md", ".md"},
             {"stats.csv", "-stats.csv"},
             {"stats_history.csv", "-stats-history.csv"},
             {"failures.csv", "-failures.csv"},
             {"junit.xml", "-junit.xml"},
         }) {
      Compare(name + golden, test::Content(run + "/" + file));
    }
    Compare(name + "-latency.hlog", WithoutPayload(test::Content(run + "/latency.hlog")));
    EXPECT_EQ(test::Content(run + "/exceptions.csv"), "Count,Message,Traceback,Nodes\r\n");
  }

  test::TemporaryFolder folder_;
};

TEST_F(GoldenReport, OfAConstantRun) {
  const Journal journal = Constant();
  CompareAll("constant", journal);
  Compare("constant-seed-definitions.md",
          ToMarkdown(Build(journal.results), {.seed_definitions = true}));
  Compare("constant-live.txt", LiveTable(journal.results));
}

TEST_F(GoldenReport, OfASweepThatLostAWorker) { CompareAll("sweep", Sweep()); }

TEST_F(GoldenReport, OfAnOpenRun) { CompareAll("open", Open()); }

TEST_F(GoldenReport, OfARunThatMeasuredNothing) { CompareAll("nothing", Nothing()); }

// The schema allows no key that it does not name and asks for all that it names.
TEST_F(GoldenReport, EveryReportFitsTheSchemaThatComesWithSfp) {
  const auto violations = [](const std::string& file) {
    test::Process validator({"/usr/bin/python3", SFP_SOURCE_DIR "/tests/support/validate_json.py",
                             SFP_SOURCE_DIR "/master/report/report.schema.json", file});
    const auto code = validator.Wait(std::chrono::seconds(60));
    EXPECT_TRUE(code == 0 || code == 1) << validator.err();
    EXPECT_EQ(code == 0, validator.out().empty()) << validator.err();
    return validator.out();
  };
  for (const char* name : {"constant", "sweep", "open", "nothing"}) {
    EXPECT_EQ(violations(std::string(EXPECTED_DIR) + "/" + name + ".json"), "");
  }
  std::string text = test::Content(std::string(EXPECTED_DIR) + "/constant.json");
  text.replace(text.find("\"skipped\""), 9, "\"skiped\"");
  const std::string said = violations(folder_.Write("wrong.json", text));
  EXPECT_NE(said.find("'skiped' was unexpected"), std::string::npos) << said;
  EXPECT_NE(said.find("'skipped' is a required property"), std::string::npos) << said;
}

TEST_F(GoldenReport, EveryJunitFileFitsTheFormatThatCiSystemsRead) {
  const auto violations = [](const std::string& file) {
    test::Process xmllint(
        {"xmllint", "--noout", "--schema", SFP_SOURCE_DIR "/tests/golden/report/junit.xsd", file});
    const auto code = xmllint.Wait(std::chrono::seconds(60));
    EXPECT_TRUE(code == 0 || code == 3) << xmllint.err();
    return code == 0 ? "" : xmllint.err();
  };
  for (const char* name : {"constant", "sweep", "open", "nothing"}) {
    EXPECT_EQ(violations(std::string(EXPECTED_DIR) + "/" + name + "-junit.xml"), "");
  }
  std::string text = test::Content(std::string(EXPECTED_DIR) + "/constant-junit.xml");
  text.replace(text.find("<testcase classname="), 20, "<testcase klassname=");
  EXPECT_NE(violations(folder_.Write("wrong.xml", text)).find("klassname"), std::string::npos);
}

}  // namespace
}  // namespace sfp::report
