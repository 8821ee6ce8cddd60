#pragma once

// The system's nginx as one process without a master, with its configuration and files in a folder
// of its own and on ports that were free.
//
// Thread: confined to its owner's thread.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/support/process.h"

namespace sfp::test {

struct NginxSetup {
  std::map<std::string, std::string> files;  // below www/, which is the root
  std::string http;                          // further lines of the http block
  std::string server;                        // and of the server block
  std::string cert_pem, key_pem;             // given: a second port speaks TLS
  int connections = 128;
};

class Nginx {
 public:
  static bool Installed();

  // Returns once it listens; throws if it does not.
  explicit Nginx(const NginxSetup& setup);

  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }
  Process& process() { return *process_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
};

}  // namespace sfp::test
