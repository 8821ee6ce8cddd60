#pragma once

// One task's request, compiled: a run of segments that rendering copies one after the other. What
// is constant is literal text, adjacent literals are one segment, so that a request with two
// variables is five copies.
//
//   "GET /v1/x?osuId=" | value 0, percent-encoded | " HTTP/1.1\r\nHost: …" | cookies | "\r\n"
//
// Where a value goes decides how it is escaped; no value can break out of its place.
//
// Thread: immutable.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::scenario {

enum class Escape : std::uint8_t {
  kNone,     // text bodies
  kPercent,  // path and query: everything but RFC 3986's unreserved characters
  kForm,     // form bodies: the same with '+' for a space
  kJson,     // between the quotes of a JSON string
  kHeader,   // control characters (CR, LF and NUL among them) are left out
};

void AppendEscaped(std::string& out, std::string_view value, Escape escape);

struct Segment {
  enum class Kind : std::uint8_t {
    kLiteral,
    kValue,    // the value of the task's variable `slot`
    kCookies,  // "Cookie: …\r\n", or nothing
    kLength,   // the rendered body's length, in digits
    kBody,     // the rendered body
    kToken,    // the newest token of Program::tokens[slot], or nothing
  };
  Kind kind = Kind::kLiteral;
  Escape escape = Escape::kNone;
  std::uint16_t slot = 0;
  std::string literal;
};

class Segments {
 public:
  void Literal(std::string_view text);
  void Value(std::uint16_t slot, Escape escape);
  void Special(Segment::Kind kind, std::uint16_t slot = 0);
  void Append(const Segments& other);

  const std::vector<Segment>& list() const { return list_; }
  bool constant() const;     // literal only
  std::string text() const;  // of constant segments

 private:
  std::vector<Segment> list_;
};

struct CompiledRequest {
  Segments whole;  // the request as it is normally sent
  Segments body;   // rendered first when whole holds kLength
  bool body_varies = false;

  // The parts, for redirects and cookies, which need them one by one.
  Segments target;        // path and query
  Segments headers;       // from " HTTP/1.1\r\n" on, cookies included; neither body headers nor the
                          // empty line
  Segments content_type;  // the whole header line, or nothing; that of the coding behind it
  bool gzip = false;      // the body is compressed once it is rendered (a constant one is already)
  bool sends_length = false;  // has a body, or a method for which an empty one is announced
};

}  // namespace sfp::scenario
