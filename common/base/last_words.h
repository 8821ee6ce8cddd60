#pragma once

// What a program says at its end to whoever started it in a container: Kubernetes shows the first
// 4,096 bytes of a pod's termination log, by default /dev/termination-log, in the pod's status.
//
// Thread: safe, no state.

#include <string>

#include "common/base/status.h"

namespace sfp {

inline constexpr std::size_t kMostLastWords = 4096;  // bytes

// Cut at a line's end to what is shown, with "…" for the rest.
std::string CutLastWords(std::string text);

// Writes them in place, for the file is mounted from outside. Does nothing for an empty path.
Status LeaveLastWords(const std::string& path, const std::string& text);

}  // namespace sfp
