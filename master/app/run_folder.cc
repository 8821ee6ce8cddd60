#include "master/app/run_folder.h"

#include <absl/strings/str_format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/wall_clock.h"
#include "master/app/terminal.h"
#include "master/coordinator/journal_file.h"
#include "master/report/console.h"
#include "master/report/files.h"
#include "master/report/html.h"
#include "master/report/json.h"

namespace sfp::app {
namespace {

constexpr std::size_t kLeastRoom = 64 << 10;       // bytes; less, and not even a report fits
constexpr std::uintmax_t kLittleRoom = 256 << 20;  // worth a warning

// Nobody ever answered: every request ended before a status came.
bool NeverReached(const report::Report& report) {
  return report.totals.requests > 0 && report.totals.status.empty();
}

}  // namespace

std::string RunId(std::string_view name) {
  std::string id = Rfc3339(Now()).substr(0, 19) + "Z-";
  std::replace(id.begin(), id.end(), ':', '-');
  for (const char c : name) {
    id += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '-';
  }
  return id;
}

std::string Rfc3339(Time t) {
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  return FormatRfc3339(wall.tv_sec * 1'000'000'000LL + wall.tv_nsec + (t - Now()).count());
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

Status CheckOutputs(const ReportFlags& flags) {
  if (!flags.html.empty()) {
    const std::string probe = flags.html + ".room";
    const Status status = report::WriteWhole(probe, "");
    ::unlink(probe.c_str());
    if (!status.ok()) return Invalid("--html " + flags.html + ": " + Message(status));
  }
  if (flags.csv.empty()) return Ok();
  std::error_code error;
  const auto folder = std::filesystem::path(flags.csv).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Invalid("--csv " + flags.csv + ": " + error.message());
  const std::string probe = flags.csv + "_stats.csv.room";
  const Status status = report::WriteWhole(probe, "");
  ::unlink(probe.c_str());
  return status.ok() ? status : Invalid("--csv " + flags.csv + ": " + Message(status));
}

results::Replay ReplayOf(const std::string& path) {
  return [path](const auto& each) {
    return coordinator::ReadJournal(path + "/journal.pb", each).status();
  };
}

Status WriteReports(const std::string& path, const report::Report& report,
                    const results::Results& results, const ReportFlags& flags) {
  const Status status = report::WriteRun(path, report, results, ReplayOf(path),
                                         {.markdown = {.seed_definitions = flags.seed_definitions},
                                          .full_history = flags.csv_full_history});
  if (!status.ok()) return status;
  if (!flags.html.empty()) {
    const Status html = report::WriteWhole(flags.html, report::ToHtml(report, results));
    if (!html.ok()) return html;
  }
  return flags.csv.empty() ? Ok() : report::CopyCsv(path, flags.csv);
}

void PrintReport(const report::Report& report, const std::string& path, const ReportFlags& flags) {
  const report::Look look{.colour = WantsColour(flags.json ? STDERR_FILENO : STDOUT_FILENO),
                          .files = path + "/report.md"};
  std::fputs(("\n" + report::FinalTable(report, look)).c_str(), flags.json ? stderr : stdout);
  if (flags.json) std::fputs(report::ToJson(report).c_str(), stdout);
  std::fflush(stdout);
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
