#include "common/scenario/utc_text.h"

#include <charconv>
#include <chrono>

namespace sfp::scenario {
namespace {

constexpr std::string_view kKnown = "YmdHMSyjaAbBFTLs%";
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

void AppendPadded(std::string& out, std::int64_t number, std::size_t width) {
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  if (count < width) out.append(width - count, '0');
  out.append(digits, count);
}

struct Moment {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::int64_t year_day;  // from 1
  std::int64_t second;    // of the day
  std::int64_t milliseconds;
  std::int64_t since_1970;  // s

  explicit Moment(Duration utc) {
    using std::chrono::days;
    const std::chrono::sys_time<Duration> time(utc);
    const auto day = std::chrono::floor<days>(time);
    date = std::chrono::year_month_day(day);
    weekday = std::chrono::weekday(day);
    const std::chrono::sys_days january_first(date.year() / 1 / 1);
    year_day = (day - january_first).count() + 1;
    second = std::chrono::floor<std::chrono::seconds>(time - day).count();
    since_1970 = std::chrono::floor<std::chrono::seconds>(utc).count();
    milliseconds = std::chrono::floor<std::chrono::milliseconds>(utc).count() - since_1970 * 1000;
  }
};

void AppendField(std::string& out, const Moment& at, char field) {
  const std::int64_t year = static_cast<int>(at.date.year());
  const auto month = static_cast<unsigned>(at.date.month());
  switch (field) {
    case 'Y':
      return AppendPadded(out, year, 4);
    case 'm':
      return AppendPadded(out, month, 2);
    case 'd':
      return AppendPadded(out, static_cast<unsigned>(at.date.day()), 2);
    case 'H':
      return AppendPadded(out, at.second / 3600, 2);
    case 'M':
      return AppendPadded(out, at.second / 60 % 60, 2);
    case 'S':
      return AppendPadded(out, at.second % 60, 2);
    case 'y':
      return AppendPadded(out, year % 100, 2);
    case 'j':
      return AppendPadded(out, at.year_day, 3);
    case 'L':
      return AppendPadded(out, at.milliseconds, 3);
    case 's':
      return AppendPadded(out, at.since_1970, 1);
    case 'a':
    case 'A': {
      const std::string_view name = kDays[at.weekday.c_encoding()];
      out += field == 'a' ? name.substr(0, 3) : name;
      return;
    }
    case 'b':
    case 'B': {
      const std::string_view name = kMonths[month - 1];
      out += field == 'b' ? name.substr(0, 3) : name;
      return;
    }
    case 'F':
    case 'T':
      return AppendUtc(out, Duration(at.since_1970 * 1'000'000'000),
                       field == 'F' ? "%Y-%m-%d" : "%H:%M:%S");
    default:
      out += '%';
  }
}

}  // namespace

Status CheckUtcFormat(std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size()) return Invalid("takes no format that ends with '%'");
    if (kKnown.find(format[i]) == std::string_view::npos) {
      return Invalid("does not know '%" + std::string(1, format[i]) + "' in a format");
    }
  }
  return Ok();
}

void AppendUtc(std::string& out, Duration utc, std::string_view format) {
  const Moment at(utc);
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%') {
      AppendField(out, at, format[++i]);
    } else {
      out += format[i];
    }
  }
}

}  // namespace sfp::scenario
