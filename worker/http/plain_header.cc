#include "worker/http/plain_header.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

namespace sfp::http {
namespace {

// RFC 9110: a token's characters.
constexpr std::array<bool, 256> kToken = [] {
  std::array<bool, 256> token{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789")) {
    token[static_cast<unsigned char>(c)] = true;
  }
  for (int c = 'a'; c <= 'z'; ++c) {
    token[static_cast<std::size_t>(c)] = token[static_cast<std::size_t>(c - 'a' + 'A')] = true;
  }
  return token;
}();

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The first control character, eight bytes at a step; `end` if there is none.
const char* FindControl(const char* at, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighs = 0x80 * kOnes;
    for (; end - at >= 8; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      const std::uint64_t del = word ^ (0x7f * kOnes);
      // A bit may be wrong only above one that is right.
      const std::uint64_t found =
          (((word - 0x20 * kOnes) & ~word) | ((del - kOnes) & ~del)) & kHighs;
      if (found != 0) return at + std::countr_zero(found) / 8;
    }
  }
  while (at != end && !IsControl(*at)) ++at;
  return at;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether `text`, which has no control characters, is this word of small letters and dashes in
// whatever case: 0x20 makes a letter small and leaves a dash as it is.
template <std::size_t kSize>
bool Is(std::string_view text, const char (&word)[kSize]) {
  constexpr std::size_t kLetters = kSize - 1;
  if (text.size() != kLetters) return false;
  using Word = std::conditional_t<kLetters >= 8, std::uint64_t, std::uint32_t>;
  static_assert(kLetters >= sizeof(Word));
  constexpr auto kSmall = static_cast<Word>(0x2020202020202020);
  Word different = 0;
  const auto compare = [&](std::size_t at) {
    Word mine, its;
    std::memcpy(&mine, text.data() + at, sizeof mine);
    std::memcpy(&its, word + at, sizeof its);
    different |= (mine | kSmall) ^ its;
  };
  for (std::size_t at = 0; at + sizeof(Word) < kLetters; at += sizeof(Word)) compare(at);
  compare(kLetters - sizeof(Word));  // may overlap the one before
  return different == 0;
}

class Reader {
 public:
  Reader(std::string_view bytes, ResponseContent& content)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), content_(content) {}

  std::optional<PlainHeader> Read(bool head) {
    if (!StatusLine()) return std::nullopt;
    while (end_ - at_ >= 2 && *at_ != '\r') {
      if (!Field()) return std::nullopt;
    }
    if (end_ - at_ < 2 || at_[1] != '\n') return std::nullopt;
    const bool no_body = head || content_.status == 204 || content_.status == 304;
    if (!no_body && !length_) return std::nullopt;
    return PlainHeader{.bytes = static_cast<std::size_t>(at_ + 2 - begin_),
                       .body_bytes = no_body ? 0 : *length_,
                       .keep_alive = keep_alive_};
  }

 private:
  bool StatusLine() {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    constexpr std::size_t kLeast = kVersion.size() + 4;  // "200 "
    if (static_cast<std::size_t>(end_ - at_) < kLeast ||
        std::memcmp(at_, kVersion.data(), kVersion.size()) != 0) {
      return false;
    }
    const char* const code = at_ + kVersion.size();
    if (code[0] < '2' || code[0] > '9' || !IsDigit(code[1]) || !IsDigit(code[2]) ||
        code[3] != ' ') {
      return false;
    }
    content_.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    at_ += kLeast;
    std::string_view reason;
    return Line(reason);
  }

  // Text up to the end of the line; no obs-fold may follow.
  bool Line(std::string_view& text) {
    const char* const first = at_;
    const char* last = FindControl(at_, end_);
    while (last != end_ && *last == '\t') last = FindControl(last + 1, end_);
    if (end_ - last < 3 || last[0] != '\r' || last[1] != '\n') return false;
    at_ = last + 2;
    text = {first, static_cast<std::size_t>(last - first)};
    return true;
  }

  bool Field() {
    std::string_view line;
    if (!Line(line) || IsBlank(*at_)) return false;
    // Behind the line stands its end, which is neither a token's character nor a blank.
    const char* at = line.data();
    while (kToken[static_cast<unsigned char>(*at)]) ++at;
    if (at == line.data() || *at != ':') return false;
    const std::string_view name(line.data(), static_cast<std::size_t>(at - line.data()));
    ++at;
    while (IsBlank(*at)) ++at;
    const char* last = line.data() + line.size();
    while (last != at && IsBlank(last[-1])) --last;
    return Take(name, {at, static_cast<std::size_t>(last - at)});
  }

  // Few names have the length of one that matters.
  bool Take(std::string_view name, std::string_view value) {
    if (content_.keep_fields) content_.KeepField(name, value);
    switch (name.size()) {
      case 7:
        return !Is(name, "upgrade");
      case 8:
        if (Is(name, "location")) content_.KeepLocation(value);
        return true;
      case 10:
        if (Is(name, "connection")) return Connection(value);
        if (Is(name, "set-cookie")) content_.KeepCookie(value);
        return true;
      case 14:
        return !Is(name, "content-length") || Length(value);
      case 16:
        if (Is(name, "content-encoding")) content_.KeepCoding(value);
        return !Is(name, "proxy-connection");
      case 17:
        return !Is(name, "transfer-encoding");
      default:
        return true;
    }
  }

  bool Connection(std::string_view value) {
    if (Is(value, "keep-alive")) return true;
    keep_alive_ = false;
    return Is(value, "close");
  }

  bool Length(std::string_view value) {
    constexpr std::size_t kMostDigits = 18;
    if (length_ || value.empty() || value.size() > kMostDigits) return false;
    std::uint64_t length = 0;
    for (const char c : value) {
      if (!IsDigit(c)) return false;
      length = 10 * length + static_cast<std::uint64_t>(c - '0');
    }
    length_ = length;
    return true;
  }

  const char* const begin_;
  const char* at_;
  const char* const end_;
  ResponseContent& content_;
  std::optional<std::uint64_t> length_;
  bool keep_alive_ = true;
};

}  // namespace

std::optional<PlainHeader> ReadPlainHeader(std::string_view bytes, bool head,
                                           ResponseContent& content) {
  std::optional<PlainHeader> header = Reader(bytes, content).Read(head);
  if (!header) content.Clear();
  return header;
}

std::optional<PlainHeader> PlainHeaderReader::Read(std::string_view bytes, bool head,
                                                   ResponseContent& content) {
  if (content.keep_headers || content.keep_fields) return ReadPlainHeader(bytes, head, content);
  if (!last_.empty() && head == head_ && content.keep_body == keep_body_ &&
      bytes.starts_with(last_)) {
    content.status = status_;
    return header_;
  }
  const std::optional<PlainHeader> header = ReadPlainHeader(bytes, head, content);
  if (header) Remember(bytes.substr(0, header->bytes), head, *header, content);
  return header;
}

void PlainHeaderReader::Remember(std::string_view bytes, bool head, const PlainHeader& header,
                                 const ResponseContent& content) {
  constexpr std::size_t kMostBytes = 2048;
  last_.clear();
  if (bytes.size() > kMostBytes || content.coding != Coding::kIdentity) return;
  last_ = bytes;
  header_ = header;
  status_ = content.status;
  head_ = head;
  keep_body_ = content.keep_body;
}

}  // namespace sfp::http
