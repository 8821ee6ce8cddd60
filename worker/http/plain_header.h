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
// Thread: the function is safe, the reader confined to its loop.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

// The same, remembering the last header of which nothing but the status was kept: within a second
// (Date) a server often repeats itself byte for byte, and comparing is a tenth of reading.
class PlainHeaderReader {
 public:
  std::optional<PlainHeader> Read(std::string_view bytes, bool head, ResponseContent& content);

 private:
  void Remember(std::string_view bytes, bool head, const PlainHeader& header,
                const ResponseContent& content);

  std::string last_;  // empty: none
  PlainHeader header_;
  int status_ = 0;
  bool head_ = false;
  bool keep_body_ = false;
};

}  // namespace sfp::http
