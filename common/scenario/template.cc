#include "common/scenario/template.h"

namespace sfp::scenario {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNameCharacter(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Calls literal(text) and variable(name, offset, length) in order; both may be called several times
// in a row. Stops at the first mistake.
template <typename Literal, typename Variable>
Status Scan(std::string_view text, Literal literal, Variable variable) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find("{{", at);
    if (open == kNowhere) break;
    literal(text.substr(at, open - at));
    if (text.substr(open, 4) == "{{{{") {
      literal("{{");
      at = open + 4;
      continue;
    }
    const std::size_t close = text.find("}}", open + 2);
    const std::string where = " at offset " + std::to_string(open);
    if (close == kNowhere) {
      return Invalid("'{{'" + where + " is not closed by '}}' (write '{{{{' for a literal '{{')");
    }
    const std::string_view name = Trim(text.substr(open + 2, close - open - 2));
    if (!IsTemplateName(name)) {
      return Invalid("'" + std::string(text.substr(open, close + 2 - open)) + "'" + where +
                     " does not hold a name (write '{{{{' for a literal '{{')");
    }
    variable(name, open, close + 2 - open);
    at = close + 2;
  }
  literal(text.substr(at));
  return Ok();
}

}  // namespace

bool IsTemplateName(std::string_view name) {
  if (name.empty() || !IsLetter(name[0])) return false;
  for (const char c : name) {
    if (!IsNameCharacter(c)) return false;
  }
  return true;
}

StatusOr<std::vector<TemplatePiece>> ParseTemplate(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  const auto literal = [&](std::string_view part) {
    if (part.empty()) return;
    if (pieces.empty() || pieces.back().variable) pieces.push_back({false, ""});
    pieces.back().text += part;
  };
  const auto variable = [&](std::string_view name, std::size_t, std::size_t) {
    pieces.push_back({true, std::string(name)});
  };
  const Status status = Scan(text, literal, variable);
  if (!status.ok()) return status;
  return pieces;
}

std::vector<TemplateVariable> FindVariables(std::string_view text) {
  std::vector<TemplateVariable> found;
  const Status ignored = Scan(
      text, [](std::string_view) {},
      [&](std::string_view name, std::size_t offset, std::size_t length) {
        found.push_back({std::string(name), offset, length});
      });
  ignored.IgnoreError();
  return found;
}

}  // namespace sfp::scenario
