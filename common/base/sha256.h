#pragma once

// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) without any allocation, for what is hashed once
// per request.
//
// Thread: safe, no state.

#include <array>
#include <cstdint>
#include <string_view>

namespace sfp {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest HmacSha256(std::string_view key, std::string_view text);

}  // namespace sfp
