#include "common/base/wall_clock.h"

#include <absl/strings/str_format.h>
#include <time.h>

#include <cstdlib>

namespace sfp {

std::optional<std::int64_t> ParseRfc3339(const std::string& text) {
  tm utc{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  const double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0;
  return static_cast<std::int64_t>(timegm(&utc)) * 1'000'000'000 +
         static_cast<std::int64_t>(fraction * 1e9 + 0.5);
}

std::string FormatRfc3339(std::int64_t ns) {
  std::int64_t ms = ns / 1'000'000 - (ns % 1'000'000 < 0 ? 1 : 0);
  std::int64_t part = ms % 1000;
  if (part < 0) part += 1000;
  const time_t seconds = static_cast<time_t>((ms - part) / 1000);
  tm utc;
  gmtime_r(&seconds, &utc);
  char day[32];
  strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
  return day + absl::StrFormat(".%03dZ", part);
}

}  // namespace sfp
