#pragma once

// The functions of templates: what they are called, which arguments they take, what they give.
//
//   uuid()                        a random UUID (version 4)
//   random_int(1, 100)            a whole number, both bounds included
//   random_float(0, 1, 2)         a number with so many decimals (default 6)
//   random_string(12, 'abc')      so many characters, letters and digits without a second argument
//   choice('a', 'b')              one of its arguments
//   now('%Y-%m-%d', '-1d')        UTC in strftime's terms; RFC 3339 without arguments
//   timestamp_ms()                milliseconds since 1970
//   user(), iteration()           the numbers of the user and of its iteration, from 0; in the open
//                                 model the iteration is the arrival's number
//   base64(x), urlencode(x), hmac_sha256(key, x)    the last as 64 hex digits
//
// A compiled call holds its literals, and for each other argument the slot of the value, which is
// there before the call is evaluated. All but now and timestamp_ms depend on the random stream and
// the arguments only. Nothing is allocated, except for `out` to grow.
//
// Thread: FunctionCall immutable, pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp::scenario {

struct TemplatePiece;

inline constexpr std::size_t kMostArguments = 64;

struct Function {
  enum class Id : std::uint8_t {
    kUuid,
    kRandomInt,
    kRandomFloat,
    kRandomString,
    kChoice,
    kNow,
    kTimestampMs,
    kUser,
    kIteration,
    kBase64,
    kUrlEncode,
    kHmacSha256,
  };
  Id id;
  std::string_view name;
  std::size_t least;  // arguments
  std::size_t most;
  bool literals;           // its arguments are known before the run
  std::string_view usage;  // for people
};

const Function* FindFunction(std::string_view name);  // null: there is none
// "there is no function 'uid', did you mean 'uuid'?"
std::string NoFunction(std::string_view name);

// Whether the function takes the arguments of this call; the error names what is wrong.
Status CheckArguments(const TemplatePiece& call);

struct FunctionCall {
  struct Argument {
    std::string literal;
    std::optional<std::uint16_t> slot;  // instead of the literal
  };
  Function::Id id = Function::Id::kUuid;
  std::vector<Argument> arguments;
  std::array<std::int64_t, 3> numbers{};  // of random_…; of now the offset, ns
};

// Of a call that CheckArguments accepts; what is no literal gets its slot from the caller.
FunctionCall CompileCall(const TemplatePiece& call);

struct CallContext {
  Rng& rng;
  std::uint64_t user = 0;
  std::uint64_t iteration = 0;
  Duration utc{0};  // since 1970
};

// Appends the call's value. `arguments` are the values of the call's arguments; they may lie in
// `out`, in which is room for MostBytes more.
void Evaluate(const FunctionCall& call, std::span<const std::string_view> arguments,
              const CallContext& context, std::string& out);
// A bound on what Evaluate appends.
std::size_t MostBytes(const FunctionCall& call, std::span<const std::string_view> arguments);

}  // namespace sfp::scenario
