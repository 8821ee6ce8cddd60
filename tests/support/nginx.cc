#include "tests/support/nginx.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace sfp::test {
namespace {

constexpr char kProgram[] = "/usr/sbin/nginx";

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int NewSocket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// nginx can't let the system choose.
std::uint16_t FreePort() {
  const int fd = NewSocket();
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

bool Listens(std::uint16_t port) {
  const int fd = NewSocket();
  const sockaddr_in address = Loopback(port);
  const bool listens =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return listens;
}

// Paths are relative to the folder.
// With the usual 511 a server that is held up for a moment has the kernel answer with SYN cookies,
// and reset those connections whose cookies are too old when there is room again.
constexpr char kBacklog[] = " backlog=4096";

std::string Configuration(const NginxSetup& setup, std::uint16_t port, std::uint16_t tls_port) {
  std::string text = "daemon off;\nmaster_process off;\npid pid;\nerror_log stderr;\n";
  text += "events { worker_connections " + std::to_string(setup.connections) + "; }\nhttp {\n";
  text += "  access_log off;\n  root www;\n  default_type text/plain;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += std::string("  ") + kind + "_temp_path " + kind + ";\n";
  }
  text +=
      setup.http + "  server {\n    listen 127.0.0.1:" + std::to_string(port) + kBacklog + ";\n";
  if (!setup.cert_pem.empty()) {
    text += "    listen 127.0.0.1:" + std::to_string(tls_port) + kBacklog +
            " ssl;\n    ssl_certificate cert.pem;\n    ssl_certificate_key key.pem;\n";
  }
  return text + setup.server + "  }\n}\n";
}

}  // namespace

bool Nginx::Installed() { return access(kProgram, X_OK) == 0; }

Nginx::Nginx(const NginxSetup& setup) {
  std::filesystem::create_directory(folder_.path() / "www");
  for (const auto& [name, text] : setup.files) folder_.Write("www/" + name, text);
  folder_.Write("cert.pem", setup.cert_pem);
  folder_.Write("key.pem", setup.key_pem);
  for (int attempt = 0; attempt < 3; ++attempt) {  // somebody may take a port first
    port_ = FreePort();
    tls_port_ = FreePort();
    const std::string file = folder_.Write("nginx.conf", Configuration(setup, port_, tls_port_));
    process_ = std::make_unique<Process>(std::vector<std::string>{
        kProgram, "-e", "stderr", "-p", folder_.path().string(), "-c", file});
    if (Eventually([this] { return Listens(port_) || !process_->running(); }) &&
        process_->running()) {
      return;
    }
  }
  throw std::runtime_error("nginx does not start: " + process_->err());
}

}  // namespace sfp::test
