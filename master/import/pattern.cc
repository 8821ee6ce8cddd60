#include "master/import/pattern.h"

#include <algorithm>
#include <charconv>

#include "common/scenario/matcher.h"

namespace sfp::import {
namespace {

constexpr std::size_t kLongest = 200;
constexpr int kMostDepth = 20;

// Recursive descent; the first thing that is not understood sets failed_.
class Maker {
 public:
  explicit Maker(std::string_view pattern) : rest_(pattern) {}

  std::optional<std::string> Make() {
    std::string text = Alternatives(0);
    if (failed_ || !rest_.empty() || text.size() > kLongest) return std::nullopt;
    return text;
  }

 private:
  std::string Alternatives(int depth) {
    std::string first = Sequence(depth);
    while (!failed_ && rest_.starts_with('|')) {
      rest_.remove_prefix(1);
      Sequence(depth);
    }
    return first;
  }

  std::string Sequence(int depth) {
    if (depth > kMostDepth) failed_ = true;
    std::string out;
    while (!failed_ && !rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      const std::string piece = Piece(depth);
      for (int k = Repeat(); k > 0 && out.size() <= kLongest; --k) out += piece;
    }
    return out;
  }

  char Next() {
    if (rest_.empty()) {
      failed_ = true;
      return 0;
    }
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  std::string Piece(int depth) {
    const char c = Next();
    switch (c) {
      case '^':
      case '$':
        return "";
      case '.':
        return "a";
      case '\\':
        return Escape(Next());
      case '[':
        return Class();
      case '(': {
        if (rest_.starts_with("?:")) {
          rest_.remove_prefix(2);
        } else if (rest_.starts_with('?')) {
          failed_ = true;  // looks ahead or has a name
        }
        std::string group = Alternatives(depth + 1);
        if (Next() != ')') failed_ = true;
        return group;
      }
      case '*':
      case '+':
      case '?':
      case '{':
        failed_ = true;
        return "";
      default:
        return {c};
    }
  }

  std::string Escape(char c) {
    switch (c) {
      case 'd':
        return "1";
      case 'w':
        return "a";
      case 's':
        return " ";
      case 'D':
      case 'S':
        return "a";
      case 'W':
        return "-";
      default:
        break;
    }
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (word) failed_ = true;
    return {c};
  }

  // The first character that a class lists; "a", "1" or "-" if it says which it does not.
  std::string Class() {
    const bool negated = rest_.starts_with('^');
    if (negated) rest_.remove_prefix(1);
    std::string listed;
    for (bool first = true; !failed_ && (first || !rest_.starts_with(']')); first = false) {
      const char c = Next();
      listed += c == '\\' ? Escape(Next()) : std::string(1, c);
      if (rest_.starts_with('-') && rest_.size() > 1 && rest_[1] != ']') {
        rest_.remove_prefix(1);
        const char last = Next();
        for (char k = c; negated && c != '\\' && k < last; ++k) listed += static_cast<char>(k + 1);
      }
    }
    Next();
    if (!negated) return listed.substr(0, 1);
    for (const char c : {'a', '1', '-', ' '}) {
      if (listed.find(c) == std::string::npos) return {c};
    }
    failed_ = true;
    return "";
  }

  // How often, at least; once where nothing is said, and for '*' and '?', not at all.
  int Repeat() {
    int least = 1;
    if (rest_.starts_with('*') || rest_.starts_with('?')) {
      least = 0;
      rest_.remove_prefix(1);
    } else if (rest_.starts_with('+')) {
      rest_.remove_prefix(1);
    } else if (rest_.starts_with('{')) {
      const std::size_t end = rest_.find('}');
      if (end == std::string_view::npos ||
          std::from_chars(rest_.data() + 1, rest_.data() + end, least).ec != std::errc()) {
        failed_ = true;
        return 0;
      }
      rest_.remove_prefix(end + 1);
    }
    if (rest_.starts_with('?')) rest_.remove_prefix(1);  // as few as possible
    return least;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::optional<std::string> SampleOf(std::string_view pattern) {
  if (pattern.size() > 1000) return std::nullopt;
  auto text = Maker(pattern).Make();
  if (!text) return std::nullopt;
  const auto matcher = scenario::Matcher::Compile(std::string(pattern));
  if (!matcher.ok()) return std::nullopt;
  return matcher->Find(*text) ? text : std::nullopt;
}

}  // namespace sfp::import
