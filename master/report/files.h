#pragma once

// A run's files. Each appears whole or not at all: it is written beside its place, synced, and
// renamed into it.
//
// Thread: safe as long as no two write the same file.

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "master/report/markdown.h"
#include "master/report/model.h"
#include "master/results/results.h"
#include "master/results/seconds.h"

namespace sfp::report {

// A file that grows piece by piece and takes its place with Commit; without one nothing is left of
// it. The first error is kept, further pieces are dropped, and Commit returns it.
class WholeFile {
 public:
  explicit WholeFile(std::string path);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  void Write(std::string_view text);
  Status Commit();

 private:
  void Flush();

  const std::string path_;
  const std::string beside_;
  int fd_ = -1;
  int error_ = 0;
  std::string waiting_;
};

Status WriteWhole(const std::string& path, std::string_view content);

struct FileOptions {
  MarkdownOptions markdown;
  bool full_history = false;  // stats_history.csv with each endpoint
};

// Every file but the journal; report.json is the last one, so that where it is, all are. All are
// tried, the first error is returned. `replay` reads the
// journal: stats_history.csv and latency.hlog come from it.
Status WriteRun(const std::string& directory, const Report& report, const results::Results& results,
                const results::Replay& replay, const FileOptions& options = {});

// Of those, Locust's four, as PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv and
// PREFIX_exceptions.csv. The prefix may hold a directory, which is made if need be.
Status CopyCsv(const std::string& directory, const std::string& prefix);

}  // namespace sfp::report
