#include "worker/http/reactor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/check.h"

namespace sfp::http {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMillisecondNs = 1'000'000;

}  // namespace

Reactor::Reactor()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  SFP_CHECK(epoll_ >= 0 && wake_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  SFP_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0);
}

Reactor::~Reactor() {
  close(wake_);
  close(epoll_);
}

int Reactor::Add(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void Reactor::Forget(const Watcher& watcher) {
  for (int i = next_; i < ready_; ++i) {
    if (events_[static_cast<std::size_t>(i)].data.ptr == &watcher) {
      events_[static_cast<std::size_t>(i)].events = 0;
    }
  }
  std::replace(running_.begin(), running_.end(), const_cast<Watcher*>(&watcher),
               static_cast<Watcher*>(nullptr));
  std::erase(deferred_, &watcher);
}

void Reactor::Post(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(call));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

int Reactor::Wait(Time until) {
  timespec timeout{};
  const timespec* limit = &timeout;
  std::int64_t left_ns = 0;
  if (deferred_.empty()) {
    if (until == kNever) {
      limit = nullptr;
    } else {
      left_ns = std::max<std::int64_t>(0, (until - Now()).count());
      timeout = {left_ns / kSecondNs, left_ns % kSecondNs};
    }
  }
  if (has_pwait2_) {
    const int n = epoll_pwait2(epoll_, events_.data(), kBatch, limit, nullptr);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
    has_pwait2_ = false;
  }
  // A kernel (before 5.11) or sandbox without it: up to a millisecond late instead of early.
  const std::int64_t most_ms = 60'000;
  const int ms =
      limit == nullptr
          ? -1
          : static_cast<int>(std::min(most_ms, (left_ns + kMillisecondNs - 1) / kMillisecondNs));
  return epoll_wait(epoll_, events_.data(), kBatch, ms);
}

bool Reactor::Turn(Time until) {
  const int n = Wait(until);
  SFP_CHECK(n >= 0 || errno == EINTR);
  ready_ = std::max(0, n);
  bool posted = false;
  for (next_ = 0; next_ < ready_;) {
    const epoll_event& event = events_[static_cast<std::size_t>(next_++)];
    // The system calls of this one take longer than the memory of the next one needs to come.
    if (next_ < ready_) __builtin_prefetch(events_[static_cast<std::size_t>(next_)].data.ptr);
    if (event.data.ptr == nullptr) {
      posted = true;
    } else if (event.events != 0) {
      static_cast<Watcher*>(event.data.ptr)->OnReady(event.events);
    }
  }
  const bool served = ready_ > 0 || !deferred_.empty();
  ready_ = next_ = 0;
  RunDeferred();
  if (posted) RunPosted();
  return served;
}

void Reactor::RunDeferred() {
  running_.swap(deferred_);
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (Watcher* watcher = std::exchange(running_[i], nullptr)) watcher->OnDeferred();
  }
  running_.clear();
}

void Reactor::RunPosted() {
  std::uint64_t times = 0;
  [[maybe_unused]] const ssize_t got = read(wake_, &times, sizeof times);
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (const auto& call : calls) call();
}

}  // namespace sfp::http
