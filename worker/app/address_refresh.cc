#include "worker/app/address_refresh.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/log.h"

namespace sfp::app {

AddressRefresh::AddressRefresh(Duration interval, Addresses known, Resolve resolve, Changed changed)
    : resolve_(std::move(resolve)),
      changed_(std::move(changed)),
      known_(std::move(known)),
      thread_([this, interval] { Run(interval); }) {}

AddressRefresh::~AddressRefresh() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_one();
  thread_.join();
}

void AddressRefresh::Run(Duration interval) {
  std::unique_lock lock(mutex_);
  while (!stop_wanted_.wait_for(lock, interval, [this] { return stopping_; })) {
    lock.unlock();
    LookUp();
    lock.lock();
  }
}

// Name servers turn their answers round; that alone is no change.
void AddressRefresh::LookUp() {
  StatusOr<Addresses> found = resolve_();
  if (!found.ok()) {
    if (!std::exchange(failed_, true)) {
      LogWarn("the target's addresses stay as they are: " + Message(found.status()));
    }
    return;
  }
  failed_ = false;
  std::sort(found->begin(), found->end());
  Addresses before = known_;
  std::sort(before.begin(), before.end());
  if (*found == before) return;
  known_ = *found;
  LogInfo("the target has " + std::to_string(found->size()) + " address" +
          (found->size() == 1 ? "" : "es") + " now, not the same as before");
  changed_(*std::move(found));
}

}  // namespace sfp::app
