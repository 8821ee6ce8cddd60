#pragma once

// The cookies of one user, as a browser keeps them for the one host that a run talks to (RFC 6265):
// Path, Secure, Max-Age and Expires are honoured, a Domain that does not cover the host refuses the
// cookie.
//
// Bounds: kMostCookies of kMostBytes each (name and value); the oldest makes room. Session cookies
// live as long as the user. Cookies go out with longer paths first, then in order of creation.
//
// Thread: confined to its user's loop.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/scenario/origin.h"

namespace sfp::scenario {

class CookieJar {
 public:
  static constexpr std::size_t kMostCookies = 50;
  static constexpr std::size_t kMostBytes = 4096;

  // What a cookie is judged by. `path` is the request's, without query. `utc` is the time since
  // 1970; without it an Expires date counts as over only if it lies before 2000, as deletions are
  // written.
  struct Context {
    const Origin* origin = nullptr;
    std::string_view path;
    Time now;
    std::optional<Duration> utc;
  };

  // One Set-Cookie value. A cookie that is refused changes nothing.
  void Store(std::string_view set_cookie, const Context& context);

  // Appends "Cookie: a=1; b=2\r\n", or nothing when no cookie matches.
  void AppendHeader(std::string& out, const Context& context) const;

  // The value of the newest cookie of this name, wherever it would be sent.
  std::optional<std::string_view> ValueOf(std::string_view name) const;

  std::size_t size() const { return cookies_.size(); }

 private:
  struct Cookie {
    std::string name;
    std::string value;
    std::string path;
    Time expires = kNever;
    std::uint32_t created = 0;
    bool secure = false;
  };
  std::vector<Cookie>::iterator Find(std::string_view name, std::string_view path);
  void MakeRoom(Time now);

  std::vector<Cookie> cookies_;  // in the order in which they go out
  std::uint32_t next_ = 0;
};

// The date of an Expires attribute as time since 1970 (RFC 6265 section 5.1.1), or nothing. Dates
// before 1970 count as 1970, dates that nanoseconds can't hold as the last one that they can.
std::optional<Duration> ParseCookieDate(std::string_view text);

}  // namespace sfp::scenario
