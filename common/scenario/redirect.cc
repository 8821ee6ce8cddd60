#include "common/scenario/redirect.h"

#include <boost/url.hpp>

namespace sfp::scenario {
namespace {

namespace urls = boost::urls;

Status Refused(std::string_view location, std::string_view why) {
  return Invalid("redirect to '" + std::string(location.substr(0, 100)) + "' " + std::string(why));
}

// A Location with spaces or non-ASCII characters is wrong, yet common; browsers encode them.
std::string Clean(std::string_view location) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  while (location.starts_with(' ') || location.starts_with('\t')) location.remove_prefix(1);
  while (location.ends_with(' ') || location.ends_with('\t')) location.remove_suffix(1);
  std::string text;
  for (const char c : location) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= 0x20 || u >= 0x7f ||
        std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos) {
      text += {'%', kHex[u >> 4], kHex[u & 15]};
    } else {
      text += c;
    }
  }
  return text;
}

bool SameOrigin(const Origin& origin, const urls::url_view& url) {
  const std::uint16_t own = url.scheme_id() == urls::scheme::https ? 443 : 80;
  const bool tls = url.scheme_id() == urls::scheme::https;
  if (!tls && url.scheme_id() != urls::scheme::http) return false;
  if (url.has_port() && !url.port().empty() && url.port_number() == 0) return false;
  const std::uint16_t port = url.has_port() && !url.port().empty() ? url.port_number() : own;
  std::string host = url.host_address();
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return tls == origin.tls && port == origin.port && host == origin.host;
}

}  // namespace

StatusOr<std::string> ResolveRedirect(const Origin& origin, std::string_view target,
                                      std::string_view location) {
  const std::string cleaned = Clean(location);
  if (cleaned.empty()) return Refused("", "has no Location");
  const std::string base_text =
      (origin.tls ? "https://" : "http://") + origin.authority + std::string(target);
  const auto base = urls::parse_uri(base_text);
  const auto reference = urls::parse_uri_reference(cleaned);
  if (!base || !reference) return Refused(location, "is no URL");
  urls::url next;
  if (!urls::resolve(*base, *reference, next)) return Refused(location, "is no URL");
  if (!next.has_authority() || !SameOrigin(origin, next)) {
    return Refused(location, "leaves the target, which sfp does not follow");
  }
  std::string result(next.encoded_path().data(), next.encoded_path().size());
  if (!result.starts_with('/')) result.insert(0, "/");
  if (next.has_query()) {
    result += '?';
    result.append(next.encoded_query().data(), next.encoded_query().size());
  }
  return result;
}

}  // namespace sfp::scenario
