#pragma once

// Finds values in JSON bodies by JSON pointers (RFC 6901), in which a segment "*" stands for every
// element of an array or member of an object.
//
//   /data/*/id      {"data":[{"id":"931000001-201500"}, …]}  ->  931000001-201500, …
//
// The body is read once by a streaming parser that follows all pointers and builds no tree;
// strings, numbers (as written) and booleans are found, null, arrays and objects are not. In a body
// that is not JSON, or nests deeper than kMostDepth, nothing is found.
//
// Thread: Pointer immutable; JsonFinder confined to its loop.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp::scenario {

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

class JsonFinder {
 public:
  static constexpr std::size_t kMostDepth = 64;

  struct Found {
    std::size_t pointer;  // which one
    std::size_t begin;
    std::size_t size;
  };

  JsonFinder();
  ~JsonFinder();

  // Forgets what was found before. Allocates nothing in steady state.
  void Read(std::string_view body, std::span<const Pointer> pointers);

  // In the order of the body.
  std::span<const Found> found() const;
  std::string_view value(const Found& found) const;  // valid until the next Read

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sfp::scenario
