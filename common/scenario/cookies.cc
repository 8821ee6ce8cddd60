#include "common/scenario/cookies.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sfp::scenario {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear2000 = 10'957 * kDay;
constexpr std::int64_t kLongestAge = 400 * kDay;  // as RFC 6265bis bounds it

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool EqualFold(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The part before `separator`; `rest` becomes what follows it.
std::string_view Cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

// RFC 6265 section 5.1.4, default-path.
std::string_view DefaultPath(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

bool PathMatches(std::string_view request, std::string_view cookie) {
  if (!request.starts_with(cookie)) return false;
  return request.size() == cookie.size() || cookie.ends_with('/') || request[cookie.size()] == '/';
}

bool IsAddress(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool DomainCovers(std::string_view domain, std::string_view host) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || EqualFold(domain, host)) return true;
  return !IsAddress(host) && host.size() > domain.size() &&
         host[host.size() - domain.size() - 1] == '.' &&
         EqualFold(host.substr(host.size() - domain.size()), domain);
}

// A control character in a cookie would break the header that it is sent in.
bool HasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
}

struct Attributes {
  std::string_view path;
  std::string_view domain;
  std::optional<std::int64_t> max_age;  // s
  std::optional<Duration> expires;      // since 1970
  bool secure = false;
};

std::optional<std::int64_t> ParseMaxAge(std::string_view value) {
  const bool negative = value.starts_with('-');
  const std::string_view digits = value.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), IsDigit)) return std::nullopt;
  if (negative) return 0;
  std::int64_t age = 0;
  const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), age).ec;
  return error == std::errc() ? std::min(age, kLongestAge) : kLongestAge;
}

// The last one of each attribute counts.
Attributes ParseAttributes(std::string_view rest) {
  Attributes attributes;
  while (!rest.empty()) {
    std::string_view value = Cut(rest, ';');
    const std::string_view name = Trim(Cut(value, '='));
    value = Trim(value);
    if (EqualFold(name, "path")) attributes.path = value;
    if (EqualFold(name, "domain")) attributes.domain = value;
    if (EqualFold(name, "secure")) attributes.secure = true;
    if (EqualFold(name, "max-age")) {
      if (const auto age = ParseMaxAge(value)) attributes.max_age = age;
    }
    if (EqualFold(name, "expires")) {
      if (const auto date = ParseCookieDate(value)) attributes.expires = date;
    }
  }
  return attributes;
}

// When the cookie is over; kNever for a session cookie, now or before to delete it.
Time ExpiryOf(const Attributes& attributes, const CookieJar::Context& context) {
  if (attributes.max_age) return context.now + std::chrono::seconds(*attributes.max_age);
  if (!attributes.expires) return kNever;
  if (!context.utc) {
    return *attributes.expires < std::chrono::seconds(kYear2000) ? context.now : kNever;
  }
  const Duration longest = std::chrono::seconds(kLongestAge);
  return context.now + std::clamp(*attributes.expires - *context.utc, Duration(0), longest);
}

}  // namespace

std::vector<CookieJar::Cookie>::iterator CookieJar::Find(std::string_view name,
                                                         std::string_view path) {
  return std::find_if(cookies_.begin(), cookies_.end(),
                      [&](const Cookie& c) { return c.name == name && c.path == path; });
}

void CookieJar::MakeRoom(Time now) {
  if (cookies_.size() < kMostCookies) return;
  std::erase_if(cookies_, [&](const Cookie& c) { return c.expires <= now; });
  if (cookies_.size() < kMostCookies) return;
  cookies_.erase(
      std::min_element(cookies_.begin(), cookies_.end(),
                       [](const Cookie& a, const Cookie& b) { return a.created < b.created; }));
}

void CookieJar::Store(std::string_view set_cookie, const Context& context) {
  std::string_view rest = set_cookie;
  std::string_view pair = Cut(rest, ';');
  if (pair.find('=') == std::string_view::npos) return;
  const std::string_view name = Trim(Cut(pair, '='));
  const std::string_view value = Trim(pair);
  const Attributes attributes = ParseAttributes(rest);
  const std::string_view path =
      attributes.path.starts_with('/') ? attributes.path : DefaultPath(context.path);
  if (name.empty() || name.size() + value.size() > kMostBytes || path.size() > kMostBytes ||
      HasControls(name) || HasControls(value) ||
      !DomainCovers(attributes.domain, context.origin->host) ||
      (attributes.secure && !context.origin->tls)) {
    return;
  }
  const Time expires = ExpiryOf(attributes, context);
  const auto old = Find(name, path);
  if (expires <= context.now) {
    if (old != cookies_.end()) cookies_.erase(old);
    return;
  }
  if (old != cookies_.end()) {  // keeps its place: the creation time stays the first one's
    old->value = value;
    old->expires = expires;
    old->secure = attributes.secure;
    return;
  }
  MakeRoom(context.now);
  const auto place = std::find_if(cookies_.begin(), cookies_.end(),
                                  [&](const Cookie& c) { return c.path.size() < path.size(); });
  cookies_.insert(place, Cookie{std::string(name), std::string(value), std::string(path), expires,
                                next_++, attributes.secure});
}

void CookieJar::AppendHeader(std::string& out, const Context& context) const {
  bool first = true;
  for (const Cookie& cookie : cookies_) {
    if (cookie.expires <= context.now || !PathMatches(context.path, cookie.path)) continue;
    out += first ? "Cookie: " : "; ";
    out += cookie.name;
    out += '=';
    out += cookie.value;
    first = false;
  }
  if (!first) out += "\r\n";
}

std::optional<std::string_view> CookieJar::ValueOf(std::string_view name) const {
  const Cookie* newest = nullptr;
  for (const Cookie& cookie : cookies_) {
    if (cookie.name == name && (newest == nullptr || cookie.created > newest->created)) {
      newest = &cookie;
    }
  }
  return newest == nullptr ? std::nullopt : std::optional<std::string_view>(newest->value);
}

}  // namespace sfp::scenario
