#pragma once

// How a master and its workers prove who they are: a directory with ca.pem, cert.pem and key.pem
// (as `sfp-master certs` writes it), and a join token.
//
// What is wrong with them is found when they are read, before anything listens or connects, and
// each error says what to do about it.
//
// Thread: immutable values; functions without state.

#include <string>

#include "common/base/status.h"
#include "common/net/authority.h"
#include "common/net/tls.h"

namespace sfp::net {

struct Credentials {
  std::string folder;  // as it was named, for messages
  std::string ca_pem, cert_pem, key_pem;
  std::string token;  // of the file `token` in the folder, if there is one
};

// The files are there and readable, belong together, serve this purpose and are valid today.
StatusOr<Credentials> ReadCredentials(const std::string& folder, Purpose purpose);

// Both ends demand and verify the other's certificate.
StatusOr<TlsContext> ClusterContext(const Credentials& credentials, Purpose purpose);

// The names that the certificate is for: "m1, 10.0.0.1".
std::string NamesIn(const Credentials& credentials);

}  // namespace sfp::net
