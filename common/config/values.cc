#include "common/config/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/base/text.h"
#include "common/base/units.h"

namespace sfp::config {
namespace {

template <typename T>
std::optional<T> Number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const std::string* Scalar(const Node* node) {
  return node != nullptr && node->is_scalar() ? &node->value : nullptr;
}

template <typename T>
std::optional<T> Good(const StatusOr<T>& value) {
  return value.ok() ? std::optional(*value) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> ToInteger(std::string_view text) { return Number<std::int64_t>(text); }

std::optional<bool> ToBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<double> ToRate(std::string_view text) {
  auto rate = Number<double>(text);
  if (!rate) rate = Good(ParseRate(text));
  if (!rate || !std::isfinite(*rate) || *rate < 0) return std::nullopt;
  return rate;
}

std::optional<StatusRange> ToStatus(std::string_view text) {
  if (text.size() == 3 && (text.ends_with("xx") || text.ends_with("XX"))) {
    const std::uint32_t hundred = 100 * static_cast<std::uint32_t>(text[0] - '0');
    if (hundred < 100 || hundred > 900) return std::nullopt;
    return StatusRange{hundred, hundred + 99};
  }
  const std::size_t dash = text.find('-');
  const auto first = Number<std::uint32_t>(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : Number<std::uint32_t>(text.substr(dash + 1));
  if (!first || !last || *first < 100 || *last > 999 || *first > *last) return std::nullopt;
  return StatusRange{*first, *last};
}

std::optional<std::string> Text(const Node* node) {
  const std::string* text = Scalar(node);
  return text ? std::optional(*text) : std::nullopt;
}
std::optional<std::int64_t> Integer(const Node* node) {
  const std::string* text = Scalar(node);
  return text ? ToInteger(*text) : std::nullopt;
}
std::optional<bool> Bool(const Node* node) {
  const std::string* text = Scalar(node);
  return text ? ToBool(*text) : std::nullopt;
}
std::optional<double> Rate(const Node* node) {
  const std::string* text = Scalar(node);
  return text ? ToRate(*text) : std::nullopt;
}
std::optional<Duration> DurationOf(const Node* node) {
  const std::string* text = Scalar(node);
  return text ? Good(ParseDuration(*text)) : std::nullopt;
}
std::optional<std::uint64_t> Bytes(const Node* node) {
  const std::string* text = Scalar(node);
  return text ? Good(ParseBytes(*text)) : std::nullopt;
}
std::optional<std::uint32_t> Redirects(const Node* node) {
  if (const auto follow = Bool(node)) {
    return static_cast<std::uint32_t>(*follow ? kDefaultRedirects : 0);
  }
  const auto number = Integer(node);
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

std::string Quote(const Node& scalar) {
  constexpr std::size_t kLongest = 80;
  std::string text = scalar.Shown();
  if (text.size() > kLongest) {
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end) + "...";
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return "'" + text + "'";
}

std::string Say(const Node& scalar, std::string message) {
  if (!scalar.shown || *scalar.shown == scalar.value) return message;
  const std::string quoted = "'" + scalar.value + "'";
  const std::string shown = "'" + *scalar.shown + "'";
  for (std::size_t at = 0; (at = message.find(quoted, at)) != std::string::npos;) {
    message.replace(at, quoted.size(), shown);
    at += shown.size();
  }
  return message;
}

std::optional<std::string> Likely(std::string_view word,
                                  const std::vector<std::string>& candidates) {
  std::string swapped(word);
  for (std::size_t i = 1; i < word.size(); ++i) {
    std::swap(swapped[i - 1], swapped[i]);
    if (std::find(candidates.begin(), candidates.end(), swapped) != candidates.end()) {
      return swapped;
    }
    std::swap(swapped[i - 1], swapped[i]);
  }
  return Nearest(word, candidates);
}

std::string Suggest(std::string_view word, const std::vector<std::string>& candidates) {
  const auto likely = Likely(word, candidates);
  return likely ? ", did you mean '" + *likely + "'?" : "";
}

}  // namespace sfp::config
