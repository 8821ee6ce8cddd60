#pragma once

// What is kept of one response, whoever reads it: the status always, the body if wanted, and
// Location, Set-Cookie, Content-Encoding or all fields as far as the request asked for them. It
// lives on from response to response and reuses its memory.
//
// Thread: confined to its loop.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::http {

enum class Coding : std::uint8_t { kIdentity, kGzip, kDeflate, kUnknown };

struct ResponseContent {
  bool keep_body = false;
  bool keep_headers = false;
  bool keep_fields = false;

  int status = 0;
  std::uint64_t body_bytes = 0;  // payload, chunk framing left out, kept or not
  Coding coding = Coding::kIdentity;
  std::string coding_name;
  std::string body;
  std::string location;
  std::string fields;  // "Name: value\n" for each header field, if they are kept
  // Set-Cookie values one behind the other, and where each ends.
  std::string cookie_text;
  std::vector<std::size_t> cookie_ends;

  void Clear();  // for the next message; what to keep stays as it is

  void KeepField(std::string_view name, std::string_view value);
  // A field with this value has come.
  void KeepCoding(std::string_view value);
  void KeepLocation(std::string_view value);  // the first one counts
  void KeepCookie(std::string_view value);
  void TakeBody(std::string_view part);
};

}  // namespace sfp::http
