#pragma once

// A loop for tests of the shells: calls posted from any thread run one after another in the thread
// that calls RunUntil.
//
// Thread: Post safe, the rest confined to the test's thread.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace sfp::test {

class CallQueue {
 public:
  void Post(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    ready_.notify_one();
  }

  // Runs calls until the condition holds; false if it does not within the (generous) limit.
  bool RunUntil(const std::function<bool()>& condition,
                std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      std::unique_lock lock(mutex_);
      if (!ready_.wait_until(lock, deadline, [this] { return !calls_.empty(); })) return false;
      const auto call = std::move(calls_.front());
      calls_.pop_front();
      lock.unlock();
      call();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> calls_;
};

}  // namespace sfp::test
