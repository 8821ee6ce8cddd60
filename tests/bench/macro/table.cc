#include "tests/bench/macro/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace sfp::bench {
namespace {

// Three digits that mean something, more if they stand before the point.
std::string Number(double value) {
  char text[32];
  const double size = std::abs(value);
  const int places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  std::snprintf(text, sizeof text, "%.*f", places, value);
  return text;
}

std::string Text(const Range& range) { return Number(range.low) + ".." + Number(range.high); }

using Cells = std::array<std::string, 6>;

Cells CellsOf(const Row& row) {
  if (row.values.empty()) return {row.name, row.what, "-", "", "", row.target + "  " + row.note};
  const auto met = Meets(row);
  return {row.name,
          row.what,
          Number(Median(row.values)),
          row.values.size() > 1 ? Text(Spread(row.values)) : "",
          row.noise ? Text(*row.noise) : "",
          row.target + (met ? *met ? "  met" : "  missed" : "")};
}

// Characters as they appear, for UTF-8.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Range Spread(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

std::optional<bool> Meets(const Row& row) {
  if (row.target.empty() || row.values.empty()) return std::nullopt;
  const double limit = std::stod(row.target.substr(row.target.find(' ')));
  const double median = Median(row.values);
  return row.target.starts_with("≥")   ? median >= limit
         : row.target.starts_with("≤") ? median <= limit
                                       : median < limit;
}

std::string FormatTable(const std::vector<Row>& rows) {
  std::vector<Cells> lines = {{"case", "figure", "median", "min..max", "noise", "target"}};
  for (const Row& row : rows) lines.push_back(CellsOf(row));
  std::array<std::size_t, 6> widths{};
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], Width(cells[i]));
    }
  }
  std::string text;
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - Width(cells[i]), ' ');
      const bool right = i >= 2 && i <= 4;
      text += right ? padding + cells[i] : i + 1 < cells.size() ? cells[i] + padding : cells[i];
      text += i + 1 < cells.size() ? "  " : "\n";
    }
  }
  return text;
}

boost::json::array ToJson(const std::vector<Row>& rows) {
  boost::json::array all;
  for (const Row& row : rows) {
    boost::json::object out{{"case", row.name}, {"figure", row.what}};
    out["median"] = nullptr;
    out["values"] = boost::json::array(row.values.begin(), row.values.end());
    if (!row.values.empty()) {
      const Range spread = Spread(row.values);
      out["median"] = Median(row.values);
      out["min"] = spread.low;
      out["max"] = spread.high;
    }
    if (row.noise) out["noise"] = {row.noise->low, row.noise->high};
    if (!row.target.empty()) out["target"] = row.target;
    if (const auto met = Meets(row)) out["met"] = *met;
    if (!row.note.empty()) out["note"] = row.note;
    all.push_back(std::move(out));
  }
  return all;
}

}  // namespace sfp::bench
