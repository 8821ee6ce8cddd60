#pragma once

// A file of at most kMostRowBytes, block by block. Private to the readers of rows.h.
//
// Thread: reads a file, no state.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/config/rows.h"

namespace sfp::config {

// Gives all of the file to `take`, until that returns false. What went wrong, without the file's
// name, or "".
std::string ReadBlocks(const std::string& path, const std::function<bool(std::string_view)>& take);

// All of it by a reader of one format: Take(block), Finish() and `out`, the Rows.
template <typename Reader>
Rows ReadRows(const std::string& path, std::span<const std::string> columns) {
  Reader reader(columns);
  std::string error = ReadBlocks(path, [&](std::string_view block) { return reader.Take(block); });
  if (error.empty()) {
    reader.Finish();
  } else {
    reader.out.error = std::move(error);
  }
  return std::move(reader.out);
}

}  // namespace sfp::config
