#pragma once

// A server that does what its script says, byte for byte, and nothing else: for each connection a
// list of steps. It answers no question of its own, so that a client can be shown every way in
// which a server may behave or break.
//
//   RawServer server({{ReadRequest(), Send("HTTP/1.1 204 No Content\r\n\r\n"), Stall()},
//                     {ReadRequest(), Reset()}});
//
// The n-th connection plays the n-th script, later ones the last. At a script's end the connection
// is closed (with TLS: without close_notify).
//
// Thread: owns one per connection; the accessors are safe.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/net/tls.h"

namespace sfp::support {

struct Step {
  enum class Kind {
    kReadRequest,  // up to the header's end and as many bytes as its Content-Length says
    kReadBytes,    // `count` of them
    kSend,
    kSendPieces,   // `count` bytes at a time, a moment between them
    kPause,        // a moment: what comes next travels on its own
    kHalfClose,    // FIN, still reading
    kReset,        // RST; ends the script
    kCloseNotify,  // TLS only
    kDrain,        // until the client closes
    kStall,        // the same, reading nothing
  };
  Kind kind;
  std::string bytes = {};
  std::size_t count = 0;
};

inline Step ReadRequest() { return {Step::Kind::kReadRequest}; }
inline Step ReadBytes(std::size_t count) { return {Step::Kind::kReadBytes, {}, count}; }
inline Step Send(std::string bytes) { return {Step::Kind::kSend, std::move(bytes)}; }
inline Step SendPieces(std::string bytes, std::size_t each) {
  return {Step::Kind::kSendPieces, std::move(bytes), each};
}
inline Step Pause(std::size_t moments = 10) { return {Step::Kind::kPause, {}, moments}; }
inline Step HalfClose() { return {Step::Kind::kHalfClose}; }
inline Step Reset() { return {Step::Kind::kReset}; }
inline Step CloseNotify() { return {Step::Kind::kCloseNotify}; }
inline Step Drain() { return {Step::Kind::kDrain}; }
inline Step Stall() { return {Step::Kind::kStall}; }
using Script = std::vector<Step>;

class RawServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    net::TlsContext tls;     // none: plain
    int receive_buffer = 0;  // SO_RCVBUF, 0: the system's
  };

  explicit RawServer(std::vector<Script> scripts) : RawServer(std::move(scripts), Options()) {}
  RawServer(std::vector<Script> scripts, Options options);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }
  int finished() const { return finished_; }  // scripts that ended, their connections closed
  int resumed() const { return resumed_; }    // TLS handshakes with a session of before
  std::string server_name() const;            // SNI of the last connection
  std::vector<std::string> peers() const;     // clients' addresses, in the order of connecting
  std::vector<std::string> requests() const;  // in the order in which they were whole

 private:
  class Peer;
  void Accept();
  void Play(int fd, const Script& script);

  std::vector<Script> scripts_;
  Options options_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  int stop_ = -1;  // an eventfd, readable once the server shall end
  std::atomic<int> accepted_{0};
  std::atomic<int> finished_{0};
  std::atomic<int> resumed_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::string> peers_;
  std::string server_name_;
  std::vector<std::thread> players_;
  std::thread acceptor_;
};

}  // namespace sfp::support
