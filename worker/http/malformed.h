#pragma once

// Why Beast refuses a response, in words: its own reason is exact but short ("bad reason"), and
// what servers do wrong is mostly one of a few things that lenient clients let pass.
//
// Thread: safe, no state.

#include <string_view>

namespace sfp::http {

// A line feed without a carriage return before it, within the header (up to its empty line).
bool HasBareLineFeed(std::string_view header);

// False once the bytes can't be the beginning of "HTTP/1.x ". Judged from eight bytes on, as the
// parser does.
bool MayBeginStatusLine(std::string_view bytes);

// "" if there is nothing to add to the parser's reason. `header`: the bytes begin with the status
// line; otherwise with what stands where a chunk's header should.
std::string_view WhyMalformed(std::string_view bytes, bool header);

}  // namespace sfp::http
