#include "master/app/run_folder.h"

#include <absl/strings/str_format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>

#include "common/base/check.h"
#include "common/base/log.h"
#include "master/report/console.h"
#include "master/report/files.h"

namespace sfp::app {
namespace {

constexpr std::size_t kLeastRoom = 64 << 10;       // bytes; less, and not even a report fits
constexpr std::uintmax_t kLittleRoom = 256 << 20;  // worth a warning

std::string Utc(std::chrono::system_clock::time_point moment, const char* form) {
  const time_t seconds = std::chrono::system_clock::to_time_t(moment);
  tm utc;
  gmtime_r(&seconds, &utc);
  char text[64];
  strftime(text, sizeof text, form, &utc);
  return text;
}

// Nobody ever answered: every request ended before a status came.
bool NeverReached(const report::Report& report) {
  return report.totals.requests > 0 && report.totals.status.empty();
}

}  // namespace

std::string RunId(std::string_view name) {
  std::string id = Utc(std::chrono::system_clock::now(), "%Y-%m-%dT%H-%M-%SZ-");
  for (const char c : name) {
    id += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '-';
  }
  return id;
}

std::string Rfc3339(Time t) {
  const auto moment = std::chrono::system_clock::now() +
                      std::chrono::duration_cast<std::chrono::system_clock::duration>(t - Now());
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch());
  return Utc(moment, "%Y-%m-%dT%H:%M:%S") + absl::StrFormat(".%03dZ", ms.count() % 1000);
}

Status MakeRunFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Invalid("cannot make the run's directory " + path + ": " + error.message());
  const std::string probe = path + "/.room";
  const Status status = report::WriteWhole(probe, std::string(kLeastRoom, ' '));
  ::unlink(probe.c_str());
  if (!status.ok()) return Invalid("cannot write the run's directory: " + Message(status));
  const auto space = std::filesystem::space(path, error);
  if (!error && space.available < kLittleRoom) {
    LogWarn(absl::StrFormat("only %d MB are free in %s: the journal of a long run needs more",
                            space.available >> 20, path));
  }
  return Ok();
}

Status WriteReports(const std::string& path, const report::Report& report,
                    const results::Results& results, bool seed_definitions) {
  return report::WriteRun(path, report, results.run().resolved_config(),
                          {.seed_definitions = seed_definitions});
}

std::string Summary(const report::Report& report, const std::string& path) {
  return "\n" + report::FinalTable(report) + "\nreport: " + path + "/report.md\n";
}

coordinator::Outcome OutcomeOf(const results::Results& results) {
  using Kind = coordinator::Outcome::Kind;
  SFP_CHECK(results.ended());
  const v1::RunEnded& ended = *results.ended();
  coordinator::Outcome outcome{.why = ended.why(),
                               .missing_workers = ended.missing_workers(),
                               .started = true,
                               .journal = ended.journal()};
  if (ended.has_kind()) {
    outcome.kind = static_cast<Kind>(ended.kind());
  } else if (ended.interrupted()) {
    outcome.kind = Kind::kInterrupted;
  } else if (!ended.why().empty()) {
    outcome.kind = Kind::kIncomplete;
  }
  for (const auto& [index, worker] : results.workers()) {
    outcome.totals_differ = outcome.totals_differ || worker.totals_differ;
  }
  return outcome;
}

std::string LastWords(const report::Report& report, int exit_code) {
  std::string out =
      absl::StrFormat("exit code %d, verdict: %s\n", exit_code, capacity::Name(report.run.verdict));
  for (const std::string& reason : report.run.reasons) out += "  " + reason + "\n";
  out += absl::StrFormat("%u requests, %u failed, %u in flight\n", report.totals.requests,
                         report.totals.failures, report.totals.in_flight);
  return out + "\n" + report::FinalTable(report);
}

int ExitCode(const coordinator::Outcome& outcome, const report::Report& report, bool strict) {
  using Kind = coordinator::Outcome::Kind;
  if (outcome.kind == Kind::kInterrupted) return 130;
  const bool lost = std::any_of(report.run.workers.begin(), report.run.workers.end(),
                                [](const report::Worker& worker) { return worker.lost; });
  if (outcome.kind != Kind::kDone || outcome.missing_workers > 0 || outcome.totals_differ || lost ||
      NeverReached(report)) {
    return 3;
  }
  const bool held = std::all_of(report.thresholds.begin(), report.thresholds.end(),
                                [](const report::Threshold& t) { return t.held; });
  if (!held) return 1;
  return strict && report.run.verdict == capacity::Verdict::kInvalid ? 4 : 0;
}

}  // namespace sfp::app
