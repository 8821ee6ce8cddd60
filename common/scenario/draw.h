#pragma once

// The values of one iteration: each of a task's variables is drawn once, when a step first needs
// it, so that a name which stands twice, in one request or in two, is one value. Keep it until the
// exchange is over: a redirect may need the request again.
//
// The user's own values are another matter, an earlier step may have changed them, and so is what
// functions give: made anew whenever a step is carried out.
//
// An object is reused from task to task. 64 bytes; nothing on the heap for up to two values of
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

// What an iteration is, beside its user.
struct Occasion {
  std::optional<std::uint64_t> arrival;  // that it serves, in the open model
  std::uint64_t iteration = 0;           // of the user
  Duration utc{0};                       // since 1970
};

class Draw {
 public:
  // A new iteration: nothing has been drawn.
  void Begin(const Task& task);

  // What a step, or another text, needs and has not been drawn yet. With an arrival rows of counted
  // sources go by its number instead of by user and draw, behind those that users may draw in
  // on_start and on_stop. False if a value is missing: a collected source is still empty, or
  // unique rows are used up. Numbers taken from `rng` are the same in number either way; a skipped
  // step uses up no row.
  bool Take(const Program& program, const Task& task, const Inputs& of, const UserSession& session,
            const Pools& pools, Rng& rng, const Occasion& occasion = {});

  // Take gave false because unique rows are used up, and their user is to retire.
  bool exhausted() const { return exhausted_; }

  // Of Task::variables[slot], which has been drawn; unescaped.
  std::string_view value(std::size_t slot) const {
    return std::string_view(text_).substr(places_[slot].begin, places_[slot].size);
  }

 private:
  struct Place {
    std::uint32_t begin = kUndrawn;  // in text_
    std::uint32_t size = 0;
  };
  static constexpr std::uint32_t kUndrawn = ~0U;

  // The row's columns that the task needs.
  void TakeRow(const Task& task, SourceId id, const DataSource& source, std::uint64_t row);
  void Call(const Inputs::Call& step, const CallContext& context);
  void Put(std::uint16_t slot, std::size_t begin) {
    places_[slot] = {static_cast<std::uint32_t>(begin),
                     static_cast<std::uint32_t>(text_.size() - begin)};
  }

  std::string text_;                      // all values, one after the other
  absl::InlinedVector<Place, 2> places_;  // by slot
  std::uint32_t kept_ = 0;                // so much of the text is for the whole iteration
  bool exhausted_ = false;
};

// Appends segments that hold nothing but literals and values.
void AppendPlain(std::string& out, const Segments& segments, const Draw& draw);

}  // namespace sfp::scenario
