#pragma once

// The owner table of a plan: entry i names the worker that runs every user u with u mod size == i.
// The master builds it at the start of a run and changes as few entries as possible when a worker
// is lost or joins, because each entry that changes hands restarts its users elsewhere.
//
// A worker's share is in proportion to its weight (its threads), to the nearest entry. Fresh tables
// are interleaved so that among the first n users, for every n, each worker has its proportion to
// within one user.
//
// Thread: safe, no state.

#include <cstdint>
#include <span>
#include <vector>

namespace sfp::plan {

struct Share {
  std::uint32_t worker = 0;
  std::uint32_t weight = 1;  // at least 1
};

using Owners = std::vector<std::uint32_t>;

inline constexpr std::size_t kFewestOwners = 840;  // divisible by 1..8
inline constexpr std::size_t kMostOwners = 1024;

// A table of kFewestOwners..kMostOwners entries, of a size in which the weights divide exactly if
// there is one; with more workers than that, one entry each at least.
Owners BuildOwners(std::span<const Share> shares);

// Gives the entries of `lost` to the workers in `alive`, so that all shares come as near to their
// proportion as these entries allow, well interleaved. No other entry changes. `alive` does not
// name `lost` and is not empty.
void Reassign(Owners& owners, std::uint32_t lost, std::span<const Share> alive);

// Gives `newcomer` (a member of `shares`, without entries so far) its proportion, taken evenly from
// those that have more than theirs. No entry moves between others. Entries of workers that are not
// in `shares` are not touched.
void Join(Owners& owners, std::uint32_t newcomer, std::span<const Share> shares);

// How many entries a worker has.
std::size_t CountOf(const Owners& owners, std::uint32_t worker);

}  // namespace sfp::plan
