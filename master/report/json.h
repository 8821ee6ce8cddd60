#pragma once

// report.json: schema sfp.report/1. Thread: pure function.

#include <string>

#include "master/report/model.h"

namespace sfp::report {

std::string ToJson(const Report& report);

}  // namespace sfp::report
