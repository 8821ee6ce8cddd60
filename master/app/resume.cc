#include "master/app/resume.h"

#include <absl/strings/str_format.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/log.h"
#include "common/base/wall_clock.h"

namespace sfp::app {

StatusOr<OpenRun> ReadRun(const std::string& folder) {
  OpenRun run;
  const auto end = coordinator::ReadJournal(
      folder + "/journal.pb",
      [&](const v1::JournalRecord& record) { return run.from.Apply(record); });
  if (!end.ok()) return end.status();
  if (end->records == 0) return Invalid(folder + "/journal.pb holds no record");
  run.journal = *end;
  return run;
}

bool HoldsRun(const std::string& folder) {
  std::error_code none;
  const auto bytes = std::filesystem::file_size(folder + "/journal.pb", none);
  return !none && bytes > 0;
}

Status SameConfig(const std::string& resolved, const std::string& of_the_run) {
  std::istringstream now(resolved), then(of_the_run);
  for (int line = 1; now || then; ++line) {
    std::string a, b;
    std::getline(now, a);
    std::getline(then, b);
    if (a == b) continue;
    return Invalid(absl::StrFormat(
        "the configuration is not the run's: line %d of config.resolved.yaml would be '%s', the "
        "run has '%s'. Give the same --config and options, or edit neither",
        line, a, b));
  }
  return Ok();
}

std::string ClockName() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  std::error_code ignored;
  return boot + " " + std::filesystem::read_symlink("/proc/self/ns/time", ignored).string();
}

Time StartOf(const OpenRun& run) {
  const v1::RunStarted& started = run.from.results.run();
  const Time newest = Now() - run.from.results.newest();  // the latest that it can be
  if (started.start_ns() != 0 && started.clock() == ClockName()) {
    return std::min(Time(Duration(started.start_ns())), newest);
  }
  LogWarn(
      "the run began on another machine or before a reboot: its time goes on by the wall clock");
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  const auto began = ParseRfc3339(started.started_at());
  if (!began) return newest;
  const Duration since(wall.tv_sec * 1'000'000'000LL + wall.tv_nsec - *began);
  return std::min(Now() - since, newest);
}

}  // namespace sfp::app
