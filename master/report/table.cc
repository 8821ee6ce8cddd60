#include "master/report/table.h"

#include <algorithm>

namespace sfp::report {
namespace {

// Columns on a terminal, as far as one code point takes one.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

}  // namespace

std::string Table::Text(bool sum) const {
  std::vector<std::size_t> widths(rows_[0].size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::size_t whole = 0;
  for (const std::size_t width : widths) whole += width + 2;
  const std::string rule = std::string(whole - 2, '-') + "\n";
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    if (r == 1 || (sum && r > 1 && r + 1 == rows_.size())) out += rule;
    std::string line;
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string padding(widths[i] - Width(rows_[r][i]), ' ');
      if (i > 0) line += "  ";
      line += i < left_ ? rows_[r][i] + padding : padding + rows_[r][i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string Table::Markdown() const {
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (const std::string& cell : rows_[r]) out += "| " + EscapeMarkdown(cell) + " ";
    out += "|\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < rows_[0].size(); ++i) out += i < left_ ? "|---" : "|---:";
    out += "|\n";
  }
  return out;
}

std::string EscapeMarkdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '\n':
      case '\r':
        out += ' ';
        break;
      case '|':
      case '\\':
      case '`':
      case '*':
      case '_':
      case '[':
      case ']':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace sfp::report
