#include "common/base/last_words.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sfp {

std::string CutLastWords(std::string text) {
  static const std::string kMore = "…\n";
  if (text.size() <= kMostLastWords) return text;
  text.resize(kMostLastWords - kMore.size());
  const auto end = text.rfind('\n');
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text + kMore;
}

Status LeaveLastWords(const std::string& path, const std::string& text) {
  if (path.empty()) return Ok();
  const std::string words = CutLastWords(text);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Unavailable("--termination-log " + path + ": " + std::strerror(errno));
  const bool written = write(fd, words.data(), words.size()) == static_cast<ssize_t>(words.size());
  const Status status =
      written ? Ok() : Unavailable("--termination-log " + path + ": " + std::strerror(errno));
  close(fd);
  return status;
}

}  // namespace sfp
