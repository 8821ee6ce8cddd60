#include "worker/app/address_refresh.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <cstdio>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>
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

// The system's own lookup, in a hosts file that only this thread sees, and those that it starts.
TEST(AddressRefresh, FollowsTheSystemsHostsFile) {
  const std::string file = testing::TempDir() + "sfp-hosts-" + std::to_string(getpid());
  const auto write = [&file](const char* lines) { std::ofstream(file) << lines; };
  const auto look_up = [] { return http::Resolve("api.sfp.test", 80, Duration(10'000'000'000)); };
  bool possible = false;
  StatusOr<Addresses> known = Unavailable("not looked up");
  std::promise<Addresses> changed;
  Addresses later;
  std::thread([&] {
    write("127.0.0.1 api.sfp.test\n127.0.0.2 api.sfp.test\n");
    possible = unshare(CLONE_NEWNS) == 0 &&
               mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount(file.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
    if (!possible) return;
    known = look_up();
    write("127.0.0.3 api.sfp.test\n");
    AddressRefresh refresh(Duration(1'000'000), known.ok() ? *known : Addresses(), look_up,
                           [&](Addresses addresses) { changed.set_value(std::move(addresses)); });
    later = changed.get_future().get();
  }).join();
  std::remove(file.c_str());
  if (!possible) GTEST_SKIP() << "a mount namespace of one's own needs privilege";
  ASSERT_TRUE(known.ok()) << known.status();
  EXPECT_EQ(*known, (Addresses{At("127.0.0.1"), At("127.0.0.2")}));
  EXPECT_EQ(later, Addresses{At("127.0.0.3")});
}

}  // namespace
}  // namespace sfp::app
