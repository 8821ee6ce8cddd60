#include "common/config/threshold.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "common/base/units.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

const std::vector<std::string>& DurationMetrics() {
  static const std::vector<std::string> kNames = {"avg", "min",   "max",   "p50", "p66",
                                                  "p75", "p80",   "p90",   "p95", "p98",
                                                  "p99", "p99.9", "p99.99"};
  return kNames;
}

bool IsDurationMetric(std::string_view metric) {
  const auto& names = DurationMetrics();
  return std::find(names.begin(), names.end(), metric) != names.end();
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

StatusOr<double> ParseValue(std::string_view metric, std::string_view text) {
  const std::string quoted = "'" + std::string(text) + "'";
  if (IsDurationMetric(metric)) {
    const auto duration = ParseDuration(text);
    if (!duration.ok()) {
      return Invalid(std::string(metric) +
                     " is compared with a duration such as 500ms or 3s, not " + quoted);
    }
    return Millis(*duration);
  }
  std::optional<double> value;
  if (metric == "failures") {
    if (text.ends_with('%')) value = PlainNumber(Trim(text.substr(0, text.size() - 1)));
    if (!value || *value > 100) {
      return Invalid("failures is compared with a percentage such as 1%, not " + quoted);
    }
    return *value;
  }
  value = PlainNumber(text);
  if (!value && metric == "rps") {
    if (const auto rate = ParseRate(text); rate.ok()) value = *rate;
  }
  if (!value) return Invalid(std::string(metric) + " is compared with a number, not " + quoted);
  return *value;
}

Status CheckMetric(std::string_view metric) {
  std::vector<std::string> known = DurationMetrics();
  for (const char* other : {"failures", "rps", "requests", "failed"}) known.emplace_back(other);
  if (std::find(known.begin(), known.end(), metric) != known.end()) return Ok();
  if (metric.empty()) return Invalid("the metric is missing, such as p95 in 'p95 < 500ms'");
  std::string all;
  for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
  const std::string suggestion = Suggest(metric, known);
  return Invalid("unknown metric '" + std::string(metric) + "'" +
                 (suggestion.empty() ? "; the metrics are " + all : suggestion));
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
  if (const Status status = CheckMetric(metric); !status.ok()) return status;
  threshold.metric = metric;
  const auto value = ParseValue(metric, Trim(text.substr(sign + (or_equal ? 2 : 1))));
  if (!value.ok()) return value.status();
  threshold.value = *value;
  return threshold;
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
