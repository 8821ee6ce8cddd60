#pragma once

// Certificates made here: a cluster's own authority, and lone self-signed ones for test servers.
// All are ECDSA P-256, signed with SHA-256, and name their hosts as alternative names (DNS or IP).
//
//   auto authority = Authority::Create({});
//   auto master = authority->Issue({.names = {"m1", "10.0.0.1"}, .purpose = Purpose::kServer}, {});
//
// A certificate serves one purpose: who steals a worker's cannot pose as the master.
//
// Thread: an Authority is immutable once made.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace sfp::net {

struct CertifiedKey {
  std::string cert_pem;
  std::string key_pem;
};

// In days from now. It begins yesterday, for clocks that are behind.
struct Validity {
  int from = -1;
  int to = 365;
};

enum class Purpose { kServer, kClient };

struct CertificateRequest {
  std::vector<std::string> names;  // the first is the common name too; a client's need none to be
                                   // a host
  Purpose purpose = Purpose::kServer;
};

class Authority {
 public:
  static StatusOr<Authority> Create(Validity validity);
  StatusOr<CertifiedKey> Issue(const CertificateRequest& request, Validity validity) const;
  const CertifiedKey& own() const { return own_; }

 private:
  explicit Authority(CertifiedKey own) : own_(std::move(own)) {}
  CertifiedKey own_;
};

// A fresh key and a certificate for it that is its own authority: as ca_pem it verifies itself.
StatusOr<CertifiedKey> GenerateSelfSigned(std::span<const std::string> names);

}  // namespace sfp::net
