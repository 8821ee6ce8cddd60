#pragma once

// Writes indented JSON in the order of the calls, with numbers as people would write them: rounded
// to three decimals, no exponent, no trailing zeros. The order and the numbers are fixed, so that
// two reports of the same run are equal byte for byte.
//
// Containers opened with kInline go on one line. Thread: confined to its caller.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::report {

class JsonWriter {
 public:
  enum Layout { kLines, kInline };

  void BeginObject(Layout layout = kLines) { Begin('{', layout); }
  void EndObject() { End('}'); }
  void BeginArray(Layout layout = kLines) { Begin('[', layout); }
  void EndArray() { End(']'); }
  JsonWriter& Key(std::string_view key);

  void Value(std::string_view text);
  void Value(const char* text) { Value(std::string_view(text)); }
  void Value(bool value);
  void Value(std::uint64_t value);
  void Value(std::uint32_t value) { Value(std::uint64_t{value}); }
  void Value(double value);  // null if not finite
  template <typename T>
  void Value(const std::optional<T>& value) {
    if (value) {
      Value(*value);
    } else {
      Null();
    }
  }
  void TextOrNull(std::string_view text) { text.empty() ? Null() : Value(text); }
  void Null();

  // The text so far, with a line break at its end.
  std::string Take();

 private:
  void Begin(char open, Layout layout);
  void End(char close);
  void Separate();

  struct Level {
    Layout layout;
    bool empty = true;
  };
  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

// The number as it stands in JSON, Markdown and CSV: at most `decimals` of them.
std::string FormatNumber(double value, int decimals = 3);

}  // namespace sfp::report
