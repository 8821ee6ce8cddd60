#pragma once

// A table of text cells, rendered for the terminal (aligned with spaces) or as Markdown. The first
// `left` columns are aligned left, the others right. The last row may be set apart by a rule.
//
// Thread: confined to its caller.

#include <string>
#include <string_view>
#include <vector>

namespace sfp::report {

class Table {
 public:
  Table(std::vector<std::string> header, std::size_t left) : left_(left) {
    rows_.push_back(std::move(header));
  }
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.size() == 1; }

  // `sum`: a rule before the last row.
  std::string Text(bool sum = false) const;
  std::string Markdown() const;

 private:
  std::size_t left_;
  std::vector<std::vector<std::string>> rows_;
};

// Text that shows as itself in a Markdown table cell or paragraph.
std::string EscapeMarkdown(std::string_view text);

}  // namespace sfp::report
