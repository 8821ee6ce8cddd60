#pragma once

// A file of at most kMostRowBytes, block by block. Private to the readers of rows.h.
//
// Thread: reads a file, no state.

#include <functional>
#include <string>
#include <string_view>

namespace sfp::config {

// Gives all of the file to `take`, until that returns false. What went wrong, without the file's
// name, or "".
std::string ReadBlocks(const std::string& path, const std::function<bool(std::string_view)>& take);

}  // namespace sfp::config
