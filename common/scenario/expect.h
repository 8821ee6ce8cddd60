#pragma once

// What a step expects of its response, beside the exchange's success, and the judgement.
//
//   status, then header fields, the body's text, values in it (all that a pointer finds, at least
//   one), its size, the response time; the first that does not hold is the failure:
//
//   HTTP 500, expected 200..399            /data/0/id 'y', expected 'x'
//   header Content-Type is missing, expected to contain 'json'
//
// Texts of both sides are cut, so that a message stays below 200 bytes; a time is told only as far
// as the next doubling of its limit, so that failures of one kind share few rows.
//
// Thread: Expect immutable; Examiner confined to its loop.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/scenario/json_finder.h"
#include "common/scenario/pattern.h"
#include "common/scenario/reply.h"
#include "common/scenario/request.h"

namespace sfp::scenario {

class Draw;
struct Step;

// Of a text: equal to another, which may hold values; containing it; matching an expression.
struct TextCondition {
  enum class Kind : std::uint8_t { kEquals, kContains, kMatches };
  Kind kind = Kind::kEquals;
  Segments text;  // literals and values
  std::optional<Pattern> pattern;
  std::string shown;  // "'x'", "to contain 'x'", "to match 'x'"
};

class Expect {
 public:
  struct Range {
    int first = 200;
    int last = 399;
  };
  // What becomes of a response that is not as expected: a failure, a success with a warning, or a
  // failure that its user does not survive.
  enum class Otherwise : std::uint8_t { kFail, kWarn, kStop };
  struct Part {
    std::string name;           // of a header field, or the pointer
    std::uint16_t pointer = 0;  // of Step::pointers
    TextCondition condition;
  };

  Expect() : Expect(std::vector<Range>{{}}) {}
  explicit Expect(std::vector<Range> ranges);  // not empty, in order of `first`

  bool Holds(int status) const {
    for (const Range& range : ranges_) {
      if (status >= range.first && status <= range.last) return true;
    }
    return false;
  }
  const std::string& text() const { return text_; }  // "200..399", "400", "200 or 404"

  std::vector<Part> header;
  std::vector<TextCondition> body;
  std::vector<Part> json;
  std::optional<std::uint64_t> least_bytes;  // of the body, decoded
  std::optional<std::uint64_t> most_bytes;
  std::optional<Duration> most_time;
  Otherwise otherwise = Otherwise::kFail;

 private:
  std::vector<Range> ranges_;
  std::string text_;
};

struct Wrong {
  bool status = false;  // the status is what is wrong
  std::string message;
};

class Examiner {
 public:
  // Reads the response and holds it against what the step expects. Allocates nothing in steady
  // state but for what is wrong.
  std::optional<Wrong> Judge(const Step& step, const Reply& reply, const Draw& draw);

  // What the step's pointers lead to in the response judged last.
  const JsonFinder& json() const { return json_; }

 private:
  bool Holds(const TextCondition& condition, std::string_view text, const Draw& draw);
  std::optional<std::string> WrongField(const Expect::Part& part, const Reply& reply,
                                        const Draw& draw);
  std::optional<std::string> WrongValue(const Expect::Part& part, const Draw& draw);
  std::optional<std::string> WrongBody(const Expect& expect, const Reply& reply, const Draw& draw);

  JsonFinder json_;
  std::string expected_;
};

}  // namespace sfp::scenario
