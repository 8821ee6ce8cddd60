#pragma once

// Undoes the percent-encoding of URLs (RFC 3986, 2.1): "%7Bid%7D" becomes "{id}". What is no escape
// stays as it is.
//
// Thread: safe, pure.

#include <string>
#include <string_view>

namespace sfp {

std::string PercentDecoded(std::string_view text);
// Of a query or form: "+" is a space.
std::string FormDecoded(std::string_view text);

}  // namespace sfp
