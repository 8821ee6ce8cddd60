#include <algorithm>
#include <array>

#include "common/scenario/cookies.h"

namespace sfp::scenario {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsDelimiter(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == 0x09 || (u >= 0x20 && u <= 0x2f) || (u >= 0x3b && u <= 0x40) ||
         (u >= 0x5b && u <= 0x60) || (u >= 0x7b && u <= 0x7e);
}

// `least` to `most` digits at the front of `text`, with no digit behind them; -1 if there are
// others.
int TakeDigits(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t n = 0;
  int value = 0;
  while (n < text.size() && n < most && IsDigit(text[n])) value = value * 10 + (text[n++] - '0');
  if (n < least || (n < text.size() && IsDigit(text[n]))) return -1;
  text.remove_prefix(n);
  return value;
}

// The date's fields, each taken from the first token that has its form.
struct Fields {
  int hour = -1, minute = -1, second = -1, day = -1, month = -1, year = -1;

  bool TakeClock(std::string_view token) {
    const int h = TakeDigits(token, 1, 2);
    if (h < 0 || !token.starts_with(':')) return false;
    token.remove_prefix(1);
    const int m = TakeDigits(token, 1, 2);
    if (m < 0 || !token.starts_with(':')) return false;
    token.remove_prefix(1);
    const int s = TakeDigits(token, 1, 2);
    if (s < 0) return false;
    hour = h, minute = m, second = s;
    return true;
  }

  bool TakeMonth(std::string_view token) {
    static constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (token.size() < 3) return false;
    const char name[] = {Lower(token[0]), Lower(token[1]), Lower(token[2])};
    for (int i = 0; i < 12; ++i) {
      if (kMonths.substr(i * 3, 3) == std::string_view(name, 3)) {
        month = i + 1;
        return true;
      }
    }
    return false;
  }

  void Take(std::string_view token) {
    if (hour < 0 && TakeClock(token)) return;
    std::string_view rest = token;
    if (day < 0 && (day = TakeDigits(rest, 1, 2)) >= 0) return;
    if (month < 0 && TakeMonth(token)) return;
    rest = token;
    if (year < 0 && (year = TakeDigits(rest, 2, 4)) >= 0) {
      if (year < 70) year += 2000;
      if (year < 100) year += 1900;
    }
  }
};

}  // namespace

std::optional<Duration> ParseCookieDate(std::string_view text) {
  Fields fields;
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && IsDelimiter(text[at])) ++at;
    const std::size_t begin = at;
    while (at < text.size() && !IsDelimiter(text[at])) ++at;
    if (at > begin) fields.Take(text.substr(begin, at - begin));
  }
  if (fields.hour < 0 || fields.day < 0 || fields.month < 0 || fields.year < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(fields.year),
                                         std::chrono::month(static_cast<unsigned>(fields.month)),
                                         std::chrono::day(static_cast<unsigned>(fields.day))};
  if (!date.ok() || fields.year < 1601 || fields.hour > 23 || fields.minute > 59 ||
      fields.second > 59) {
    return std::nullopt;
  }
  // Over is over: no date before 1970 is told from another. Nanoseconds in 64 bits reach to 2262.
  if (fields.year < 1970) return Duration(0);
  if (fields.year > 2260) return Duration::max();
  return std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(fields.hour) +
         std::chrono::minutes(fields.minute) + std::chrono::seconds(fields.second);
}

}  // namespace sfp::scenario
