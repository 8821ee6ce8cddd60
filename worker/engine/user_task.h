#pragma once

// The coroutine type of a virtual user: started and resumed by its User, destroyed with it wherever
// it is suspended. The frame is its only memory; nothing is awaited but the user's own awaiters, so
// that resuming never nests.
//
// Thread: confined to its user's loop.

#include <coroutine>
#include <cstdlib>
#include <utility>

namespace sfp::engine {

class UserTask {
 public:
  struct promise_type {
    UserTask get_return_object() {
      return UserTask(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() { std::abort(); }  // a user throws nothing
  };

  UserTask(UserTask&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  UserTask& operator=(UserTask&&) = delete;
  ~UserTask() {
    if (handle_) handle_.destroy();
  }

  void Resume() { handle_.resume(); }
  bool done() const { return handle_.done(); }

 private:
  explicit UserTask(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace sfp::engine
