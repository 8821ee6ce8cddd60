#include "worker/http/malformed.h"

#include <algorithm>
#include <cctype>

namespace sfp::http {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.1 200" and then the line's end.
bool EndsBehindStatus(std::string_view bytes) {
  constexpr std::size_t kLength = std::string_view("HTTP/1.1 200").size();
  return bytes.find_first_of("\r\n") == kLength && bytes[8] == ' ' &&
         std::all_of(bytes.begin() + 9, bytes.begin() + kLength, IsDigit);
}

}  // namespace

bool HasBareLineFeed(std::string_view header) {
  for (std::size_t at = header.find('\n'); at != std::string_view::npos;
       at = header.find('\n', at + 1)) {
    if (at == 0 || header[at - 1] != '\r') return true;
    if (header.substr(at + 1, 2) == "\r\n") return false;
  }
  return false;
}

bool MayBeginStatusLine(std::string_view bytes) {
  return bytes.size() < 8 || bytes.substr(0, 5) == "HTTP/";
}

std::string_view WhyMalformed(std::string_view bytes, bool header) {
  if (!header) return {};
  if (bytes.size() >= 3 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03) {
    return "the answer is TLS: should the target be https?";
  }
  if (!MayBeginStatusLine(bytes)) return "not HTTP";
  const bool bare_line_feed = HasBareLineFeed(bytes);
  if (EndsBehindStatus(bytes)) {
    return bare_line_feed ? "bare LF at a line's end; status line without reason and space"
                          : "status line without reason and space";
  }
  if (bare_line_feed) return "bare LF at a line's end";
  return {};
}

}  // namespace sfp::http
