#pragma once

// The page at /: the status as plain HTML that reloads itself, without a script.
//
// Thread: safe, no state.

#include <string>

#include "master/web/backend.h"

namespace sfp::web {

std::string StatusPage(const RunStatus& status);

}  // namespace sfp::web
