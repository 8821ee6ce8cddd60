#pragma once

// A text that matches a regular expression of the simple kind that API descriptions use: literals,
// classes, groups, alternatives (the first), repetition (as often as it must be).
//
// Thread: pure function.

#include <optional>
#include <string>
#include <string_view>

namespace sfp::import {

// Nothing if the expression uses what this does not know, or if the result, tried, does not match.
std::optional<std::string> SampleOf(std::string_view pattern);

}  // namespace sfp::import
