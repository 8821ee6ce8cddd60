#pragma once

// Looks the target's host up again and again, on a thread of its own, so that new connections
// follow a name whose addresses change (a load balancer that grows, a fail-over). Only a list that
// differs from the last one is reported; a lookup that fails changes nothing and is logged once.
//
// Thread: made and destroyed on the owner's; `resolve` and `changed` are called on its own.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "worker/http/resolver.h"

namespace sfp::app {

class AddressRefresh {
 public:
  using Addresses = std::vector<http::Endpoint>;
  using Resolve = std::function<StatusOr<Addresses>()>;
  using Changed = std::function<void(Addresses)>;

  // `known`: what was found before the first lookup, which comes after one interval (> 0).
  AddressRefresh(Duration interval, Addresses known, Resolve resolve, Changed changed);
  ~AddressRefresh();

 private:
  void Run(Duration interval);
  void LookUp();

  const Resolve resolve_;
  const Changed changed_;
  Addresses known_;      // the thread's
  bool failed_ = false;  // the thread's
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;  // under the mutex
  std::thread thread_;     // last: it uses all of the above
};

}  // namespace sfp::app
