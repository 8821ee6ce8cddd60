#include "master/report/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "master/report/json.h"

namespace sfp::report {
namespace {

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
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Status WriteWhole(const std::string& path, std::string_view content) {
  const std::string beside = path + ".tmp";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed(beside, errno);
  int error = WriteAll(fd, content);
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return Ok();
  ::unlink(beside.c_str());
  return Failed(path, error);
}

Status WriteRun(const std::string& directory, const Report& report, std::string_view resolved_yaml,
                const MarkdownOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Unavailable(directory + ": " + error.message());
  const std::pair<const char*, std::string> files[] = {
      {"report.json", ToJson(report)},
      {"report.md", ToMarkdown(report, options)},
      {"config.resolved.yaml", std::string(resolved_yaml)},
  };
  for (const auto& [name, content] : files) {
    if (Status status = WriteWhole(directory + "/" + name, content); !status.ok()) return status;
  }
  return Ok();
}

}  // namespace sfp::report
