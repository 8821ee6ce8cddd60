#include "common/scenario/matcher.h"

#include <limits>
#include <regex>
#include <string>

namespace sfp::scenario {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
using Set = std::bitset<256>;

void AddRange(Set& set, unsigned char first, unsigned char last) {
  for (unsigned c = first; c <= last; ++c) set.set(c);
}

// \d \D \w \W \s \S, or nothing.
std::optional<Set> NamedClass(char letter) {
  Set set;
  switch (letter) {
    case 'd':
    case 'D':
      AddRange(set, '0', '9');
      break;
    case 'w':
    case 'W':
      AddRange(set, '0', '9');
      AddRange(set, 'a', 'z');
      AddRange(set, 'A', 'Z');
      set.set('_');
      break;
    case 's':
    case 'S':
      for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'})
        set.set(static_cast<unsigned char>(c));
      break;
    default:
      return std::nullopt;
  }
  return letter < 'a' ? ~set : set;
}

}  // namespace

struct Matcher::General {
  std::regex regex;
};

Matcher::Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

// Reads an expression into items; gives up (false) at the first thing that is not a simple item, or
// that is no good expression: std::regex then decides.
class Matcher::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool Parse(Matcher& out) {
    if (Take('^')) out.from_start_ = true;
    while (!rest_.empty()) {
      if (rest_ == "$") {
        out.to_end_ = true;
        return true;
      }
      Item item;
      if (!ParseSet(item.set) || !ParseCount(item)) return false;
      out.items_.push_back(item);
    }
    return true;
  }

 private:
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char Next() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  bool ParseSet(Set& set) {
    const char c = Next();
    switch (c) {
      case '.':
        set.set();
        set.reset('\n');
        set.reset('\r');
        return true;
      case '[':
        return ParseClass(set);
      case '\\':
        return ParseEscape(set);
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
      case '(':
      case ')':
      case '{':
      case '}':
      case ']':
      case '|':
        return false;
      default:
        set.set(static_cast<unsigned char>(c));
        return true;
    }
  }

  // Behind a backslash: a named class, or a punctuation character that stands for itself.
  bool ParseEscape(Set& set) {
    if (rest_.empty()) return false;
    const char c = Next();
    if (const auto named = NamedClass(c)) {
      set |= *named;
      return true;
    }
    static constexpr std::string_view kLetters = "nrtfv";
    static constexpr std::string_view kControls = "\n\r\t\f\v";
    if (const std::size_t control = kLetters.find(c); control != kNowhere) {
      set.set(static_cast<unsigned char>(kControls[control]));
      return true;
    }
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x21 || u > 0x7e || NamedOrLetter(c)) return false;
    set.set(u);
    return true;
  }
  static bool NamedOrLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  bool ParseClass(Set& set) {
    const bool negated = Take('^');
    if (rest_.starts_with(']')) return false;
    while (!rest_.empty() && rest_[0] != ']') {
      if (rest_[0] == '\\') {
        rest_.remove_prefix(1);
        if (!ParseEscape(set)) return false;
        if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') return false;
        continue;
      }
      const bool last_hyphen = rest_.starts_with("-]");
      if (rest_[0] == '[' || (rest_[0] == '-' && !last_hyphen)) return false;  // [:alpha:] and such
      const auto first = static_cast<unsigned char>(Next());
      auto last = first;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        last = static_cast<unsigned char>(Next());
        if (last < first || last == '\\' || last == '[') return false;
      }
      AddRange(set, first, last);
    }
    if (!Take(']')) return false;
    if (negated) set.flip();
    return true;
  }

  bool ParseCount(Item& item) {
    if (Take('?')) {
      item.least = 0;
    } else if (Take('*')) {
      item.least = 0, item.most = kUnbounded;
    } else if (Take('+')) {
      item.most = kUnbounded;
    } else if (Take('{')) {
      if (!ParseNumber(item.least)) return false;
      item.most = item.least;
      if (Take(',')) {
        item.most = kUnbounded;
        if (!rest_.starts_with('}') && !ParseNumber(item.most)) return false;
      }
      if (!Take('}') || item.most < item.least) return false;
    }
    // Lazy repeats and repeats of repeats are left to std::regex.
    return rest_.empty() || std::string_view("?*+{").find(rest_[0]) == kNowhere;
  }

  bool ParseNumber(std::uint32_t& value) {
    std::size_t digits = 0;
    value = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9' && digits < 5; ++digits) {
      value = value * 10 + static_cast<std::uint32_t>(Next() - '0');
    }
    return digits > 0;
  }

  std::string_view rest_;
};

StatusOr<Matcher> Matcher::Compile(std::string_view expression) {
  // std::regex is the judge of what is an expression, also of those that run without it.
  auto general = std::make_unique<General>();
  try {
    general->regex.assign(expression.begin(), expression.end(), std::regex::ECMAScript);
  } catch (const std::regex_error& error) {
    return Invalid("'" + std::string(expression) +
                   "' is not a regular expression: " + error.what());
  }
  Matcher matcher;
  matcher.everything_ = false;
  if (!Parser(expression).Parse(matcher)) {
    matcher = Matcher();
    matcher.everything_ = false;
    matcher.general_ = std::move(general);
  }
  return matcher;
}

std::size_t Matcher::MatchFrom(std::string_view value, std::size_t at, std::size_t item) const {
  for (; item < items_.size(); ++item) {
    const Item& now = items_[item];
    std::size_t longest = 0;
    while (longest < now.most && at + longest < value.size() &&
           now.set.test(static_cast<unsigned char>(value[at + longest]))) {
      ++longest;
    }
    if (longest < now.least) return kNowhere;
    if (now.most == now.least) {  // nothing to try
      at += now.least;
      continue;
    }
    for (std::size_t count = longest + 1; count-- > now.least;) {
      const std::size_t end = MatchFrom(value, at + count, item + 1);
      if (end != kNowhere) return end;
    }
    return kNowhere;
  }
  return !to_end_ || at == value.size() ? at : kNowhere;
}

std::optional<std::string_view> Matcher::Find(std::string_view value) const {
  if (everything_) return value;
  if (value.size() > kMostBytes) return std::nullopt;
  if (general_ != nullptr) {
    std::cmatch match;
    if (!std::regex_search(value.data(), value.data() + value.size(), match, general_->regex)) {
      return std::nullopt;
    }
    return value.substr(static_cast<std::size_t>(match.position(0)),
                        static_cast<std::size_t>(match.length(0)));
  }
  const std::size_t last_start = from_start_ ? 0 : value.size();
  for (std::size_t start = 0; start <= last_start; ++start) {
    const std::size_t end = MatchFrom(value, start, 0);
    if (end != kNowhere) return value.substr(start, end - start);
  }
  return std::nullopt;
}

}  // namespace sfp::scenario
