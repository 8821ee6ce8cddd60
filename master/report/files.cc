#include "master/report/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "master/report/csv.h"
#include "master/report/history_csv.h"
#include "master/report/html.h"
#include "master/report/json.h"
#include "master/report/junit.h"
#include "master/report/latency_log.h"

namespace sfp::report {
namespace {

constexpr std::size_t kBuffer = 256 << 10;

Status Failed(const std::string& path, int error) {
  return Unavailable(path + ": " + std::strerror(error));
}

// 0, or the errno of what went wrong.
int WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Status MakeFolder(const std::string& path) {
  if (path.empty()) return Ok();
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? Unavailable(path + ": " + error.message()) : Ok();
}

// The files that a run's seconds fill, read from the journal together.
Status WriteSeconds(const std::string& directory, const results::Results& results,
                    const results::Replay& replay, const FileOptions& options) {
  WholeFile history_file(directory + "/stats_history.csv");
  WholeFile log_file(directory + "/latency.hlog");
  HistoryCsv history(results, options.full_history,
                     [&](std::string_view text) { history_file.Write(text); });
  LatencyLog log(results, [&](std::string_view text) { log_file.Write(text); });
  const Status status =
      results::ForEachSecond(replay, [&](std::uint32_t second, const results::Parts& parts) {
        history.Add(second, parts);
        log.Add(second, parts);
        return Ok();
      });
  if (!status.ok()) return Annotate(status, "stats_history.csv and latency.hlog");
  log.Finish();
  Status first = history_file.Commit();
  first.Update(log_file.Commit());
  return first;
}

}  // namespace

WholeFile::WholeFile(std::string path) : path_(std::move(path)), beside_(path_ + ".tmp") {
  fd_ = ::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) error_ = errno;
}

WholeFile::~WholeFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(beside_.c_str());
}

void WholeFile::Write(std::string_view text) {
  waiting_ += text;
  if (waiting_.size() >= kBuffer) Flush();
}

void WholeFile::Flush() {
  if (error_ == 0) error_ = WriteAll(fd_, waiting_);
  waiting_.clear();
}

Status WholeFile::Commit() {
  Flush();
  if (fd_ < 0) return Failed(beside_, error_);
  if (error_ == 0 && ::fsync(fd_) != 0) error_ = errno;
  if (::close(std::exchange(fd_, -1)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0 && std::rename(beside_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ == 0) return Ok();
  ::unlink(beside_.c_str());
  return Failed(path_, error_);
}

Status WriteWhole(const std::string& path, std::string_view content) {
  WholeFile file(path);
  file.Write(content);
  return file.Commit();
}

Status WriteRun(const std::string& directory, const Report& report, const results::Results& results,
                const results::Replay& replay, const FileOptions& options) {
  if (Status status = MakeFolder(directory); !status.ok()) return status;
  const std::pair<const char*, std::string> files[] = {
      {"report.md", ToMarkdown(report, options.markdown)},
      {"stats.csv", StatsCsv(report)},
      {"failures.csv", FailuresCsv(report)},
      {"exceptions.csv", ExceptionsCsv()},
      {"junit.xml", ToJunit(report)},
      {"report.html", ToHtml(report, results)},
      {"config.resolved.yaml", results.run().resolved_config()},
  };
  Status first = Ok();
  for (const auto& [name, content] : files) {
    first.Update(WriteWhole(directory + "/" + name, content));
  }
  first.Update(WriteSeconds(directory, results, replay, options));
  first.Update(WriteWhole(directory + "/report.json", ToJson(report)));
  return first;
}

Status CopyCsv(const std::string& directory, const std::string& prefix) {
  const std::filesystem::path folder = std::filesystem::path(prefix).parent_path();
  if (Status status = MakeFolder(folder.string()); !status.ok()) return status;
  for (const char* name : {"stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv"}) {
    std::ifstream in(directory + "/" + name, std::ios::binary);
    if (!in) return Failed(directory + "/" + name, errno);
    WholeFile file(prefix + "_" + name);
    std::string piece(kBuffer, '\0');
    while (in.read(piece.data(), kBuffer), in.gcount() > 0) {
      file.Write(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
    }
    if (Status status = file.Commit(); !status.ok()) return status;
  }
  return Ok();
}

}  // namespace sfp::report
