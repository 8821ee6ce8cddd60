#include "common/config/threshold.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "common/base/units.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

struct Metric {
  std::string_view name;
  Unit unit;
};

constexpr Metric kMetrics[] = {
    {"avg", Unit::kDuration},    {"min", Unit::kDuration},      {"max", Unit::kDuration},
    {"p50", Unit::kDuration},    {"p66", Unit::kDuration},      {"p75", Unit::kDuration},
    {"p80", Unit::kDuration},    {"p90", Unit::kDuration},      {"p95", Unit::kDuration},
    {"p98", Unit::kDuration},    {"p99", Unit::kDuration},      {"p99.9", Unit::kDuration},
    {"p99.99", Unit::kDuration}, {"failures", Unit::kPercent},  {"rps", Unit::kRate},
    {"requests", Unit::kNumber}, {"succeeded", Unit::kNumber},  {"failed", Unit::kNumber},
    {"started", Unit::kNumber},  {"in_flight", Unit::kNumber},  {"dropped", Unit::kNumber},
    {"skipped", Unit::kNumber},  {"reconnects", Unit::kNumber}, {"knee", Unit::kUsers},
    {"max_rps", Unit::kRate},    {"servers", Unit::kNumber},
};
constexpr std::string_view kIntended = "intended_";

std::optional<Unit> UnitOf(std::string_view metric) {
  const bool intended = metric.starts_with(kIntended);
  if (intended) metric.remove_prefix(kIntended.size());
  for (const Metric& known : kMetrics) {
    if (known.name == metric && (!intended || known.unit == Unit::kDuration)) return known.unit;
  }
  return std::nullopt;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::optional<double> PlainNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0) return std::nullopt;
  return value;
}

StatusOr<double> ParseValue(std::string_view metric, Unit unit, std::string_view text) {
  const std::string name(metric);
  const std::string quoted = "'" + std::string(text) + "'";
  std::optional<double> value;
  switch (unit) {
    case Unit::kDuration: {
      const auto duration = ParseDuration(text);
      if (duration.ok()) return Millis(*duration);
      return Invalid(name + " is compared with a duration such as 500ms or 3s, not " + quoted);
    }
    case Unit::kPercent:
      if (text.ends_with('%')) value = PlainNumber(Trim(text.substr(0, text.size() - 1)));
      if (value && *value <= 100) return *value;
      return Invalid(name + " is compared with a percentage such as 1%, not " + quoted);
    case Unit::kRate:
      value = PlainNumber(text);
      if (!value) {
        if (const auto rate = ParseRate(text); rate.ok()) value = *rate;
      }
      break;
    case Unit::kUsers:
      if (text.ends_with("users")) text = Trim(text.substr(0, text.size() - 5));
      [[fallthrough]];
    case Unit::kNumber:
      value = PlainNumber(text);
      break;
  }
  if (value) return *value;
  return Invalid(name + " is compared with a number, not " + quoted);
}

StatusOr<Unit> FindUnit(std::string_view metric) {
  if (metric.empty()) return Invalid("the metric is missing, such as p95 in 'p95 < 500ms'");
  if (const auto unit = UnitOf(metric)) return *unit;
  std::vector<std::string> known;
  std::string all;
  for (const Metric& each : kMetrics) {
    known.emplace_back(each.name);
    all += (all.empty() ? "" : ", ") + known.back();
  }
  const std::string suggestion = Suggest(metric, known);
  return Invalid("unknown metric '" + std::string(metric) + "'" +
                 (suggestion.empty() ? "; the metrics are " + all +
                                           ", and intended_avg … of the "
                                           "intended response time"
                                     : suggestion));
}

std::string Human(Unit unit, double value) {
  switch (unit) {
    case Unit::kDuration:
      return HumanDuration(FromSeconds(value / 1000));
    case Unit::kPercent:
      return absl::StrFormat("%.4g %%", value);
    case Unit::kRate:
      return absl::StrFormat("%.4g/s", value);
    case Unit::kUsers:
      return absl::StrFormat("%.0f users", value);
    case Unit::kNumber:
      break;
  }
  return absl::StrFormat("%.15g", value);
}

std::string_view Sign(Threshold::Comparison comparison) {
  switch (comparison) {
    case Threshold::Comparison::kLess:
      return "<";
    case Threshold::Comparison::kLessOrEqual:
      return "<=";
    case Threshold::Comparison::kGreater:
      return ">";
    case Threshold::Comparison::kGreaterOrEqual:
      break;
  }
  return ">=";
}

}  // namespace

StatusOr<Threshold> ParseThreshold(std::string_view text) {
  Threshold threshold;
  threshold.text = text;
  // An endpoint's name may hold anything, so the comparison is looked for from the end.
  const std::size_t sign = text.find_last_of("<>");
  if (sign == std::string_view::npos) {
    return Invalid("'" + std::string(text) +
                   "' is not a threshold such as 'p95 < 500ms' or 'by_term: failures < 1%'");
  }
  const bool or_equal = text.substr(sign + 1).starts_with('=');
  using Comparison = Threshold::Comparison;
  threshold.comparison = text[sign] == '<'
                             ? (or_equal ? Comparison::kLessOrEqual : Comparison::kLess)
                             : (or_equal ? Comparison::kGreaterOrEqual : Comparison::kGreater);
  std::string_view metric = Trim(text.substr(0, sign));
  if (const std::size_t colon = metric.rfind(':'); colon != std::string_view::npos) {
    threshold.endpoint = Trim(metric.substr(0, colon));
    metric = Trim(metric.substr(colon + 1));
    if (threshold.endpoint.empty()) return Invalid("the endpoint in front of ':' is missing");
  }
  const auto unit = FindUnit(metric);
  if (!unit.ok()) return unit.status();
  threshold.metric = metric;
  threshold.unit = *unit;
  if (OfTheFit(threshold) && !threshold.endpoint.empty()) {
    return Invalid(threshold.metric + " is a figure of the whole sweep, not of one endpoint");
  }
  const auto value = ParseValue(metric, *unit, Trim(text.substr(sign + (or_equal ? 2 : 1))));
  if (!value.ok()) return value.status();
  threshold.value = *value;
  return threshold;
}

bool IsAbout(const Threshold& threshold, std::string_view name, std::string_view method) {
  const std::string_view endpoint = threshold.endpoint;
  return endpoint == name ||
         (endpoint.size() == method.size() + 1 + name.size() && endpoint.starts_with(method) &&
          endpoint[method.size()] == ' ' && endpoint.ends_with(name));
}

bool OfTheFit(const Threshold& threshold) {
  return threshold.metric == "knee" || threshold.metric == "max_rps" ||
         threshold.metric == "servers";
}

std::string Sentence(const Threshold& threshold, std::optional<double> measured) {
  std::string what = threshold.metric;
  if (!threshold.endpoint.empty()) what += " of " + threshold.endpoint;
  if (!measured) return what + ": not measured";
  const bool holds = Holds(threshold, *measured);
  return absl::StrFormat("%s: %s, %s%s %s", what, Human(threshold.unit, *measured),
                         holds ? "" : "not ", Sign(threshold.comparison),
                         Human(threshold.unit, threshold.value));
}

bool Holds(const Threshold& threshold, double measured) {
  switch (threshold.comparison) {
    case Threshold::Comparison::kLess:
      return measured < threshold.value;
    case Threshold::Comparison::kLessOrEqual:
      return measured <= threshold.value;
    case Threshold::Comparison::kGreater:
      return measured > threshold.value;
    case Threshold::Comparison::kGreaterOrEqual:
      return measured >= threshold.value;
  }
  return false;
}

}  // namespace sfp::config
