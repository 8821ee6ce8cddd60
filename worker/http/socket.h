#pragma once

// A TCP socket whose bytes move by non-blocking system calls and whose waiting is Asio's: ask for
// readiness, then read straight into the caller's memory. No buffers, no timers.
//
// Closing ends waits; their handlers still run later, so whoever waits tells old ones from new
// ones.
//
// Thread: confined to its loop.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "worker/http/resolver.h"

namespace sfp::http {

// What one attempt to move bytes came to.
struct Io {
  enum class Kind {
    kDone,       // `bytes` > 0 moved
    kWantRead,   // nothing now: wait until readable
    kWantWrite,  // nothing now: wait until writable
    kEnded,      // the peer sends no more
    kFailed,     // errno in `error`; 0: TLS broke (the stream knows why)
  };
  Kind kind;
  std::size_t bytes = 0;
  int error = 0;
};

class Socket {
 public:
  explicit Socket(boost::asio::io_context& io) : socket_(io) {}

  // A new socket for the endpoint's family, TCP_NODELAY set. 0 or errno.
  int Open(const Endpoint& endpoint);
  bool is_open() const { return socket_.is_open(); }
  int fd() { return socket_.native_handle(); }
  void Close();

  // handler(error_code)
  template <typename Handler>
  void Connect(const Endpoint& endpoint, Handler&& handler) {
    socket_.async_connect(endpoint, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void WaitReadable(Handler&& handler) {
    socket_.async_wait(Raw::wait_read, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void WaitWritable(Handler&& handler) {
    socket_.async_wait(Raw::wait_write, std::forward<Handler>(handler));
  }

  Io Read(std::span<char> space) { return Receive(fd(), space); }
  Io Write(std::string_view bytes) { return Send(fd(), bytes); }

  static Io Receive(int fd, std::span<char> space);
  static Io Send(int fd, std::string_view bytes);

 private:
  using Raw = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                               boost::asio::io_context::executor_type>;
  Raw socket_;
};

}  // namespace sfp::http
