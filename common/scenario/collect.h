#pragma once

// Takes values out of JSON response bodies: a JSON pointer (RFC 6901) in which a segment "*" stands
// for every element of an array or member of an object, and a regular expression of which only the
// match is kept.
//
//   /data/*/id  with  ^[0-9]{9}      {"data":[{"id":"931000001-201500"}, …]}  ->  931000001, …
//
// The body is read once by a streaming parser that follows all pointers of a step and builds no
// tree; strings, numbers (as written) and booleans are taken, null, arrays and objects are not. A
// body that is not JSON, or nests deeper than kMostDepth, gives nothing.
//
// Thread: CollectRule immutable; Collector confined to its loop.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"
#include "common/base/status.h"
#include "common/scenario/matcher.h"

namespace sfp::scenario {

class Pools;
class UserSession;
struct Step;

// A JSON pointer cut into segments, escapes (~0, ~1) undone.
struct Pointer {
  struct Step {
    std::string key;
    std::uint64_t index = 0;  // if is_index
    bool any = false;         // "*"
    bool is_index = false;    // digits without a leading zero: matches an array's element, too
  };
  std::vector<Step> steps;
};
StatusOr<Pointer> ParsePointer(std::string_view text);

struct CollectRule {
  std::uint16_t into = 0;  // SourceId
  Pointer pointer;
  Matcher match;          // matches everything if the rule has none
  bool take_all = false;  // all values found, else one of them at random
};

class Collector {
 public:
  static constexpr std::size_t kMostDepth = 64;

  Collector();
  ~Collector();

  // Puts what the step's rules find where their sources keep values and returns how many values that were. A rule
  // that picks one takes one number from `rng`, found or not. Allocates nothing in steady state,
  // unless an expression needs std::regex (matcher.h).
  std::size_t Take(const Step& step, std::string_view body, UserSession& session, Pools& pools,
                   Rng& rng);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sfp::scenario
