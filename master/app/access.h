#pragma once

// Who may reach the master: from --listen, --web, --tls-dir, --token-file and --insecure to an
// address for the workers, one for the web side, and what a caller has to show.
//
// Loopback needs nothing. Elsewhere workers need a certificate and the token, the web side the
// token; or --insecure says that everybody is welcome. With both credentials the workers' default
// address is open.
//
// Thread: an immutable value.

#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/base/units.h"
#include "common/net/credentials.h"

namespace sfp::app {

struct AccessFlags {
  std::string listen;  // empty: the default
  std::string web = "127.0.0.1:8089";
  bool no_web = false;
  std::string tls_dir;
  std::string token_file;
  bool insecure = false;
};

struct Access {
  std::string listen = "127.0.0.1:5557";
  std::optional<HostPort> web;                  // absent: none
  std::optional<net::Credentials> credentials;  // absent: the streams are plain text
  std::string token;                            // empty: none is asked for
};

// `token_variable` is SFP_TOKEN's value or null. Errors name the option, and what would be allowed.
StatusOr<Access> ResolveAccess(const AccessFlags& flags, const char* token_variable);

}  // namespace sfp::app
