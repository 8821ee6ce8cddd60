#pragma once

// Where requests go, parsed from target.url, and where a redirect may lead: there and nowhere else.
//
// Thread: immutable values.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace sfp::scenario {

struct Origin {
  bool tls = false;
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;
  std::string authority;  // for the Host header: the port is left out when it is the scheme's own
};

// "https://api.example:8443", "http://[::1]". A single slash may follow; user, path, query and
// fragment are refused, and so is a host that is not ASCII (write it in punycode).
StatusOr<Origin> ParseOrigin(std::string_view url);

}  // namespace sfp::scenario
