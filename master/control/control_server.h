#pragma once

// The master's end of the control streams: gRPC's callback server behind a plain interface. It
// decides nothing: messages go to the handler as they come, the coordinator's answers go out as
// they are sent.
//
//   gRPC threads --post--> the master's loop: Handler          the loop --Send--> outbox --> gRPC
//   threads
//
// One message per connection is on its way to the handler at a time (the next is read when the
// handler returned), and a connection whose outbox exceeds its bound is closed, so that neither a
// flood nor a peer that never reads can hold memory or the loop.
//
// Thread: Listen, Send, Close and destruction on the loop; the handler is called on the loop only.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "sfp/v1/control.pb.h"

namespace sfp::control {

using ConnectionId = std::uint64_t;  // never used twice

class ServerHandler {
 public:
  virtual void OnConnect(ConnectionId connection, const std::string& peer) = 0;
  virtual void OnMessage(ConnectionId connection, v1::WorkerMessage message) = 0;
  // Last call for this connection; also after Close.
  virtual void OnDisconnect(ConnectionId connection) = 0;

 protected:
  ~ServerHandler() = default;
};

struct ServerOptions {
  std::string address = "127.0.0.1:5557";  // port 0: any
  int most_message_bytes = 64 * 1024 * 1024;
  std::size_t most_outbox_bytes = 256 * 1024 * 1024;  // per connection
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
