#pragma once

// A regular expression that is looked for in whole bodies: RE2, which reads a text once from its
// beginning to its end and never calls itself, so that no response can hold up a worker. It has
// neither look-ahead nor back references. Works on bytes.
//
// Its first group is what is found, the whole match if it has none.
//
// Thread: immutable.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "common/base/status.h"

namespace re2 {
class RE2;
}

namespace sfp::scenario {

class Pattern {
 public:
  static StatusOr<Pattern> Compile(std::string_view expression);

  // The next find at or behind `at`, which is moved behind the match.
  std::optional<std::string_view> Next(std::string_view text, std::size_t& at) const;
  bool Matches(std::string_view text) const;

 private:
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace sfp::scenario
