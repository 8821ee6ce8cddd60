#pragma once

// Counts what this process takes from operator new, for tests that say "allocates nothing". Link
// the object target sfp_allocations: it replaces the operators.
//
// Thread: safe.

#include <cstdint>

namespace sfp::test {

std::uint64_t Allocations();     // so far
std::uint64_t AllocatedBytes();  // so far, whatever was freed since

}  // namespace sfp::test
