#pragma once

// Takes values out of responses. A rule has one place where it looks, and an expression of which
// only the match is kept:
//
//   json    what a pointer leads to (json_finder.h)
//   regex   in the body: the first group, or the whole match (pattern.h)
//   header  the values of a header
//   cookie  the cookie's value, as this response sets it or as the user has it
//   status, body
//
//   /data/*/id  with  ^[0-9]{9}      {"data":[{"id":"931000001-201500"}, …]}  ->  931000001, …
//
// Thread: CollectRule immutable; Collector confined to its loop.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"
#include "common/scenario/json_finder.h"
#include "common/scenario/matcher.h"
#include "common/scenario/pattern.h"
#include "common/scenario/reply.h"

namespace sfp::scenario {

class Pools;
class UserSession;
struct Step;

struct CollectRule {
  enum class From : std::uint8_t { kJson, kRegex, kHeader, kCookie, kStatus, kBody };

  std::uint16_t into = 0;  // SourceId
  From from = From::kJson;
  std::uint16_t pointer = 0;  // of Step::pointers
  std::optional<Pattern> pattern;
  std::string name;       // of a header or cookie
  Matcher match;          // matches everything if the rule has none
  bool take_all = false;  // all values found, else one of them at random
};

class Collector {
 public:
  // Puts what the step's rules find where their sources keep values and returns how many values
  // that were. `json` has read the body with the step's pointers. A rule that picks one takes one
  // number from `rng`, found or not. Allocates nothing in steady state, unless `match` needs
  // std::regex (matcher.h).
  std::size_t Take(const Step& step, const Reply& reply, const JsonFinder& json,
                   UserSession& session, Pools& pools, Rng& rng);

  // Told of each value that is taken, if somebody wants to see them.
  std::function<void(std::uint16_t into, std::string_view value)> on_value;

 private:
  void Find(const CollectRule& rule, const Reply& reply, const JsonFinder& json);
  void Keep(const CollectRule& rule, std::string_view value);

  std::vector<std::string_view> values_;  // that the rule at hand finds
  char status_[12];
};

}  // namespace sfp::scenario
