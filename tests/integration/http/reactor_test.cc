// The event loop by itself, on pipes and an eventfd's own thread.

#include "worker/http/reactor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace sfp::http {
namespace {

using std::chrono::milliseconds;

class Pipe final : public Watcher {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  void OnReady(std::uint32_t events) override {
    ++ready;
    last = events;
    if (then) then();
  }
  void OnDeferred() override {
    ++deferred;
    if (then) then();
  }
  int fd() const { return ends_[0]; }
  void Put() { EXPECT_EQ(write(ends_[1], "x", 1), 1); }
  void Hang() { close(std::exchange(ends_[1], -1)); }

  int ready = 0;
  int deferred = 0;
  std::uint32_t last = 0;
  std::function<void()> then;

 private:
  int ends_[2];
};

TEST(Reactor, TellsOnceOfWhatCameAndAgainOfWhatComesLater) {
  Reactor reactor;
  Pipe pipe;
  ASSERT_EQ(reactor.Add(pipe.fd(), pipe), 0);
  EXPECT_FALSE(reactor.Turn(Now()));
  pipe.Put();
  EXPECT_TRUE(reactor.Turn(Now()));
  EXPECT_FALSE(reactor.Turn(Now()));  // though the byte is not read yet
  EXPECT_EQ(pipe.ready, 1);
  pipe.Put();
  EXPECT_TRUE(reactor.Turn(Now()));
  EXPECT_EQ(pipe.ready, 2);
  EXPECT_NE(pipe.last & EPOLLIN, 0u);
  pipe.Hang();
  EXPECT_TRUE(reactor.Turn(Now()));
  EXPECT_NE(pipe.last & EPOLLHUP, 0u);
  reactor.Forget(pipe);
}

TEST(Reactor, SleepsUntilItsTimeAndNotLess) {
  Reactor reactor;
  for (const Duration sleep : {Duration(0), Duration(300'000), Duration(2'500'000)}) {
    const Time until = Now() + sleep;
    EXPECT_FALSE(reactor.Turn(until));
    EXPECT_GE(Now(), until);
  }
}

TEST(Reactor, WhatIsForgottenIsNotToldEvenInTheSameTurn) {
  Reactor reactor;
  Pipe a;
  Pipe b;
  ASSERT_EQ(reactor.Add(a.fd(), a), 0);
  ASSERT_EQ(reactor.Add(b.fd(), b), 0);
  a.Put();
  b.Put();
  a.then = [&] { reactor.Forget(b); };
  b.then = [&] { reactor.Forget(a); };
  EXPECT_TRUE(reactor.Turn(Now()));
  EXPECT_EQ(a.ready + b.ready, 1);
}

TEST(Reactor, DefersToTheNextTurnOnceEach) {
  Reactor reactor;
  Pipe a;
  Pipe b;
  a.then = [&] {
    if (a.deferred == 1) reactor.Defer(a);  // from inside: the turn after
    reactor.Forget(b);
  };
  reactor.Defer(a);
  reactor.Defer(b);
  EXPECT_TRUE(reactor.Turn(kNever));
  EXPECT_EQ(a.deferred, 1);
  EXPECT_TRUE(reactor.Turn(kNever));
  EXPECT_EQ(a.deferred, 2);
  EXPECT_EQ(b.deferred, 0);
  EXPECT_FALSE(reactor.Turn(Now()));
}

TEST(Reactor, RunsWhatOtherThreadsPostInTheirOrder) {
  Reactor reactor;
  constexpr int kEach = 1000;
  std::vector<int> seen[2];
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) reactor.Post([&seen, t, i] { seen[t].push_back(i); });
    });
  }
  while (seen[0].size() + seen[1].size() < 2 * kEach) reactor.Turn(kNever);
  for (std::thread& thread : threads) thread.join();
  for (const auto& order : seen) {
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
  }
}

}  // namespace
}  // namespace sfp::http
