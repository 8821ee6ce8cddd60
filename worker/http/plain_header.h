#pragma once

// The header of a usual response, read in one pass: HTTP/1.1, a final status, fields of one line
// each, a length or no body. Beast's parser is the judge of everything else, and of what is wrong:
// here is only the short way through what nearly all responses look like, at a fifth of its
// instructions (it tells hundreds of field names apart, of which six matter to us).
//
//   kHeader: Beast would take exactly these bytes for a header, and mean the same by it
//   nothing: incomplete, unusual or wrong; ask Beast, from the first byte
//
// fuzz/response_fuzz.cc holds the two together: in one piece a response goes the short way, byte by
// byte it goes to Beast.
//
// Thread: safe, no state.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/http/response_content.h"

namespace sfp::http {

struct PlainHeader {
  std::size_t bytes = 0;         // up to its empty line, included
  std::uint64_t body_bytes = 0;  // that follow
  bool keep_alive = true;
};

// `head`: the answer to a HEAD request. Fills `content`, which is clear, with the status and the
// fields to be kept; leaves it clear if it gives up.
std::optional<PlainHeader> ReadPlainHeader(std::string_view bytes, bool head,
                                           ResponseContent& content);

}  // namespace sfp::http
