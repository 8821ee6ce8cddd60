#pragma once

// report.md: the table of the 2018 README with further columns, the verdicts, endpoints, failures
// with causes, thresholds, and the definitions of the words. Thread: pure function.

#include <string>

#include "master/report/model.h"

namespace sfp::report {

struct MarkdownOptions {
  // Total requests, average and requests/s without failures, as the 2018 table had them.
  bool seed_definitions = false;
};

std::string ToMarkdown(const Report& report, const MarkdownOptions& options = {});

}  // namespace sfp::report
