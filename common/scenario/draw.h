#pragma once

// The values of one iteration: each of a task's variables drawn once, so that a name which stands
// twice in the request is one value. Keep it until the exchange is over: a redirect may need the
// request again.
//
// An object is reused from task to task. 56 bytes; nothing on the heap for up to four values of
// 15 characters together, and nothing new once it has grown.
//
// Thread: confined to its user's loop.

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/rng.h"
#include "common/scenario/data.h"
#include "common/scenario/session.h"
#include "common/scenario/task.h"

namespace sfp::scenario {

class Draw {
 public:
  // With an `arrival` (the open model) rows of counted sources go by its number instead of by user
  // and draw, behind those that users may draw in on_start and on_stop. False if the task is to be skipped: a collected source is still empty, or unique rows are used
  // up. Numbers taken from `rng` are the same in number either way; a skipped task uses up no row.
  bool Take(const Program& program, const Task& task, const UserSession& session,
            const Pools& pools, Rng& rng, std::optional<std::uint64_t> arrival = std::nullopt);

  // Of Task::variables[slot], unescaped.
  std::string_view value(std::size_t slot) const {
    const std::uint32_t begin = slot == 0 ? 0 : ends_[slot - 1];
    return std::string_view(text_).substr(begin, ends_[slot] - begin);
  }

 private:
  std::string text_;                            // all values, one after the other
  absl::InlinedVector<std::uint32_t, 4> ends_;  // by slot
};

}  // namespace sfp::scenario
