#include "worker/app/address_refresh.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>
#include <future>
#include <mutex>
#include <vector>

namespace sfp::app {
namespace {

using Addresses = AddressRefresh::Addresses;

http::Endpoint At(const char* address) { return {boost::asio::ip::make_address(address), 80}; }

// Answers from a list, the last one for ever, and tells when each has been asked for.
class Names {
 public:
  explicit Names(std::vector<StatusOr<Addresses>> answers) : answers_(std::move(answers)) {}

  StatusOr<Addresses> Next() {
    const std::lock_guard lock(mutex_);
    const std::size_t i = std::min(asked_++, answers_.size() - 1);
    if (asked_ == answers_.size() + 2) all_.set_value();
    return answers_[i];
  }
  void Changed(Addresses addresses) {
    const std::lock_guard lock(mutex_);
    changes_.push_back(std::move(addresses));
  }
  // Every answer was given, and the last one several times.
  void Await() { all_.get_future().wait(); }
  std::vector<Addresses> changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<StatusOr<Addresses>> answers_;
  std::size_t asked_ = 0;
  std::promise<void> all_;
  std::vector<Addresses> changes_;
};

TEST(AddressRefresh, ReportsChangesOnlyAndOutlivesFailures) {
  const Addresses one = {At("10.0.0.1")};
  const Addresses two = {At("10.0.0.1"), At("10.0.0.2")};
  const Addresses turned = {At("10.0.0.2"), At("10.0.0.1")};
  Names names({one, two, turned, Unavailable("no answer"), one});
  {
    AddressRefresh refresh(
        Duration(1'000'000), one, [&] { return names.Next(); },
        [&](Addresses addresses) { names.Changed(std::move(addresses)); });
    names.Await();
  }
  EXPECT_EQ(names.changes(), (std::vector<Addresses>{two, one}));
}

TEST(AddressRefresh, EndsWithoutWaitingForItsInterval) {
  int asked = 0;
  {
    AddressRefresh refresh(
        Duration(std::chrono::hours(24)), {},
        [&]() -> StatusOr<Addresses> {
          ++asked;
          return Addresses();
        },
        [](const Addresses&) {});
  }
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace sfp::app
