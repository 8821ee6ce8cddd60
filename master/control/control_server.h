#pragma once

// The master's end of the control streams: gRPC's callback server behind a plain interface. It
// decides nothing: messages go to the handler as they come, the coordinator's answers go out as
// they are sent.
//
//   port --> Gate --descriptors--> gRPC threads --post--> the master's loop: Handler
//                                  gRPC threads <-- outbox <--Send-- the loop
//
// One message per connection is on its way to the handler at a time (the next is read when the
// handler returned), and a connection whose outbox exceeds its bound is closed, so that neither a
// flood nor a peer that never reads can hold memory or the loop.
//
// Thread: Listen, Send, Close and destruction on the loop; the handler is called on the loop only.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/net/credentials.h"
#include "sfp/v1/control.pb.h"

namespace sfp::control {

using ConnectionId = std::uint64_t;  // never used twice

class ServerHandler {
 public:
  virtual void OnConnect(ConnectionId connection, const std::string& peer) = 0;
  // The message may be taken apart; what is left of its memory takes the next one.
  virtual void OnMessage(ConnectionId connection, v1::WorkerMessage& message) = 0;
  // Last call for this connection; also after Close.
  virtual void OnDisconnect(ConnectionId connection) = 0;

 protected:
  ~ServerHandler() = default;
};

struct ServerOptions {
  std::string address = "127.0.0.1:5557";       // port 0: any
  std::optional<net::Credentials> credentials;  // absent: plain text
  bool local_door = false;  // also a port on 127.0.0.1 in plain text, for workers of our own
  Duration handshake_limit = std::chrono::seconds(10);
  Duration idle_limit = std::chrono::seconds(20);  // of a connection without a stream
  int most_message_bytes = 64 * 1024 * 1024;
  std::size_t most_outbox_bytes = 256 * 1024 * 1024;    // per connection
  Duration most_write_time = std::chrono::seconds(60);  // of one message
};

// Runs a function on the owner's loop, from any thread.
using Post = std::function<void(std::function<void()>)>;

class ControlServer {
 public:
  static StatusOr<std::unique_ptr<ControlServer>> Listen(ServerOptions options, Post post,
                                                         ServerHandler& handler);
  // Closes every stream (what is in the outboxes is sent first, for at most a second).
  ~ControlServer();

  int port() const;
  int local_port() const;  // 0: none
  // Does nothing if the connection is gone.
  void Send(ConnectionId connection, const v1::MasterMessage& message);
  // Ends the stream once its outbox is sent.
  void Close(ConnectionId connection);

 private:
  ControlServer();
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace sfp::control
