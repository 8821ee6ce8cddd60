#pragma once

// Content-Encoding gzip and deflate, decoded whole, with a bound: a small response can't become a
// gigabyte.
//
// Thread: safe, no state.

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace sfp::http {

// gzip (several members too) and zlib, told apart by their first bytes; with `may_be_raw` also
// deflate without a wrapper, as some servers send under that name. The error is a sentence:
// "incorrect data check", "ends in the middle", "larger than 1000 bytes when decoded".
Status Inflate(std::string_view coded, bool may_be_raw, std::size_t most_bytes,
               std::string& decoded);

}  // namespace sfp::http
