// Location and Set-Cookie, which a server chooses freely: whatever they hold, the next request has
// one target and at most one Cookie line, and goes to the same origin.
//
//   first line: the request's target · second line: Location · the rest: a Set-Cookie value a line

#include <algorithm>
#include <string>

#include "common/base/check.h"
#include "common/scenario/cookies.h"
#include "common/scenario/redirect.h"
#include "tests/fuzz/input.h"

namespace {

using sfp::scenario::CookieJar;
using sfp::scenario::ParseCookieDate;
using sfp::scenario::ResolveRedirect;

bool IsUrlText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void CheckRedirect(const sfp::scenario::Origin& origin, const std::string& from,
                   std::string_view location) {
  const auto next = ResolveRedirect(origin, from, location);
  if (!next.ok()) return;
  SFP_CHECK(next->starts_with('/') && IsUrlText(*next));
  // Where it leads is a place from which one may be led on.
  SFP_CHECK(ResolveRedirect(origin, *next, "?a=b").ok());
}

void CheckCookies(const sfp::scenario::Origin& origin, std::string_view path,
                  sfp::fuzz::Input& input) {
  CookieJar jar;
  CookieJar::Context context{.origin = &origin, .path = path, .now = sfp::Time()};
  for (bool with_utc = input.Byte() % 2 == 1; !input.empty(); with_utc = !with_utc) {
    if (with_utc) context.utc = std::chrono::seconds(1'700'000'000);
    const std::string_view line = input.Line();
    jar.Store(line, context);
    if (const auto date = ParseCookieDate(line)) SFP_CHECK(date->count() >= 0);
    context.now += std::chrono::seconds(1);
  }
  SFP_CHECK(jar.size() <= CookieJar::kMostCookies);
  std::string header;
  jar.AppendHeader(header, context);
  if (header.empty()) return;
  SFP_CHECK(header.starts_with("Cookie: ") && header.ends_with("\r\n"));
  header.resize(header.size() - 2);
  SFP_CHECK(std::none_of(header.begin(), header.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sfp::fuzz::Input input(data, size);
  static const sfp::scenario::Origin kOrigin = *sfp::scenario::ParseOrigin("https://api.test:8443");
  std::string target = "/" + std::string(input.Line());
  std::erase_if(target, [](char c) { return c <= 0x20 || c >= 0x7f; });  // it was sent as it is
  CheckRedirect(kOrigin, target, input.Line());
  CheckCookies(kOrigin, std::string_view(target).substr(0, target.find('?')), input);
  return 0;
}
