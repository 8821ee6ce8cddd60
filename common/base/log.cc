#include "common/base/log.h"

#include <time.h>

#include <atomic>
#include <cstdio>
#include <mutex>

namespace sfp {
namespace {

std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::mutex g_mutex;
std::function<void()>& Hook() {
  static auto* hook = new std::function<void()>;
  return *hook;
}

std::function<void(LogLevel, std::string_view, std::string_view)>& Reader() {
  static auto* reader = new std::function<void(LogLevel, std::string_view, std::string_view)>;
  return *reader;
}

constexpr const char* kNames[] = {"debug", "info", "warn", "error"};

}  // namespace

StatusOr<LogLevel> ParseLogLevel(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    if (text == kNames[i]) return static_cast<LogLevel>(i);
  }
  return Invalid("log level '" + std::string(text) + "' is not one of debug, info, warn, error");
}

void SetLogLevel(LogLevel level) { g_level = level; }

void SetBeforeLogLine(std::function<void()> hook) {
  std::lock_guard lock(g_mutex);
  Hook() = std::move(hook);
}

void SetLogReader(std::function<void(LogLevel, std::string_view, std::string_view)> reader) {
  std::lock_guard lock(g_mutex);
  Reader() = std::move(reader);
}

std::string_view Name(LogLevel level) { return kNames[static_cast<int>(level)]; }

void Log(LogLevel level, std::string_view text) {
  if (level < g_level) return;
  timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  tm utc;
  gmtime_r(&ts.tv_sec, &utc);
  char stamp[32];
  const std::size_t seconds = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(stamp + seconds, sizeof stamp - seconds, ".%03dZ",
                static_cast<int>(ts.tv_nsec / 1'000'000));
  std::lock_guard lock(g_mutex);
  if (Hook()) Hook()();
  std::fprintf(stderr, "%s %-5s %.*s\n", stamp, kNames[static_cast<int>(level)],
               static_cast<int>(text.size()), text.data());
  if (Reader()) Reader()(level, stamp, text);
}

}  // namespace sfp
