// Regular expressions: what our own small matcher finds is what std::regex finds.
//
//   first line: the expression · the rest: the value

#include <regex>
#include <string>

#include "common/base/check.h"
#include "common/scenario/matcher.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Short, since either matcher may try exponentially many ways.
  constexpr std::size_t kMostExpression = 12;
  constexpr std::size_t kMostValue = 20;
  sfp::fuzz::Input input(data, size);
  const std::string expression(input.Line());
  const std::string value(input.Rest().substr(0, kMostValue));
  if (expression.size() > kMostExpression) return 0;
  const auto matcher = sfp::scenario::Matcher::Compile(expression);
  if (!matcher.ok()) return 0;
  const auto found = matcher->Find(value);
  if (found) {
    SFP_CHECK(found->data() >= value.data() &&
              found->data() + found->size() <= value.data() + value.size());
  }
  if (!matcher->simple()) return 0;
  const std::regex regex(expression, std::regex::ECMAScript);
  std::smatch match;
  const bool matches = std::regex_search(value, match, regex);
  SFP_CHECK(matches == found.has_value());
  if (matches) SFP_CHECK(match.str(0) == *found);
  return 0;
}
