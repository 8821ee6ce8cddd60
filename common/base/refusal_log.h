#pragma once

// What is logged about those who are turned away: each address and reason once a
// minute with a count of what was left out, and never more than a few dozen lines a minute, whoever
// knocks how often.
//
// Thread: confined to its owner's; time is an argument.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/base/time.h"

namespace sfp {

class RefusalLog {
 public:
  static constexpr Duration kQuiet = std::chrono::seconds(60);
  static constexpr std::size_t kMostEntries = 32;

  // The line to print, if it is time for one. `peer` may name a port, `address` does not.
  std::optional<std::string> Note(const std::string& address, const std::string& peer,
                                  const std::string& reason, Time now);

 private:
  struct Entry {
    Time said;
    std::uint64_t unsaid = 0;
  };
  void ForgetOld(Time now);

  std::map<std::pair<std::string, std::string>, Entry> entries_;
  Entry others_;  // those for whom there was no room
};

}  // namespace sfp
