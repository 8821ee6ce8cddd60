#pragma once

// A demo::Service on a thread of its own, for tests. Stops and joins when it goes out of scope.
//
// Thread: confined to its test.

#include <cstdio>
#include <memory>
#include <thread>

#include "common/base/check.h"
#include "tests/demo_api/service.h"

namespace sfp::demo {

class ServiceThread {
 public:
  explicit ServiceThread(const ServiceOptions& options) : service_(Open(options)) {
    thread_ = std::thread([this] { service_->Run(); });
  }
  ~ServiceThread() {
    service_->Stop();
    thread_.join();
  }
  ServiceThread(const ServiceThread&) = delete;
  ServiceThread& operator=(const ServiceThread&) = delete;

  std::uint16_t port() const { return port_; }
  const std::string& url() const { return url_; }

 private:
  std::unique_ptr<Service> Open(const ServiceOptions& options) {
    auto service = Service::Start(options);
    if (!service.ok()) std::fprintf(stderr, "%s\n", Message(service.status()).c_str());
    SFP_CHECK(service.ok());
    port_ = (*service)->port();
    url_ = (*service)->url();
    return *std::move(service);
  }

  std::uint16_t port_ = 0;
  std::string url_;
  std::unique_ptr<Service> service_;
  std::thread thread_;
};

}  // namespace sfp::demo
