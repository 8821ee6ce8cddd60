#pragma once

// Wall-clock moments as text, RFC 3339 in UTC: "2026-11-23T10:15:00.123Z". In memory a moment is
// nanoseconds since 1970. Times within a run are on the monotonic clock (time.h).
//
// Thread: safe, no state.

#include <cstdint>
#include <optional>
#include <string>

namespace sfp {

// Nothing if it is no such text; a fraction of any length is understood, an offset is not.
std::optional<std::int64_t> ParseRfc3339(const std::string& text);
// With milliseconds.
std::string FormatRfc3339(std::int64_t ns);

}  // namespace sfp
