#include "common/base/refusal_log.h"

#include <absl/strings/str_format.h>

#include <utility>

namespace sfp {

std::optional<std::string> RefusalLog::Note(const std::string& address, const std::string& peer,
                                            const std::string& reason, Time now) {
  const auto known = entries_.find({address, reason});
  std::uint64_t unsaid = 0;
  if (known != entries_.end()) {
    if (now - known->second.said < kQuiet) {
      ++known->second.unsaid;
      return std::nullopt;
    }
    unsaid = std::exchange(known->second.unsaid, 0);
    known->second.said = now;
  } else {
    ForgetOld(now);
    if (entries_.size() >= kMostEntries) {
      ++others_.unsaid;
      if (others_.said != Time{} && now - others_.said < kQuiet) return std::nullopt;
      others_.said = now;
      return absl::StrFormat("%u more were refused, the last one %s: %s",
                             std::exchange(others_.unsaid, 0), peer, reason);
    }
    entries_[{address, reason}] = {.said = now};
  }
  std::string line = peer + " is refused: " + reason;
  if (unsaid > 0) line += absl::StrFormat(" (and %u times more since it was said last)", unsaid);
  return line;
}

void RefusalLog::ForgetOld(Time now) {
  std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.said >= kQuiet; });
}

}  // namespace sfp
