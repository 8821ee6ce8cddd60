#pragma once

// The newest log lines, for the page: while it lives it gets every line that the log writes.
//
// Thread: safe.

#include <deque>
#include <mutex>
#include <vector>

#include "common/base/log.h"
#include "master/web/backend.h"

namespace sfp::app {

class LogRing {
 public:
  static constexpr std::size_t kLines = 500;

  LogRing() {
    SetLogReader([this](LogLevel level, std::string_view time, std::string_view text) {
      const std::lock_guard lock(mutex_);
      if (lines_.size() == kLines) lines_.pop_front();
      lines_.push_back({++newest_, std::string(time), std::string(Name(level)), std::string(text)});
    });
  }
  ~LogRing() { SetLogReader(nullptr); }
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;

  std::uint64_t newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }
  // Those behind that number, oldest first.
  std::vector<web::LogLine> After(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    std::vector<web::LogLine> out;
    for (const web::LogLine& line : lines_) {
      if (line.number > number) out.push_back(line);
    }
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<web::LogLine> lines_;
  std::uint64_t newest_ = 0;
};

}  // namespace sfp::app
