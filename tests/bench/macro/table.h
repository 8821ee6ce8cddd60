#pragma once

// What a case found, and how it is shown: one table for people, one JSON file for programs.
//
// Thread: values.

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sfp::bench {

struct Range {
  double low = 0;
  double high = 0;
};

struct Row {
  std::string name;            // the case
  std::string what;            // the figure, with its unit
  std::vector<double> values;  // one per round; empty: not measured
  std::optional<Range> noise;  // the machine's own, in the same unit
  std::string target;          // "≥ 1.10", or nothing
  std::string note;            // why it was not measured
};

double Median(std::vector<double> values);
Range Spread(const std::vector<double>& values);

// Whether the median meets "≥ 1.10" or "< 5"; nothing if there is no target or no value.
std::optional<bool> Meets(const Row& row);

std::string FormatTable(const std::vector<Row>& rows);
boost::json::array ToJson(const std::vector<Row>& rows);

}  // namespace sfp::bench
