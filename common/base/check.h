#pragma once

// SFP_CHECK(condition) states an invariant of our own code. When it is broken the program prints
// the place and aborts, in every build. Never for input, for the network or for the target's
// behaviour: those are values.
//
// Thread: safe.

#include <cstdio>
#include <cstdlib>

namespace sfp {

[[noreturn]] inline void CheckFailed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}

}  // namespace sfp

#define SFP_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sfp::CheckFailed(#condition, __FILE__, __LINE__))
