#pragma once

// report.html: the run in one file that opens from a disk without a network: style sheet, scripts
// (those of the live page) and the run's figures are in it.
//
// It stays below kMostHtmlBytes: the charts get as many points as fit, and of many endpoints the
// busiest only.
//
// Thread: pure function.

#include <string>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

inline constexpr std::size_t kMostHtmlBytes = 500'000;

std::string ToHtml(const Report& report, const results::Results& results);

}  // namespace sfp::report
