#include "common/scenario/oauth2.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>

#include "common/base/text.h"
#include "common/scenario/request.h"
#include "common/scenario/request_compiler.h"

namespace sfp::scenario {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestToken = 16 * 1024;
constexpr std::size_t kLongestWhy = 120;
constexpr double kLongestLife_s = 365.0 * 86'400;

std::string Form(const v1::Auth::OAuth2& auth) {
  std::string form = "grant_type=client_credentials";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    form.append("&").append(name).append("=");
    AppendEscaped(form, value, Escape::kForm);
  };
  if (auth.in_body()) {
    add("client_id", auth.client_id());
    add("client_secret", auth.client_secret());
  }
  add("scope", auth.scope());
  add("audience", auth.audience());
  return form;
}

// RFC 6749, 2.3.1: both are form-encoded before they are joined.
std::string BasicOf(const v1::Auth::OAuth2& auth) {
  std::string text;
  AppendEscaped(text, auth.client_id(), Escape::kForm);
  text += ':';
  AppendEscaped(text, auth.client_secret(), Escape::kForm);
  return Base64(text);
}

std::string TextOf(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::optional<Duration> LifeOf(const json::object& object) {
  const json::value* value = object.if_contains("expires_in");
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  if (value->is_number()) {
    seconds = value->to_number<double>();
  } else if (value->is_string()) {  // some servers write "3600"
    const auto& text = value->get_string();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  if (!(seconds > 0)) return std::nullopt;
  return FromSeconds(std::min(seconds, kLongestLife_s));
}

bool IsPrintable(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x20 && u != 0x7f;
}

// What the server said, for people: one line, not too long, without the secret.
std::string Clean(std::string text, const v1::Auth::OAuth2& auth) {
  for (const std::string& secret : {auth.client_secret(), BasicOf(auth)}) {
    for (std::size_t at = 0; !secret.empty() && (at = text.find(secret, at)) != text.npos;
         at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !IsPrintable(c); }, ' ');
  if (text.size() > kLongestWhy) text.resize(kLongestWhy);
  return text;
}

}  // namespace

StatusOr<TokenSource> MakeTokenSource(const v1::Auth::OAuth2& auth) {
  const std::string& url = auth.token_url();
  const std::size_t scheme = url.find("://");
  const std::size_t path =
      scheme == url.npos ? url.npos : std::min(url.find_first_of("/?#", scheme + 3), url.size());
  if (path == url.npos) return Invalid("the token URL has to begin with http:// or https://");
  const auto origin = ParseOrigin(url.substr(0, path));
  if (!origin.ok()) {
    return Invalid("the token URL needs a scheme and a host, as in https://host/oauth2/token");
  }
  auto target = EncodeTarget(url.substr(path));
  if (!target.ok()) return Invalid("the token URL " + Message(target.status()));
  if (!target->starts_with('/')) target->insert(0, "/");

  TokenSource source{.auth = auth, .origin = *origin, .request = {}};
  const std::string form = Form(auth);
  std::string& request = source.request;
  request = "POST " + *target + " HTTP/1.1\r\nHost: " + origin->authority + "\r\nUser-Agent: sfp/" +
            std::string(Version()) + "\r\nAccept: application/json\r\n";
  if (!auth.in_body()) request += "Authorization: Basic " + BasicOf(auth) + "\r\n";
  request += "Connection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
  request += "Content-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form;
  return source;
}

StatusOr<Grant> ReadGrant(const TokenSource& source, int status, std::string_view body) {
  json::error_code error;
  const json::value parsed = json::parse(body, error);
  const bool is_object = !error && parsed.is_object();
  if (status < 200 || status > 299) {
    std::string why = "HTTP " + std::to_string(status);
    if (is_object) {
      const std::string code = TextOf(parsed.get_object(), "error");
      const std::string text = TextOf(parsed.get_object(), "error_description");
      if (!code.empty()) why += ", " + Clean(code, source.auth);
      if (!text.empty()) why += ": " + Clean(text, source.auth);
    }
    return Unavailable(why);
  }
  if (!is_object) return Unavailable("the answer is not a JSON object");
  const json::object& object = parsed.get_object();
  Grant grant{TextOf(object, "access_token"), LifeOf(object)};
  if (grant.token.empty()) return Unavailable("the answer holds no access_token");
  const bool clean = std::all_of(grant.token.begin(), grant.token.end(),
                                 [](char c) { return IsPrintable(c) && c != ' '; });
  if (!clean || grant.token.size() > kLongestToken) {
    return Unavailable("the access_token is no text for a header");
  }
  std::string type = TextOf(object, "token_type");
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!type.empty() && type != "bearer") {
    return Unavailable("the token_type is '" + Clean(type, source.auth) + "', not Bearer");
  }
  return grant;
}

Duration RetryAfter(std::optional<Duration> life, unsigned failures) {
  constexpr Duration kLeast{100'000'000}, kMostFirst{1'000'000'000}, kMost{30'000'000'000};
  const Duration first = life ? std::clamp(*life / 20, kLeast, kMostFirst) : kMostFirst;
  return std::min(kMost, first * (std::int64_t{1} << std::min(failures - 1, 10U)));
}

}  // namespace sfp::scenario
