#pragma once

// The simulated Staff Fee Privilege API: the HTTP server, the contract (Api), the bottleneck
// (Pool), faults and counts put together. main.cc runs it as sfp-demo-api; tests run it on a thread
// of theirs:
//
//   auto service = demo::Service::Start({.speed = 10});
//   std::thread thread([&] { (*service)->Run(); });
//   ... (*service)->port() ...
//   (*service)->Stop(); thread.join();
//
// Thread: Start, Run and the destructor on one thread at a time; Stop from any.

#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "tests/demo_api/api.h"
#include "tests/demo_api/oauth2.h"
#include "tests/demo_api/pool.h"

namespace sfp::demo {

struct ServiceOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  bool tls = false;
  ApiOptions api;  // its seed is `seed`, its bearer is `oauth2.on`
  OAuth2Options oauth2;
  PoolOptions pool;  // its seed is `seed`; its timeout is the socket timeout
  Duration keepalive_timeout{5'000'000'000};
  double speed = 1;  // every time above but that of tokens is divided by it
  std::uint64_t seed = 1;
  std::vector<std::string> faults;  // "reset:1%"
  std::string log;                  // file with a line per answered request; empty: none
};

class Service {
 public:
  // Listens when it returns.
  static StatusOr<std::unique_ptr<Service>> Start(const ServiceOptions& options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::uint16_t port() const;
  std::string url() const;  // "https://127.0.0.1:8080"

  std::string Stats() const;  // what GET /__stats answers

  void Run();   // until Stop or, with StopOnSignals, SIGTERM or SIGINT
  void Stop();  // ends what is idle, gives the rest a moment
  void StopOnSignals();

 private:
  class Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sfp::demo
