#pragma once

// Log lines on stderr: "2026-11-23T10:15:00.123Z info  text". Results go to stdout, never here.
//
//   LogInfo("4 of 4 workers joined");
//
// When the program redraws a progress line on a terminal, it sets a hook so that a log line first
// clears it. Never called per request.
//
// Thread: safe.

#include <functional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace sfp {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

StatusOr<LogLevel> ParseLogLevel(std::string_view text);
void SetLogLevel(LogLevel level);
// Called under the log's lock, before each line is written.
void SetBeforeLogLine(std::function<void()> hook);
// Gets each line that is written, under the log's lock; null: nobody does. `time` is RFC 3339.
void SetLogReader(
    std::function<void(LogLevel level, std::string_view time, std::string_view text)> reader);
std::string_view Name(LogLevel level);  // "debug" "info" "warn" "error"

void Log(LogLevel level, std::string_view text);
inline void LogDebug(std::string_view text) { Log(LogLevel::kDebug, text); }
inline void LogInfo(std::string_view text) { Log(LogLevel::kInfo, text); }
inline void LogWarn(std::string_view text) { Log(LogLevel::kWarn, text); }
inline void LogError(std::string_view text) { Log(LogLevel::kError, text); }

}  // namespace sfp
