#pragma once

// What a step looks at in the response to its request: judged by its expectations (expect.h), taken
// values from by its collect rules (collect.h).
//
// Thread: a view, confined to the exchange's loop.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/time.h"
#include "common/scenario/cookies.h"

namespace sfp::scenario {

struct Reply {
  int status = 0;
  std::string_view body;    // decoded; if the step needs it
  std::string_view fields;  // "Name: value\n" for each header field; if the step needs them
  std::span<const std::string_view> set_cookies;
  const CookieJar* jar = nullptr;  // of the user, these cookies included
  Duration time{0};                // of the response
};

// The value of the next header field of this name (in whatever case) at or behind `at`, which is
// moved behind it.
std::optional<std::string_view> NextField(std::string_view fields, std::string_view name,
                                          std::size_t& at);

}  // namespace sfp::scenario
