#pragma once

// Some columns of a file of rows.
//
//   CSV         RFC 4180 (fields in double quotes may hold commas, line ends and doubled quotes),
//               with a header line; line ends LF or CRLF; a column is what the header calls so
//   JSON lines  an object a line; a column is a member's name, or a path to one below
//               (address.city); text, numbers (in their shortest form) and booleans are taken
//
// UTF-8; empty lines are skipped. Read in a stream, only the columns are kept.
//
// Thread: reads a file, no state.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::config {

constexpr std::size_t kMostRowBytes = 1'000'000'000;  // of a file
constexpr std::size_t kMostRowValues = 10'000'000;    // kept of it

struct Rows {
  std::vector<std::string> values;  // row by row
  std::string error;                // what is wrong, without the file's name; empty: nothing
  std::optional<std::size_t> no_such_column;  // the error is about this one
};

// No columns stand for the only one of a file that has one.
Rows ReadCsv(const std::string& path, std::span<const std::string> columns);
Rows ReadJsonLines(const std::string& path, std::span<const std::string> columns);

}  // namespace sfp::config
