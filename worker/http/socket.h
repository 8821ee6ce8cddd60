#pragma once

// A non-blocking TCP socket: each call is one attempt, straight between the kernel and the caller's
// memory. Waiting is the Reactor's.
//
// Thread: confined to its loop.

#include <cstddef>
#include <span>
#include <string_view>

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
  Socket() = default;
  ~Socket() { Close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // A socket on its way to `endpoint`: writable once connected. 0 or errno. With a source address
  // its port is chosen when it connects, so that one port serves many destinations.
  int Connect(const Endpoint& endpoint, const Endpoint* source, bool no_delay);
  // Of the connecting that has ended: 0 or errno.
  int ConnectResult() const;
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void Close();

  Io Read(std::span<char> space) { return Receive(fd_, space); }
  Io Write(std::string_view bytes) { return Send(fd_, bytes); }

  static Io Receive(int fd, std::span<char> space);
  static Io Send(int fd, std::string_view bytes);

 private:
  int fd_ = -1;
};

}  // namespace sfp::http
