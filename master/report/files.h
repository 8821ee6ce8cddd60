#pragma once

// A run's directory. Each file appears whole or not at all: it is written beside its place, synced,
// and renamed into it. Thread: safe as long as no two write the same file.

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "master/report/markdown.h"
#include "master/report/model.h"

namespace sfp::report {

Status WriteWhole(const std::string& path, std::string_view content);

// report.json, report.md and config.resolved.yaml. The directory is made if need be.
Status WriteRun(const std::string& directory, const Report& report, std::string_view resolved_yaml,
                const MarkdownOptions& options = {});

}  // namespace sfp::report
