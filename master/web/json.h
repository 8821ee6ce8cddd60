#pragma once

// The JSON of the REST interface, in and out.
//
//   {"state":"running","says":"","ready":true,"workers":4,"workers_wanted":4,"users":100,
//    "requests":12000,"failures":3,"rps":33.9,"second":360}
//   {"users":200,"spawn_rate":20,"run_time":"5m"}       each member optional
//   {"error":"a sentence"}
//
// Thread: safe, no state.

#include <string>
#include <string_view>

#include "master/web/backend.h"

namespace sfp::web {

std::string StatusJson(const RunStatus& status);
std::string ErrorJson(std::string_view sentence);

// Strict: unknown, repeated or wrongly typed members are errors, each a sentence. An empty body is
// {}.
StatusOr<StartParams> ReadStartParams(std::string_view body);
// Nothing, or an empty object.
Status ReadNothing(std::string_view body);

}  // namespace sfp::web
