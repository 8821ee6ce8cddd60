#pragma once

// A compiled ECMAScript regular expression that finds its first match in a value.
//
// std::regex allocates and takes microseconds, so a sequence of single-character items (literals,
// '.', classes, \d \w \s, each with ? * + {n} {n,m}, between ^ and $) runs on a small matcher of
// our own. Everything else (groups, alternatives, lazy repeats, look-ahead, \b) runs on std::regex.
// Both work on bytes.
//
// Thread: immutable.

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp::scenario {

class Matcher {
 public:
  // Longer values have no match: std::regex recurses once per character.
  static constexpr std::size_t kMostBytes = 4096;

  Matcher();  // matches every value, whole
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  static StatusOr<Matcher> Compile(std::string_view expression);

  // The first match, a part of `value`, or nothing.
  std::optional<std::string_view> Find(std::string_view value) const;

  bool simple() const { return general_ == nullptr; }  // runs without std::regex

 private:
  struct Item {
    std::bitset<256> set;
    std::uint32_t least = 1;
    std::uint32_t most = 1;
  };
  struct General;
  class Parser;
  // The end of the match of items_[item…] that starts at `at`, or npos.
  std::size_t MatchFrom(std::string_view value, std::size_t at, std::size_t item) const;

  bool everything_ = true;
  bool from_start_ = false;  // ^
  bool to_end_ = false;      // $
  std::vector<Item> items_;
  std::unique_ptr<General> general_;
};

}  // namespace sfp::scenario
