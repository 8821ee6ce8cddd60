#include "master/report/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "common/base/text.h"

namespace sfp::report {

std::string FormatNumber(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals);
  std::string out(buffer.data(), end.ptr);
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out == "-0" ? "0" : out;
}

void JsonWriter::Separate() {
  if (std::exchange(after_key_, false) || levels_.empty()) return;
  Level& level = levels_.back();
  if (!level.empty) out_ += level.layout == kInline ? ", " : ",";
  if (level.layout == kLines) out_ += "\n" + std::string(2 * levels_.size(), ' ');
  level.empty = false;
}

void JsonWriter::Begin(char open, Layout layout) {
  Separate();
  out_ += open;
  const bool within_line = !levels_.empty() && levels_.back().layout == kInline;
  levels_.push_back({within_line ? kInline : layout});
}

void JsonWriter::End(char close) {
  const Level level = levels_.back();
  levels_.pop_back();
  if (level.layout == kLines && !level.empty) out_ += "\n" + std::string(2 * levels_.size(), ' ');
  out_ += close;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Value(key);
  out_ += ": ";
  after_key_ = true;
  return *this;
}

void JsonWriter::Value(std::string_view text) {
  Separate();
  out_ += '"';
  AppendJsonEscaped(out_, text);
  out_ += '"';
}

void JsonWriter::Value(bool value) {
  Separate();
  out_ += value ? "true" : "false";
}

void JsonWriter::Value(std::uint64_t value) {
  Separate();
  out_ += std::to_string(value);
}

void JsonWriter::Value(double value) {
  Separate();
  out_ += std::isfinite(value) ? FormatNumber(value) : "null";
}

void JsonWriter::Null() {
  Separate();
  out_ += "null";
}

std::string JsonWriter::Take() { return std::exchange(out_, {}) + "\n"; }

}  // namespace sfp::report
