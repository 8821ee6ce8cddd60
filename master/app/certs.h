#pragma once

// `sfp-master certs`: an authority, a certificate for the master, one for the workers, a join
// token.
//
//   DIR/ca.pem  DIR/ca-key.pem                     the authority; its key stays here
//   DIR/master/{ca,cert,key}.pem  DIR/master/token     for the master's --tls-dir
//   DIR/worker/{ca,cert,key}.pem  DIR/worker/token     for each worker's
//
// Keys and tokens can be read by their owner only.
//
// Thread: main, before any other exists.

#include <string>
#include <vector>

namespace sfp::app {

struct CertsFlags {
  std::string out;
  std::vector<std::string> hosts;  // names and addresses by which workers reach the master
  int days = 365;
  bool force = false;
};

// 0, or 2: a wrong name, a directory that holds some already or can't be written.
int RunCerts(const CertsFlags& flags);

}  // namespace sfp::app
