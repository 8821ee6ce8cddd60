#pragma once

// The request target that a Location header leads to, as RFC 3986 section 5 resolves references and
// RFC 9110 section 10.2.2 wants: relative to the request's own target, fragment dropped, dot
// segments removed.
//
// Thread: pure functions.

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/scenario/origin.h"

namespace sfp::scenario {

// `target` is the path and query of the request that was answered. The result is the next one's.
// What a URL has no place for is encoded. An error when `location` is empty or leads to another
// origin; its text names the location.
StatusOr<std::string> ResolveRedirect(const Origin& origin, std::string_view target,
                                      std::string_view location);

}  // namespace sfp::scenario
