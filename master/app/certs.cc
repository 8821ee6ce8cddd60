#include "master/app/certs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/net/authority.h"
#include "common/net/secret.h"

namespace sfp::app {
namespace {

struct File {
  std::string path;
  std::string text;
  mode_t mode;
};

Status WriteFile(const File& file) {
  const auto failed = [&] { return Unavailable(file.path + ": " + std::strerror(errno)); };
  // A new file each time: an older one may be readable by others, or be a link to elsewhere.
  if (unlink(file.path.c_str()) != 0 && errno != ENOENT) return failed();
  const int fd = open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode);
  if (fd < 0) return failed();
  const bool written =
      write(fd, file.text.data(), file.text.size()) == static_cast<ssize_t>(file.text.size()) &&
      fsync(fd) == 0;
  const Status status = written ? Ok() : failed();
  close(fd);
  return status;
}

StatusOr<std::vector<File>> Make(const CertsFlags& flags) {
  const net::Validity validity{.to = flags.days};
  const auto authority = net::Authority::Create(validity);
  if (!authority.ok()) return authority.status();
  const auto master = authority->Issue({flags.hosts, net::Purpose::kServer}, validity);
  if (!master.ok()) return master.status();
  const auto worker = authority->Issue({{"sfp-worker"}, net::Purpose::kClient}, validity);
  if (!worker.ok()) return worker.status();
  const std::string token = net::RandomToken() + "\n";
  const std::string& ca = authority->own().cert_pem;
  std::vector<File> files = {{flags.out + "/ca.pem", ca, 0644},
                             {flags.out + "/ca-key.pem", authority->own().key_pem, 0600}};
  for (const auto& [folder, made] :
       {std::pair("/master/", *master), std::pair("/worker/", *worker)}) {
    files.push_back({flags.out + folder + "ca.pem", ca, 0644});
    files.push_back({flags.out + folder + "cert.pem", made.cert_pem, 0644});
    files.push_back({flags.out + folder + "key.pem", made.key_pem, 0600});
    files.push_back({flags.out + folder + "token", token, 0600});
  }
  return files;
}

Status Write(const CertsFlags& flags, const std::vector<File>& files) {
  if (!flags.force) {
    for (const File& file : files) {
      std::error_code ignored;
      if (std::filesystem::exists(file.path, ignored)) {
        return Invalid(file.path + " exists already: --force replaces everything in " + flags.out +
                       ", and what was handed out before is void");
      }
    }
  }
  for (const char* folder : {"", "/master", "/worker"}) {
    std::error_code error;
    std::filesystem::create_directories(flags.out + folder, error);
    if (error) return Unavailable(flags.out + folder + ": " + error.message());
  }
  for (const File& file : files) {
    if (Status status = WriteFile(file); !status.ok()) return status;
  }
  return Ok();
}

}  // namespace

int RunCerts(const CertsFlags& flags) {
  const auto files = Make(flags);
  const Status status = files.ok() ? Write(flags, *files) : files.status();
  if (!status.ok()) {
    std::fprintf(stderr, "certs: %s\n", Message(status).c_str());
    return 2;
  }
  for (const File& file : *files) {
    std::printf("%s%s\n", file.path.c_str(), file.mode == 0600 ? "  (secret)" : "");
  }
  std::string hosts;
  for (const std::string& host : flags.hosts) hosts += (hosts.empty() ? "" : ", ") + host;
  const std::string& first = flags.hosts.front();
  const std::string url = first.find(':') == std::string::npos ? first : "[" + first + "]";
  std::printf(
      "\nValid for %d days; the master's for %s. Next:\n"
      "  1. on the master's machine:  export SFP_TLS_DIR=%s/master\n"
      "                               sfp-master --workers N\n"
      "  2. copy %s/worker to each worker's machine, for instance to /etc/sfp; there:\n"
      "                               export SFP_TLS_DIR=/etc/sfp\n"
      "                               sfp-worker --master %s:5557\n"
      "The join token lies in both directories and is found there. ca-key.pem is needed by "
      "neither.\n",
      flags.days, hosts.c_str(), flags.out.c_str(), flags.out.c_str(), url.c_str());
  return 0;
}

}  // namespace sfp::app
