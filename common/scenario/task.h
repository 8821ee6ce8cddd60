#pragma once

// What a user class and a task compile to. A task is a flat list of operations, which a user
// carries out one after the other; most have one, the request. Built by Program::Compile, read by
// the engine for each iteration:
//
//   Rng rng(seed, user, iteration);
//   const TaskId id = user_class.PickTask(rng);   // first: the choice depends on nothing else
//   const Duration think = user_class.wait.Think(rng);
//   draw.Begin(task);
//   … for each request: draw.Take(task, step, …)  // draw.h, then renderer.h, expect.h, collect.h
//
// Thread: immutable.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/base/time.h"
#include "common/scenario/collect.h"
#include "common/scenario/expect.h"
#include "common/scenario/functions.h"
#include "common/scenario/request.h"

namespace sfp::scenario {

using EndpointId = std::uint16_t;  // index into Program::endpoints
using TaskId = std::uint16_t;      // index into Program::tasks
using ClassId = std::uint16_t;     // index into Program::classes
using SourceId = std::uint16_t;    // index into Program::data

// The values that a text of a task needs, as slots: indexes into Task::variables.
struct Inputs {
  // Drawn in this order: random ones (each takes one number of the stream, whatever comes of it),
  // then unique, then sequential ones, so that a skipped step uses up no row, then the user's own.
  std::vector<std::uint16_t> needs;
  // What functions give, behind all others and anew whenever the step is carried out; a call stands
  // behind those that are its arguments.
  struct Call {
    std::uint16_t slot = 0;
    FunctionCall call;
  };
  std::vector<Call> calls;
};

// One request of a task: sent, judged, and values collected from its response.
struct Step : Inputs {
  std::string name;  // its endpoint's
  EndpointId endpoint = 0;
  // Under which a request is counted that is made once more behind one that met a connection which
  // the server had closed; absent: it is not.
  std::optional<EndpointId> retry_endpoint;
  std::string method;
  Expect expect;
  Duration timeout{0};                 // of the whole exchange; 0: none
  std::uint32_t max_redirects = 0;     // 0: a redirect is a response like any other
  bool head = false;                   // the response has no body
  bool idempotent = false;             // GET, HEAD, OPTIONS, PUT, DELETE
  bool needs_body = false;             // it is judged, or collected from
  bool needs_headers = false;          // Location or Set-Cookie matter
  bool needs_fields = false;           // so do other header fields
  std::optional<std::uint16_t> token;  // of Program::tokens, which it carries

  CompiledRequest request;
  std::vector<Pointer> pointers;  // into the response's body, of `expect` and `collect`
  std::vector<CollectRule> collect;
};

// One value that requests of a task need. Their slots are indexes into Task::variables.
struct Variable {
  static constexpr SourceId kCall = 0xffff;  // no source: what a step's call gives
  SourceId source = 0;
  std::uint16_t column = 0;  // of its row
  bool of_user = false;      // the user's own newest value, read anew by each step
};

// The time between two tasks of a user, or between two steps.
class Wait {
 public:
  enum class Kind : std::uint8_t { kNone, kUniform, kConstant, kExponential, kPacing };
  Wait() = default;
  Wait(Kind kind, Duration a, Duration b = Duration(0)) : kind_(kind), a_(a), b_(b) {}

  // From the end of a task to the start of the next; 0 if paced.
  Duration Think(Rng& rng) const {
    switch (kind_) {
      case Kind::kUniform:
        return a_ + Duration(static_cast<std::int64_t>(
                        rng.Below(static_cast<std::uint64_t>((b_ - a_).count()) + 1)));
      case Kind::kConstant:
        return a_;
      case Kind::kExponential:
        return FromSeconds(rng.Exponential(Seconds(a_)));
      default:
        return Duration(0);
    }
  }
  // From the start of a task to the start of the next one.
  std::optional<Duration> pacing() const {
    return kind_ == Kind::kPacing ? std::optional(a_) : std::nullopt;
  }
  double MeanSeconds() const {  // of Think
    if (kind_ == Kind::kPacing) return 0;
    return kind_ == Kind::kUniform ? (Seconds(a_) + Seconds(b_)) / 2 : Seconds(a_);
  }
  Kind kind() const { return kind_; }

 private:
  Kind kind_ = Kind::kNone;
  Duration a_{0};
  Duration b_{0};
};

// A text that becomes the user's own value of a source.
struct Assignment : Inputs {
  SourceId into = 0;
  Segments text;
};

// Of the status of the user's last response in this task, or of a value.
struct Condition : Inputs {      // its value, if any
  std::optional<Expect> status;  // no response yet is none of them
  std::optional<std::string> is;
  std::optional<Matcher> matches;
  bool negated = false;
};

struct Op {
  enum class Kind : std::uint8_t {
    kRequest,  // steps[index]
    kThink,    // thinks[index]
    kSet,      // sets[index]
    kUnless,   // on to `to` unless conditions[index] holds
    kGo,       // on to `to`
    kRepeat,   // `to` rounds follow, the last op of each is the kAgain
    kAgain,  // back to `to`, unless it was the last round or conditions[index] holds (kNone: none)
    kEnter,  // a group begins, counted at the endpoint `index`
    kLeave,  // the group that began last ends
  };
  static constexpr std::uint16_t kNone = 0xffff;
  Kind kind = Kind::kRequest;
  std::uint16_t index = 0;
  std::uint32_t to = 0;
};

struct Task {
  std::string name;
  std::vector<Op> ops;
  std::vector<Variable> variables;
  std::vector<Step> steps;  // at least one
  std::vector<Wait> thinks;
  std::vector<Assignment> sets;
  std::vector<Condition> conditions;

  // Under which is counted what belongs to none of its requests: an iteration that never began, a
  // `set` for which a value is missing.
  EndpointId endpoint() const { return steps.front().endpoint; }
};

struct UserClass {
  std::string name;
  ClassId id = 0;
  std::uint32_t weight = 1;
  std::uint32_t count = 0;  // so many users, the weight does not matter; 0: by weight
  Wait wait;
  std::vector<TaskId> on_start;  // once, in this order, before the first pick
  std::vector<TaskId> on_stop;   // once, in this order, when the user retires
  bool has_picks = false;        // false: every weight is 0, the user is done after on_start

  struct Choice {
    std::uint64_t up_to;  // sum of the weights so far
    TaskId task;
  };
  std::vector<Choice> choices;  // of tasks with a weight

  // A task in proportion to its weight; one number of the stream. Needs has_picks.
  TaskId PickTask(Rng& rng) const;
};

}  // namespace sfp::scenario
