#pragma once

// One column of a CSV file: RFC 4180 (fields in double quotes may hold commas, line ends and
// doubled quotes), UTF-8, with a header line; line ends LF or CRLF; empty lines are skipped. Read
// in a stream, only the column is kept.
//
// Thread: reads a file, no state.

#include <string>
#include <string_view>
#include <vector>

namespace sfp::config {

constexpr std::size_t kMostCsvBytes = 1'000'000'000;
constexpr std::size_t kMostCsvRows = 10'000'000;

struct CsvColumn {
  std::vector<std::string> values;
  std::string error;            // what is wrong, without the file's name; empty: nothing
  bool no_such_column = false;  // the error is about `column`
};

// An empty `column` stands for the only one of a file that has one.
CsvColumn ReadCsvColumn(const std::string& path, std::string_view column);

}  // namespace sfp::config
