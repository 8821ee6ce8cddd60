#include "common/scenario/collect.h"

#include <algorithm>
#include <charconv>

#include "common/scenario/session.h"
#include "common/scenario/task.h"

namespace sfp::scenario {
namespace {

using From = CollectRule::From;

// The value that a Set-Cookie header gives to the cookie `name`.
std::optional<std::string_view> SetCookieValue(std::string_view set_cookie, std::string_view name) {
  const std::string_view pair = set_cookie.substr(0, set_cookie.find(';'));
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos || pair.substr(0, equals) != name) return std::nullopt;
  return pair.substr(equals + 1);
}

std::optional<std::string_view> CookieValue(const Reply& reply, std::string_view name) {
  for (std::size_t i = reply.set_cookies.size(); i-- > 0;) {
    if (const auto value = SetCookieValue(reply.set_cookies[i], name)) return value;
  }
  return reply.jar == nullptr ? std::nullopt : reply.jar->ValueOf(name);
}

}  // namespace

void Collector::Keep(const CollectRule& rule, std::string_view value) {
  if (const auto match = rule.match.Find(value)) values_.push_back(*match);
}

void Collector::Find(const CollectRule& rule, const Reply& reply, const JsonFinder& json) {
  values_.clear();
  std::size_t at = 0;
  switch (rule.from) {
    case From::kJson:
      for (const JsonFinder::Found& found : json.found()) {
        if (found.pointer == rule.pointer) Keep(rule, json.value(found));
      }
      return;
    case From::kRegex:
      while (const auto value = rule.pattern->Next(reply.body, at)) Keep(rule, *value);
      return;
    case From::kHeader:
      while (const auto value = NextField(reply.fields, rule.name, at)) Keep(rule, *value);
      return;
    case From::kCookie:
      if (const auto value = CookieValue(reply, rule.name)) Keep(rule, *value);
      return;
    case From::kStatus: {
      const char* const end = std::to_chars(status_, status_ + sizeof status_, reply.status).ptr;
      return Keep(rule, {status_, static_cast<std::size_t>(end - status_)});
    }
    case From::kBody:
      return Keep(rule, reply.body);
  }
}

std::size_t Collector::Take(const Step& step, const Reply& reply, const JsonFinder& json,
                            UserSession& session, Pools& pools, Rng& rng) {
  std::size_t taken = 0;
  for (const CollectRule& rule : step.collect) {
    Find(rule, reply, json);
    const std::size_t chosen =
        rule.take_all ? 0 : rng.Below(std::max<std::size_t>(values_.size(), 1));
    for (std::size_t nth = 0; nth < values_.size(); ++nth) {
      if (!rule.take_all && nth != chosen) continue;
      session.Collect(rule.into, values_[nth], pools);
      if (on_value) on_value(rule.into, values_[nth]);
      ++taken;
    }
  }
  return taken;
}

}  // namespace sfp::scenario
