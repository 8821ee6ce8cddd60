#pragma once

// report.json: schema sfp.report/1. Thread: pure function.

#include <string>

#include "master/report/json_writer.h"
#include "master/report/model.h"

namespace sfp::report {

std::string ToJson(const Report& report);

// Parts of it, each as it stands in report.json.
void WriteCapacity(JsonWriter& w,
                   const Report& report);  // {"verdict","reasons","thresholds","sweep","find"}
// {"failures","warnings","inferred"}, of the report all but the failures. A failure without a cause
// is one that nobody has explained yet.
void WriteFailures(JsonWriter& w, const std::vector<Failure>& failures, const Report& report);

}  // namespace sfp::report
