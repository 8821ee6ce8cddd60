#pragma once

// What comes in as JSON, or, from scripts, as a form ("users=200&run_time=5m").
//
//   {"users":200,"spawn_rate":20,"run_time":"5m"}       each member optional
//
// Strict: unknown, repeated or wrongly typed members are errors, each a sentence. An empty body is
// {}. Whether a value makes sense is the backend's to say: it goes by the rules of the command
// line.
//
// Thread: safe, no state.

#include <string>
#include <string_view>

#include "master/web/backend.h"

namespace sfp::web {

enum class BodyKind { kJson, kForm };

StatusOr<StartParams> ReadStartParams(std::string_view body, BodyKind kind);
StatusOr<EditParams> ReadEditParams(std::string_view body, BodyKind kind);
// Nothing, or an empty object.
Status ReadNothing(std::string_view body, BodyKind kind);

// The value of one field of a form or query, decoded; nothing if it is not there or is broken.
std::optional<std::string> FormValue(std::string_view form, std::string_view name);

// {"error":"a sentence"}
std::string ErrorJson(std::string_view sentence);

}  // namespace sfp::web
