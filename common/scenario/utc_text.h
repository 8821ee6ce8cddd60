#pragma once

// A moment in UTC written in the terms of strftime, in English and without any allocation:
//
//   %Y %m %d %H %M %S   %y %j %a %A %b %B   %F %T   %L milliseconds   %s seconds since 1970   %%
//
// Thread: safe, no state.

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp::scenario {

// No field of a format is longer than so many times what stands for it.
inline constexpr std::size_t kMostBytesPerUtcField = 10;

// The error says what the format holds that is unknown.
Status CheckUtcFormat(std::string_view format);

// `utc` is since 1970; the format is a good one.
void AppendUtc(std::string& out, Duration utc, std::string_view format);

}  // namespace sfp::scenario
