#include "common/scenario/template.h"

#include "common/scenario/functions.h"

namespace sfp::scenario {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::size_t kMostDepth = 8;  // of calls in calls

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNameCharacter(char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '.'; }

std::string At(std::size_t offset) { return " at offset " + std::to_string(offset); }

// What stands between the braces, from `at` on.
class Reader {
 public:
  Reader(std::string_view text, std::size_t open, std::vector<TemplateVariable>* names)
      : text_(text), open_(open), at_(open + 2), names_(names) {}

  // The whole of it, the closing braces included.
  StatusOr<TemplatePiece> Read() {
    const std::size_t first = names_ == nullptr ? 0 : names_->size();
    SkipBlanks();
    const std::string_view name = TakeName();
    SkipBlanks();
    if (!name.empty() && Next() == '(') {
      auto call = Call(name, 1);
      if (!call.ok()) return call;
      SkipBlanks();
      if (text_.substr(at_, 2) != "}}") return Wrong("expected '}}'");
      at_ += 2;
      return call;
    }
    const std::size_t close = text_.find("}}", open_ + 2);
    if (close == kNowhere) {
      return Invalid("'{{'" + At(open_) +
                     " is not closed by '}}' (write '{{{{' for a literal '{{')");
    }
    if (name.empty() || at_ != close) {
      return Invalid("'" + std::string(text_.substr(open_, close + 2 - open_)) + "'" + At(open_) +
                     " does not hold a name (write '{{{{' for a literal '{{')");
    }
    at_ = close + 2;
    if (names_ != nullptr) {
      names_->resize(first);
      names_->push_back({std::string(name), open_, at_ - open_});
    }
    return TemplatePiece{true, std::string(name)};
  }

  std::size_t at() const { return at_; }

 private:
  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipBlanks() {
    while (Next() == ' ' || Next() == '\t') ++at_;
  }
  std::string_view TakeName() {
    const std::size_t begin = at_;
    if (!IsLetter(Next())) return {};
    while (IsNameCharacter(Next())) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  Status Wrong(std::string_view what) const {
    const std::string found =
        at_ < text_.size() ? ", not '" + std::string(1, text_[at_]) + "'" : ", but the text ends";
    const bool plain = static_cast<unsigned char>(Next()) >= 0x20;
    return Invalid(std::string(what) + At(at_) + (plain || at_ >= text_.size() ? found : ""));
  }

  // Behind the function's name, at its '('.
  StatusOr<TemplatePiece> Call(std::string_view name, std::size_t depth) {
    const auto begin = static_cast<std::size_t>(name.data() - text_.data());
    const Function* function = FindFunction(name);
    if (function == nullptr) return Invalid(NoFunction(name) + At(begin));
    if (depth > kMostDepth) return Invalid("calls are nested too deeply" + At(begin));
    TemplatePiece call{true, "", function};
    ++at_;
    SkipBlanks();
    while (Next() != ')') {
      if (!call.arguments.empty()) {
        if (Next() != ',') return Wrong("expected ',' or ')'");
        ++at_;
        SkipBlanks();
      }
      auto argument = Argument(depth);
      if (!argument.ok()) return argument;
      call.arguments.push_back(*std::move(argument));
      SkipBlanks();
    }
    ++at_;
    call.text = text_.substr(begin, at_ - begin);
    if (const Status good = CheckArguments(call); !good.ok()) {
      return Invalid(Message(good) + At(begin));
    }
    return call;
  }

  StatusOr<TemplatePiece> Argument(std::size_t depth) {
    if (Next() == '"' || Next() == '\'') return Quoted();
    if (IsDigit(Next()) || Next() == '-') return Number();
    const std::size_t begin = at_;
    const std::string_view name = TakeName();
    if (name.empty()) return Wrong("expected text in quotes, a number, a name or a call");
    SkipBlanks();
    if (Next() == '(') return Call(name, depth + 1);
    if (names_ != nullptr) names_->push_back({std::string(name), begin, name.size()});
    return TemplatePiece{true, std::string(name)};
  }

  StatusOr<TemplatePiece> Quoted() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    TemplatePiece literal;
    while (Next() != quote) {
      if (Next() == '\\') ++at_;
      if (at_ >= text_.size()) return Invalid("the quote" + At(begin) + " is never closed");
      literal.text += text_[at_++];
    }
    ++at_;
    return literal;
  }

  StatusOr<TemplatePiece> Number() {
    const std::size_t begin = at_;
    if (Next() == '-') ++at_;
    while (IsDigit(Next()) || Next() == '.') ++at_;
    return TemplatePiece{false, std::string(text_.substr(begin, at_ - begin))};
  }

  const std::string_view text_;
  const std::size_t open_;
  std::size_t at_;
  std::vector<TemplateVariable>* const names_;
};

// Calls literal(text) and value(piece, offset, length) in order; literal may be called several
// times in a row. Stops at the first mistake.
template <typename Literal, typename Value>
Status Scan(std::string_view text, std::vector<TemplateVariable>* names, Literal literal,
            Value value) {
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
    Reader reader(text, open, names);
    auto piece = reader.Read();
    if (!piece.ok()) return piece.status();
    at = reader.at();
    value(*std::move(piece), open, at - open);
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
    if (pieces.empty() || pieces.back().variable) pieces.emplace_back();
    pieces.back().text += part;
  };
  const auto value = [&](TemplatePiece piece, std::size_t, std::size_t) {
    pieces.push_back(std::move(piece));
  };
  const Status status = Scan(text, nullptr, literal, value);
  if (!status.ok()) return status;
  return pieces;
}

std::vector<TemplateVariable> FindVariables(std::string_view text) {
  std::vector<TemplateVariable> found;
  const Status ignored = Scan(
      text, &found, [](std::string_view) {}, [](const TemplatePiece&, std::size_t, std::size_t) {});
  ignored.IgnoreError();
  return found;
}

std::string EscapeLiterals(std::string_view text, std::string (*escape)(std::string_view)) {
  std::string out;
  std::size_t done = 0;
  const Status status = Scan(
      text, nullptr, [](std::string_view) {},
      [&](const TemplatePiece&, std::size_t offset, std::size_t length) {
        out += escape(text.substr(done, offset - done));
        out += text.substr(offset, length);
        done = offset + length;
      });
  if (!status.ok()) return escape(text);
  return out + escape(text.substr(done));
}

}  // namespace sfp::scenario
