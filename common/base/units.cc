#include "common/base/units.h"

#include <absl/strings/match.h>
#include <absl/strings/str_format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <span>

namespace sfp {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A decimal number at the front of `text`, which is shortened by it.
bool TakeNumber(std::string_view& text, double& value) {
  std::size_t n = 0;
  while (n < text.size() && (IsDigit(text[n]) || text[n] == '.')) ++n;
  const auto [end, error] = std::from_chars(text.data(), text.data() + n, value);
  if (n == 0 || error != std::errc() || end != text.data() + n) return false;
  text.remove_prefix(n);
  return true;
}

const Unit* TakeUnit(std::string_view& text, std::span<const Unit> units) {
  std::size_t n = 0;
  while (n < text.size() && !IsDigit(text[n]) && text[n] != '.') ++n;
  for (const Unit& unit : units) {
    if (text.substr(0, n) == unit.name) {
      text.remove_prefix(n);
      return &unit;
    }
  }
  return nullptr;
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

StatusOr<Duration> ParseDuration(std::string_view text) {
  static constexpr Unit kUnits[] = {{"h", 3600e9}, {"m", 60e9}, {"s", 1e9},
                                    {"ms", 1e6},   {"us", 1e3}, {"ns", 1}};
  if (text == "0") return Duration(0);
  const std::string_view whole = text;
  double total_ns = 0;
  double last_factor = std::numeric_limits<double>::infinity();
  while (!text.empty()) {
    double value = 0;
    const Unit* unit = nullptr;
    if (!TakeNumber(text, value) || (unit = TakeUnit(text, kUnits)) == nullptr ||
        unit->factor >= last_factor) {
      total_ns = -1;
      break;
    }
    last_factor = unit->factor;
    total_ns += value * unit->factor;
  }
  if (whole.empty() || total_ns < 0) {
    return Invalid(Quoted(whole) + " is not a duration such as 250ms, 5s or 1m30s");
  }
  if (total_ns > 9e18) return Invalid(Quoted(whole) + " is longer than 285 years");
  return Duration(std::llround(total_ns));
}

StatusOr<double> ParseRate(std::string_view text) {
  static constexpr Unit kUnits[] = {{"/s", 1}, {"/m", 1.0 / 60}, {"/h", 1.0 / 3600}};
  const std::string_view whole = text;
  double value = 0;
  const Unit* unit = nullptr;
  if (!TakeNumber(text, value) || (unit = TakeUnit(text, kUnits)) == nullptr || !text.empty()) {
    return Invalid(Quoted(whole) + " is not a rate such as 200/s or 600/m");
  }
  return value * unit->factor;
}

StatusOr<std::uint64_t> ParseBytes(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},     {"B", 1},      {"KB", 1e3},      {"MB", 1e6},
                                    {"GB", 1e9}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
  const std::string_view whole = text;
  double value = 0;
  const Unit* unit = nullptr;
  if (!TakeNumber(text, value) || (unit = TakeUnit(text, kUnits)) == nullptr || !text.empty() ||
      value * unit->factor > 1e18) {
    return Invalid(Quoted(whole) + " is not a size such as 512, 64KB or 1MiB");
  }
  return static_cast<std::uint64_t>(std::llround(value * unit->factor));
}

StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const auto wrong = [&] {
    return Invalid(Quoted(text) + " is not HOST:PORT, such as 127.0.0.1:5557 or [::1]:5557");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  HostPort result;
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (host.empty() || port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return wrong();
  }
  result.host = host;
  return result;
}

bool IsLoopback(std::string_view host) {
  if (absl::EqualsIgnoreCase({host.data(), host.size()}, "localhost")) return true;
  return host == "::1" || (host.starts_with("127.") &&
                           host.find_first_not_of("0123456789.") == std::string_view::npos);
}

std::string FormatDuration(Duration d) {
  if (d.count() < 0) return "-" + FormatDuration(-d);
  static constexpr struct {
    std::int64_t ns;
    const char* name;
  } kParts[] = {{3'600'000'000'000, "h"}, {60'000'000'000, "m"}, {1'000'000'000, "s"},
                {1'000'000, "ms"},        {1'000, "us"},         {1, "ns"}};
  std::string text;
  std::int64_t rest = d.count();
  for (const auto& part : kParts) {
    if (rest >= part.ns) text += absl::StrFormat("%d%s", rest / part.ns, part.name);
    rest %= part.ns;
  }
  return text.empty() ? "0s" : text;
}

std::string HumanDuration(Duration d) {
  const double s = Seconds(d);
  if (s < 0) return "-" + HumanDuration(-d);
  if (s == 0) return "0 s";
  if (s < 1e-3) return absl::StrFormat("%.0f us", s * 1e6);
  if (s < 1) return absl::StrFormat("%.3g ms", s * 1e3);
  if (s < 60) return absl::StrFormat("%.3g s", s);
  const std::int64_t whole = std::llround(s);
  if (whole < 3600) return absl::StrFormat("%dm %02ds", whole / 60, whole % 60);
  return absl::StrFormat("%dh %02dm", whole / 3600, whole / 60 % 60);
}

}  // namespace sfp
