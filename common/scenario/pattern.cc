#include "common/scenario/pattern.h"

#include <re2/re2.h>

#include <string>

namespace sfp::scenario {
namespace {

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

StatusOr<Pattern> Pattern::Compile(std::string_view expression) {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  Pattern pattern;
  auto compiled = std::make_shared<const re2::RE2>(Piece(expression), options);
  if (!compiled->ok()) {
    return Invalid("'" + std::string(expression) +
                   "' is not a regular expression for bodies: " + compiled->error());
  }
  pattern.expression_ = std::move(compiled);
  return pattern;
}

std::optional<std::string_view> Pattern::Next(std::string_view text, std::size_t& at) const {
  const int groups = expression_->NumberOfCapturingGroups() > 0 ? 2 : 1;
  while (at <= text.size()) {
    re2::StringPiece found[2];
    if (!expression_->Match(Piece(text), at, text.size(), re2::RE2::UNANCHORED, found, groups)) {
      break;
    }
    const auto end = static_cast<std::size_t>(found[0].data() - text.data()) + found[0].size();
    at = found[0].empty() ? end + 1 : end;
    const re2::StringPiece& value = found[groups - 1];
    if (value.data() != nullptr) return std::string_view(value.data(), value.size());
  }
  at = text.size() + 1;
  return std::nullopt;
}

bool Pattern::Matches(std::string_view text) const {
  return expression_->Match(Piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

}  // namespace sfp::scenario
