#pragma once

// The written forms of quantities, in configuration and on command lines.
//
//   duration  250us 250ms 5s 1m30s 2h     (a bare 0 is allowed, a bare 5 is not)
//   rate      200/s 12000/m               per second in memory
//   bytes     512 64KB 1MB                1 KB = 1000 B; KiB, MiB = 1024
//   address   127.0.0.1:5557  [::1]:5557  host:port
//
// Errors are sentences that say what would be right. Thread: safe, no state.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp {

StatusOr<Duration> ParseDuration(std::string_view text);
StatusOr<double> ParseRate(std::string_view text);
StatusOr<std::uint64_t> ParseBytes(std::string_view text);

struct HostPort {
  std::string host;  // without the brackets of an IPv6 literal
  std::uint16_t port = 0;
};
StatusOr<HostPort> ParseHostPort(std::string_view text);
// localhost, 127.x.y.z or ::1; a name such as 127.example.org is none.
bool IsLoopback(std::string_view host);

// "1m30s", "250ms", "0s": exact, the shortest form that ParseDuration reads back.
std::string FormatDuration(Duration d);
// For people: "1.4 ms", "12.3 s", "3m 20s".
std::string HumanDuration(Duration d);

}  // namespace sfp
