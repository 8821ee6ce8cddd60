#pragma once

// The event loop of one engine thread: an epoll set, steps put off to the next turn, and calls from
// other threads. Nothing else is in the request path: one turn is one system call, however many
// sockets are ready, and a socket that waits to be read costs none.
//
//   while (running) {
//     wheel.Advance(Now());
//     reactor.Turn(wheel.NextDue());  // sleeps to the nanosecond, not to epoll's millisecond
//   }
//
// Readiness is edge-triggered, for reading and writing at once: a descriptor is told of when bytes
// or room come, and not again before more come, so whoever leaves bytes unread has to remember it.
// Whoever closes a descriptor calls Forget first; nothing that was under way for it is told then,
// not even in the same turn.
//
// Thread: confined to its loop, but for Post, which is safe.

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "common/base/time.h"

namespace sfp::http {

class Watcher {
 public:
  // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP.
  virtual void OnReady(std::uint32_t events) = 0;
  // Once per Defer.
  virtual void OnDeferred() = 0;

 protected:
  ~Watcher() = default;
};

class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // 0, or the errno with which the system refuses to watch it (so many watches may one user have).
  [[nodiscard]] int Add(int fd, Watcher& watcher);
  // Before the descriptor is closed and before the watcher is destroyed.
  void Forget(const Watcher& watcher);
  // Calls OnDeferred in the next turn, which does not sleep then. At most one is under way per
  // watcher.
  void Defer(Watcher& watcher) { deferred_.push_back(&watcher); }

  // Runs `call` on the loop, in the order of posting.
  void Post(std::function<void()> call);

  // Sleeps until something happens or `until`, and serves all that happened. False if nothing did.
  bool Turn(Time until);

 private:
  static constexpr int kBatch = 256;

  int Wait(Time until);
  void RunPosted();
  void RunDeferred();

  int epoll_;
  int wake_;                // an eventfd
  bool has_pwait2_ = true;  // the kernel's wait with a timeout in nanoseconds
  std::array<epoll_event, kBatch> events_;
  int ready_ = 0;  // of events_, in this turn
  int next_ = 0;   // the one to be served next
  std::vector<Watcher*> deferred_;
  std::vector<Watcher*> running_;  // those deferred ones that this turn serves
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // under the mutex
};

}  // namespace sfp::http
