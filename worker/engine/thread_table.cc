#include "worker/engine/thread_table.h"

#include <algorithm>

namespace sfp::engine {

void ThreadTable::Adopt(const plan::Plan& plan) {
  if (entries_.size() != plan.owner_entries()) entries_.assign(plan.owner_entries(), kNobody);
  std::vector<std::uint32_t> load(threads_, 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (plan.OwnerOf(i) != worker_) entries_[i] = kNobody;
    if (entries_[i] != kNobody) ++load[entries_[i]];
  }
  const auto least = [&load] { return std::min_element(load.begin(), load.end()); };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (plan.OwnerOf(i) != worker_ || entries_[i] != kNobody) continue;
    entries_[i] = static_cast<std::uint32_t>(least() - load.begin());
    ++load[entries_[i]];
  }
  // Entries that went to another worker may have been one thread's; the others then help out.
  for (std::size_t i = entries_.size(); i-- > 0;) {
    const auto to = least();
    if (entries_[i] == kNobody || load[entries_[i]] <= *to + 1) continue;
    --load[entries_[i]];
    ++*to;
    entries_[i] = static_cast<std::uint32_t>(to - load.begin());
  }
}

}  // namespace sfp::engine
