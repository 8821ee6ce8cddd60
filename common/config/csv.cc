#include "common/config/csv.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/config/values.h"
#include "common/config/yaml.h"

namespace sfp::config {
namespace {

// Takes the file byte by byte; the states are those of RFC 4180's grammar.
class Reader {
 public:
  explicit Reader(std::string_view column) : column_(column) {}

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

  CsvColumn out;

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
    if (!header_done_ || field_ == wanted_) text_ += c;
  }

  void EndField() {
    if (!header_done_) {
      names_.push_back(text_);
    } else if (field_ == wanted_) {
      if (FindNonText(text_) != std::string_view::npos) {
        return Fail("line " + std::to_string(line_) + " is not UTF-8 text");
      }
      found_ = true;
      value_ = text_;
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
    } else if (!found_) {
      Fail("line " + std::to_string(line_) + " has only " + std::to_string(field_) + " of the " +
           std::to_string(names_.size()) + " columns");
    } else if (out.values.size() == kMostCsvRows) {
      Fail("it has more than " + std::to_string(kMostCsvRows) + " rows");
    } else {
      out.values.push_back(std::move(value_));
    }
    field_ = 0;
    found_ = false;
  }

  void EndHeader() {
    header_done_ = true;
    if (names_[0].starts_with("\xef\xbb\xbf")) names_[0].erase(0, 3);
    for (const std::string& name : names_) {
      if (FindNonText(name) != std::string_view::npos) return Fail("its header is not UTF-8 text");
    }
    if (column_.empty() && names_.size() == 1) return;
    const auto name = std::find(names_.begin(), names_.end(), column_);
    wanted_ = static_cast<std::size_t>(name - names_.begin());
    if (name != names_.end() && !column_.empty()) return;
    out.no_such_column = true;
    std::string all;
    for (const std::string& known : names_) all += (all.empty() ? "'" : ", '") + known + "'";
    if (column_.empty()) return Fail("it has several columns; which of " + all + " is it?");
    const std::string suggestion = Suggest(column_, names_);
    Fail("it has no column '" + std::string(column_) + "'" +
         (suggestion.empty() ? "; its columns are " + all : suggestion));
  }

  std::string_view column_;
  std::vector<std::string> names_;
  bool header_done_ = false;
  std::size_t wanted_ = 0;
  State state_ = State::kStart;
  bool was_quoted_ = false;
  std::size_t field_ = 0;
  bool found_ = false;
  std::string text_;
  std::string value_;
  std::size_t line_ = 1;
  std::size_t quote_line_ = 0;
};

}  // namespace

CsvColumn ReadCsvColumn(const std::string& path, std::string_view column) {
  Reader reader(column);
  const auto fail = [&](std::string error) {
    reader.out.error = std::move(error);
    return std::move(reader.out);
  };
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return fail(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return fail("it is a directory");
  if (status.st_size > static_cast<off_t>(kMostCsvBytes)) return fail("it is larger than 1 GB");
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return fail(std::strerror(errno));
  std::size_t total = 0;
  char block[65536];
  while (const std::size_t n = std::fread(block, 1, sizeof block, file.get())) {
    if ((total += n) > kMostCsvBytes) return fail("it is larger than 1 GB");
    if (!reader.Take({block, n})) return std::move(reader.out);
  }
  if (std::ferror(file.get())) return fail(std::strerror(errno));
  reader.Finish();
  return std::move(reader.out);
}

}  // namespace sfp::config
