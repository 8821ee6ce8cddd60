#include "common/scenario/request.h"

#include <array>

#include "common/base/check.h"
#include "common/base/text.h"

namespace sfp::scenario {
namespace {

constexpr std::array<bool, 256> MakeUnreserved() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '.' || c == '_' || c == '~';
  }
  return table;
}
constexpr std::array<bool, 256> kUnreserved = MakeUnreserved();

std::size_t PlainPart(std::string_view value) {
  std::size_t n = 0;
  while (n < value.size() && kUnreserved[static_cast<unsigned char>(value[n])]) ++n;
  return n;
}

void AppendForm(std::string& out, std::string_view value) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z');
    if (plain || u == '*' || u == '-' || u == '.' || u == '_') {
      out += c;
    } else if (u == ' ') {
      out += '+';
    } else {
      const char code[] = {'%', kHex[u >> 4], kHex[u & 15]};
      out.append(code, 3);
    }
  }
}

void AppendWithoutControls(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    if ((u >= 0x20 && u != 0x7f) || u == '\t') out += c;
  }
}

}  // namespace

void AppendEscaped(std::string& out, std::string_view value, Escape escape) {
  switch (escape) {
    case Escape::kNone:
      out += value;
      return;
    case Escape::kPercent: {
      const std::size_t plain = PlainPart(value);  // nearly always all of it
      out += value.substr(0, plain);
      AppendPercentEncoded(out, value.substr(plain));
      return;
    }
    case Escape::kForm:
      AppendForm(out, value);
      return;
    case Escape::kJson:
      AppendJsonEscaped(out, value);
      return;
    case Escape::kHeader:
      AppendWithoutControls(out, value);
      return;
  }
}

void Segments::Literal(std::string_view text) {
  if (text.empty()) return;
  if (list_.empty() || list_.back().kind != Segment::Kind::kLiteral) list_.emplace_back();
  list_.back().literal += text;
}

void Segments::Value(std::uint16_t slot, Escape escape) {
  list_.push_back({Segment::Kind::kValue, escape, slot, ""});
}

void Segments::Special(Segment::Kind kind, std::uint16_t slot) {
  list_.push_back({kind, Escape::kNone, slot, ""});
}

void Segments::Append(const Segments& other) {
  for (const Segment& segment : other.list_) {
    if (segment.kind == Segment::Kind::kLiteral) {
      Literal(segment.literal);
    } else {
      list_.push_back(segment);
    }
  }
}

bool Segments::constant() const {
  return list_.empty() || (list_.size() == 1 && list_[0].kind == Segment::Kind::kLiteral);
}

std::string Segments::text() const {
  SFP_CHECK(constant());
  return list_.empty() ? std::string() : list_[0].literal;
}

}  // namespace sfp::scenario
