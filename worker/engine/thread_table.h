#pragma once

// Which of a worker's threads runs which of the worker's entries of the owner table. A revision
// moves as few entries between threads as evenness (to within one entry) asks for, because users
// that move start anew; so the table depends on the revisions seen so far. Every thread's engine
// keeps one of its own: given the same revisions in the same order they agree.
//
// Thread: confined to its engine's loop.

#include <cstdint>
#include <vector>

#include "common/plan/plan.h"

namespace sfp::engine {

class ThreadTable {
 public:
  ThreadTable(std::uint32_t worker, std::uint32_t threads) : worker_(worker), threads_(threads) {}

  void Adopt(const plan::Plan& plan);
  // Whether `user` is this worker's and runs on `thread`.
  bool Runs(std::uint64_t user, std::uint32_t thread) const {
    return entries_[user % entries_.size()] == thread;
  }

 private:
  static constexpr std::uint32_t kNobody = ~0U;  // not this worker's

  const std::uint32_t worker_;
  const std::uint32_t threads_;
  std::vector<std::uint32_t> entries_;  // thread by entry
};

}  // namespace sfp::engine
