#pragma once

// An Asio loop on a thread of its own.
//
// Stop, at the latest the destructor, ends the loop, whatever it still has to do, and joins the
// thread; what was posted and not run is thrown away.
//
// Thread: io() is for Asio objects that live on this loop; Post is safe; Stop from outside.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

namespace sfp::net {

class LoopThread {
 public:
  LoopThread() : work_(io_.get_executor()), thread_([this] { io_.run(); }) {}
  ~LoopThread() { Stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  boost::asio::io_context& io() { return io_; }
  // Returns when the thread is gone. An owner whose members live on the loop calls it before they
  // are destroyed.
  void Stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  template <typename Call>
  void Post(Call call) {
    boost::asio::post(io_, std::move(call));
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace sfp::net
