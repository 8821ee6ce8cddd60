#include <algorithm>
#include <iterator>

#include "common/config/blocks.h"
#include "common/config/values.h"
#include "common/config/yaml.h"

namespace sfp::config {
namespace {

// Takes the file byte by byte; the states are those of RFC 4180's grammar.
class Reader {
 public:
  explicit Reader(std::span<const std::string> columns) : columns_(columns) {}

  // False once there is an error.
  bool Take(std::string_view block) {
    for (const char c : block) {
      if (!out.error.empty()) return false;
      TakeByte(c);
    }
    return out.error.empty();
  }

  void Finish() {
    if (!out.error.empty()) return;
    if (state_ == State::kQuoted) {
      return Fail("the quote that opens on line " + std::to_string(quote_line_) +
                  " is never closed");
    }
    if (state_ != State::kStart || field_ > 0) EndRow();
    if (!out.error.empty()) return;
    if (!header_done_) return Fail("it is empty; its first line has to name the columns");
    if (out.values.empty()) Fail("it has a header but no rows");
  }

  Rows out;

 private:
  enum class State { kStart, kPlain, kQuoted, kQuoteInQuoted };

  void Fail(std::string error) { out.error = std::move(error); }

  void TakeByte(char c) {
    if (state_ == State::kQuoted) {
      if (c == '"') {
        state_ = State::kQuoteInQuoted;
      } else {
        if (c == '\n') ++line_;
        Keep(c);
      }
      return;
    }
    if (state_ == State::kQuoteInQuoted && c == '"') {
      Keep('"');
      state_ = State::kQuoted;
      return;
    }
    if (c == '"' && state_ == State::kStart) {
      state_ = State::kQuoted;
      quote_line_ = line_;
      was_quoted_ = true;
    } else if (c == ',') {
      EndField();
    } else if (c == '\n') {
      if (state_ == State::kStart && field_ == 0 && !was_quoted_) {
        ++line_;  // an empty line
      } else {
        EndRow();
        ++line_;
      }
    } else if (c == '\r') {
      // Part of the line's end; RFC 4180 has no other use for it outside of quotes.
    } else if (state_ == State::kQuoteInQuoted) {
      Fail("line " + std::to_string(line_) + " has text behind a closing quote");
    } else {
      state_ = State::kPlain;
      Keep(c);
    }
  }

  void Keep(char c) {
    if (!header_done_ || Wanted()) text_ += c;
  }

  // Whether the field at hand is kept.
  bool Wanted() const { return field_ < columns_of_.size() && columns_of_[field_] != kNoColumn; }

  void EndField() {
    if (!header_done_) {
      names_.push_back(text_);
    } else if (Wanted()) {
      if (FindNonText(text_) != std::string_view::npos) {
        return Fail("line " + std::to_string(line_) + " is not UTF-8 text");
      }
      ++found_;
      row_[columns_of_[field_]] = text_;
    }
    text_.clear();
    ++field_;
    state_ = State::kStart;
    was_quoted_ = false;
  }

  void EndRow() {
    EndField();
    if (!out.error.empty()) return;
    if (!header_done_) {
      EndHeader();
    } else if (found_ < row_.size()) {
      Fail("line " + std::to_string(line_) + " has only " + std::to_string(field_) + " of the " +
           std::to_string(names_.size()) + " columns");
    } else if (out.values.size() + row_.size() > kMostRowValues) {
      Fail("it has more than " + std::to_string(kMostRowValues / row_.size()) + " rows");
    } else {
      std::move(row_.begin(), row_.end(), std::back_inserter(out.values));
    }
    field_ = 0;
    found_ = 0;
  }

  void EndHeader() {
    header_done_ = true;
    if (names_[0].starts_with("\xef\xbb\xbf")) names_[0].erase(0, 3);
    for (const std::string& name : names_) {
      if (FindNonText(name) != std::string_view::npos) return Fail("its header is not UTF-8 text");
    }
    columns_of_.assign(names_.size(), kNoColumn);
    row_.resize(std::max<std::size_t>(1, columns_.size()));
    if (columns_.empty()) {
      columns_of_[0] = 0;
      if (names_.size() > 1) Fail("it has several columns; which of " + Names() + " is it?");
      return;
    }
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      const auto name = std::find(names_.begin(), names_.end(), columns_[column]);
      if (name == names_.end()) return NoColumn(column);
      columns_of_[static_cast<std::size_t>(name - names_.begin())] = column;
    }
  }

  void NoColumn(std::size_t column) {
    out.no_such_column = column;
    const std::string suggestion = Suggest(columns_[column], names_);
    Fail("it has no column '" + columns_[column] + "'" +
         (suggestion.empty() ? "; its columns are " + Names() : suggestion));
  }

  std::string Names() const {
    std::string all;
    for (const std::string& known : names_) all += (all.empty() ? "'" : ", '") + known + "'";
    return all;
  }

  static constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

  const std::span<const std::string> columns_;
  std::vector<std::string> names_;
  std::vector<std::size_t> columns_of_;  // by field: its place among `columns_`
  bool header_done_ = false;
  State state_ = State::kStart;
  bool was_quoted_ = false;
  std::size_t field_ = 0;
  std::size_t found_ = 0;  // columns of this row
  std::string text_;
  std::vector<std::string> row_;
  std::size_t line_ = 1;
  std::size_t quote_line_ = 0;
};

}  // namespace

Rows ReadCsv(const std::string& path, std::span<const std::string> columns) {
  return ReadRows<Reader>(path, columns);
}

}  // namespace sfp::config
