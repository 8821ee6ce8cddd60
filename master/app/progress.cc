#include "master/app/progress.h"

#include <absl/strings/str_format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "common/base/log.h"
#include "common/base/units.h"
#include "master/app/terminal.h"

namespace sfp::app {
namespace {

std::string Failures(const coordinator::Progress& progress) {
  if (progress.failures == 0) return "0 failed";
  return absl::StrFormat("%d failed (%.1f%%)", progress.failures,
                         100.0 * static_cast<double>(progress.failures) /
                             static_cast<double>(std::max<std::uint64_t>(1, progress.requests)));
}

std::string Running(const coordinator::Progress& progress) {
  std::string line;
  if (progress.level > 0) {
    line = progress.levels > 0 ? absl::StrFormat("level %d/%d | ", progress.level, progress.levels)
                               : absl::StrFormat("step %d | ", progress.level);
    if (!progress.doing.empty()) line += progress.doing + " | ";
  }
  line += absl::StrFormat("%d users | %.1f req/s | %s", progress.users, progress.rps,
                          Failures(progress));
  line += " | p95 " + (progress.p95 ? HumanDuration(*progress.p95) : std::string("-"));
  if (progress.dropped > 0) line += absl::StrFormat(" | %d dropped", progress.dropped);
  if (progress.iterations_wanted > 0) {
    line +=
        absl::StrFormat(" | %d of %d iterations", progress.iterations, progress.iterations_wanted);
  }
  const auto rounded = [](Duration left) {
    return HumanDuration(std::chrono::ceil<std::chrono::seconds>(left));
  };
  if (progress.left) {
    line += " | " + rounded(*progress.left) + " left";
  } else if (progress.level_left) {  // how long the levels after it take is not known yet
    line += " | about " + rounded(*progress.level_left) + " left in this level";
    if (!progress.level_why.empty()) line += " (" + progress.level_why + ")";
  }
  if (progress.workers_lost > 0) {
    line += absl::StrFormat(" | %d workers lost", progress.workers_lost);
  }
  return line;
}

}  // namespace

std::string ProgressLine(const coordinator::Progress& progress) {
  using coordinator::RunState;
  switch (progress.state) {
    case RunState::kIdle:
      return absl::StrFormat("ready | %d workers", progress.workers);
    case RunState::kWaiting:
      return absl::StrFormat("waiting for workers: %d of %d", progress.workers,
                             progress.workers_wanted);
    case RunState::kPreparing:
      return "preparing the workers";
    case RunState::kResuming:
      return absl::StrFormat("waiting for the run's workers to come back: %d are here",
                             progress.workers);
    case RunState::kStarting:
      return "starting";
    case RunState::kRunning:
      return Running(progress);
    case RunState::kStopping:
      return "stopping, waiting for requests under way | " + Running(progress);
    case RunState::kFinished:
      return "done";
  }
  return "";
}

ProgressDisplay::ProgressDisplay(bool only_line)
    : terminal_(IsTerminal(STDERR_FILENO)), only_line_(only_line) {
  if (terminal_) SetBeforeLogLine([this] { Clear(); });
}

ProgressDisplay::~ProgressDisplay() {
  SetBeforeLogLine(nullptr);
  Clear();
}

void ProgressDisplay::Show(const coordinator::Progress& progress, const std::string& table,
                           Time now) {
  next_ = now + std::chrono::seconds(terminal_ ? 1 : 2);
  const std::string text = (only_line_ ? "" : table) + ProgressLine(progress) + "\n";
  Clear();
  const std::lock_guard lock(mutex_);
  if (!terminal_) {
    std::fputs(text.c_str(), stderr);
    return;
  }
  // Long lines are cut at the margin, not wrapped: the block keeps its height.
  std::fprintf(stderr, "\x1b[?7l%s\x1b[?7h", text.c_str());
  lines_shown_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void ProgressDisplay::Clear() {
  const std::lock_guard lock(mutex_);
  // Up to the block's first line, then erase to the end of the screen.
  if (lines_shown_ > 0) std::fprintf(stderr, "\x1b[%zuF\x1b[J", lines_shown_);
  lines_shown_ = 0;
}

}  // namespace sfp::app
