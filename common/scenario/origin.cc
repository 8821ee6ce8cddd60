#include "common/scenario/origin.h"

#include <algorithm>
#include <charconv>

namespace sfp::scenario {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}
bool IsIpv6Character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

Status Wrong(std::string_view url, std::string_view why) {
  return Invalid("'" + std::string(url) +
                 "' is not a target URL such as https://host:8443: " + std::string(why));
}

// The host in front of `rest`, which is shortened by it; empty if there is none.
std::string_view TakeHost(std::string_view& rest) {
  const bool bracket = rest.starts_with('[');
  std::size_t end = bracket ? rest.find(']') : rest.find(':');
  if (bracket && end == std::string_view::npos) return {};
  if (end == std::string_view::npos) end = rest.size();
  const std::string_view host = bracket ? rest.substr(1, end - 1) : rest.substr(0, end);
  rest.remove_prefix(bracket ? end + 1 : end);
  const bool good = bracket ? std::all_of(host.begin(), host.end(), IsIpv6Character) &&
                                  std::count(host.begin(), host.end(), ':') >= 2
                            : std::all_of(host.begin(), host.end(), IsHostCharacter);
  return good ? host : std::string_view();
}

}  // namespace

StatusOr<Origin> ParseOrigin(std::string_view url) {
  std::string lower(url);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  std::string_view rest = lower;
  Origin origin;
  if (rest.starts_with("https://")) {
    origin.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return Wrong(url, "it has to begin with http:// or https://");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != std::string_view::npos) {
    return Invalid("the target URL holds credentials, which belong under auth");
  }
  if (rest.find_first_of("/?#") != std::string_view::npos) {
    return Wrong(url, "what follows the host belongs in base_path");
  }
  const bool bracket = rest.starts_with('[');
  const std::string_view host = TakeHost(rest);
  if (host.empty()) return Wrong(url, "the host is missing or has characters that no host has");
  origin.host = host;
  const std::uint16_t own = origin.tls ? 443 : 80;
  origin.port = own;
  if (!rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + 1, end, origin.port);
    if (rest[0] != ':' || error != std::errc() || stop != end || origin.port == 0) {
      return Wrong(url, "the port is not a number from 1 to 65535");
    }
  }
  origin.authority = bracket ? "[" + origin.host + "]" : origin.host;
  if (origin.port != own) origin.authority += ":" + std::to_string(origin.port);
  return origin;
}

}  // namespace sfp::scenario
