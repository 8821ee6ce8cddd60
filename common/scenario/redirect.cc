#include "common/scenario/redirect.h"

#include <optional>

namespace sfp::scenario {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

Status Refused(std::string_view location, std::string_view why) {
  return Invalid("redirect to '" + std::string(location.substr(0, 100)) + "' " + std::string(why));
}

// A URL reference in its parts (RFC 3986, appendix B), the fragment left out.
struct Reference {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

Reference Split(std::string_view text) {
  Reference parts;
  text = text.substr(0, text.find('#'));
  const std::size_t colon = text.find_first_of(":/?");
  if (colon != kNowhere && colon > 0 && text[colon] == ':') {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find_first_of("/?", 2), text.size());
    parts.authority = text.substr(2, end - 2);
    text.remove_prefix(end);
  }
  const std::size_t mark = text.find('?');
  if (mark != kNowhere) parts.query = text.substr(mark + 1);
  parts.path = text.substr(0, mark);
  return parts;
}

// Section 5.2.4. The path is absolute.
std::string WithoutDotSegments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);  // its slash included
    const bool last = end == path.size();
    if (segment == "/..") out.erase(std::min(out.rfind('/'), out.size()));
    if (segment != "/." && segment != "/..") {
      out += segment;
    } else if (last) {
      out += '/';
    }
    path.remove_prefix(end);
  }
  return out;
}

// Browsers encode what has no place in a URL, though servers should have.
void AppendEncoded(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= 0x20 || u >= 0x7f || std::string_view("\"<>\\^`{|}").find(c) != kNowhere) {
      out += {'%', kHex[u >> 4], kHex[u & 15]};
    } else {
      out += c;
    }
  }
}

bool SameOrigin(const Origin& origin, const Reference& to) {
  const std::string scheme(to.scheme ? *to.scheme : origin.tls ? "https" : "http");
  std::string_view authority = *to.authority;
  if (authority.ends_with(':')) authority.remove_suffix(1);  // an empty port is the scheme's own
  const auto there = ParseOrigin(scheme + "://" + std::string(authority));
  return there.ok() && there->tls == origin.tls && there->port == origin.port &&
         there->host == origin.host;
}

// Section 5.2.2, of which scheme and authority are the origin's here.
std::string Resolve(std::string_view target, const Reference& to) {
  // The target is path and query only, whatever it looks like: "//a" is a path here.
  const std::size_t mark = target.find('?');
  const std::string_view base = target.substr(0, mark);
  std::string path;
  std::optional<std::string_view> query = to.query;
  if (to.authority || to.path.starts_with('/')) {
    path = to.path;
  } else if (to.path.empty()) {
    path = base;
    if (!query && mark != kNowhere) query = target.substr(mark + 1);
  } else {
    path = base.substr(0, base.rfind('/') + 1);
    path += to.path;
  }
  if (path.empty()) path = "/";
  std::string next;
  AppendEncoded(next, WithoutDotSegments(path));
  if (query) {
    next += '?';
    AppendEncoded(next, *query);
  }
  return next;
}

}  // namespace

StatusOr<std::string> ResolveRedirect(const Origin& origin, std::string_view target,
                                      std::string_view location) {
  std::string_view text = location;
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  if (text.empty()) return Refused("", "has no Location");
  const Reference to = Split(text);
  if ((to.scheme && !to.authority) || (to.authority && !SameOrigin(origin, to))) {
    return Refused(location, "leaves the target, which sfp does not follow");
  }
  return Resolve(target, to);
}

}  // namespace sfp::scenario
