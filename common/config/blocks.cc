#include "common/config/blocks.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/config/rows.h"

namespace sfp::config {

std::string ReadBlocks(const std::string& path, const std::function<bool(std::string_view)>& take) {
  constexpr const char* kTooLarge = "it is larger than 1 GB";
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return std::strerror(errno);
  if (S_ISDIR(status.st_mode)) return "it is a directory";
  if (status.st_size > static_cast<off_t>(kMostRowBytes)) return kTooLarge;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return std::strerror(errno);
  std::size_t total = 0;
  char block[65536];
  while (const std::size_t n = std::fread(block, 1, sizeof block, file.get())) {
    if ((total += n) > kMostRowBytes) return kTooLarge;
    if (!take({block, n})) return "";
  }
  return std::ferror(file.get()) ? std::strerror(errno) : "";
}

}  // namespace sfp::config
