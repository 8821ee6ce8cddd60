#pragma once

// Faults on purpose: `--fault reset:1%`. Which request meets which fault is a pure function of
// (seed, number of the request), so a run can be repeated.
//
//   reset      RST instead of an answer              stall      no answer, until the socket timeout
//   close      FIN instead of an answer              truncate   half of the answer, then FIN
//   error500   a 500                                 reset-body  half of the answer, then RST
//   malformed  an answer that is not HTTP
//   slow-accept  the connection is looked at only after a second (by number of the connection)
//
// Thread: immutable.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/status.h"

namespace sfp::demo {

enum class Fault {
  kReset,
  kClose,
  kError500,
  kStall,
  kTruncate,
  kMalformed,
  kResetBody,
  kSlowAccept
};
inline constexpr int kFaults = 8;
std::string_view Name(Fault fault);

class Faults {
 public:
  explicit Faults(std::uint64_t seed = 0) : seed_(seed) {}

  // "reset:1%". The shares of one request's faults must not exceed 100 % together.
  Status Add(std::string_view text);

  std::optional<Fault> OfRequest(std::uint64_t number) const;
  bool DelaysAccept(std::uint64_t connection) const;

 private:
  std::uint64_t seed_;
  std::array<double, kFaults> share_{};
};

}  // namespace sfp::demo
