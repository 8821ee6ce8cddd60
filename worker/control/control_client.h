#pragma once

// The worker's end of the control stream: gRPC's callback client behind a plain interface. It
// decides nothing: when to connect, what to send and what to do with a message is the agent's.
//
// One connection at a time. Connect begins an attempt; it ends in OnConnected (the stream is up) or
// in OnDisconnected (it could not be made, it broke, or it was closed), after which Connect may be
// called again.
//
// Thread: all calls on the owner's loop; the handler is called on the loop only.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "sfp/v1/control.pb.h"
#include "worker/control/dialer.h"

namespace sfp::control {

class ClientHandler {
 public:
  virtual void OnConnected() = 0;
  virtual void OnMessage(v1::MasterMessage message) = 0;
  // `reason` is one line for people: "cannot reach 10.0.0.1:5557: Connection refused". `refused`:
  // as both were started they will never come together (credentials).
  virtual void OnDisconnected(const std::string& reason, bool refused) = 0;

 protected:
  ~ClientHandler() = default;
};

struct ClientOptions {
  std::string master = "localhost:5557";
  std::optional<net::Credentials> credentials;  // absent: plain text
  int most_message_bytes = 256 * 1024 * 1024;   // a scenario carries its data
};

// Runs a function on the owner's loop, from any thread.
using Post = std::function<void(std::function<void()>)>;

class ControlClient {
 public:
  ControlClient(ClientOptions options, Post post, ClientHandler& handler);
  // Breaks the connection off; no handler is called any more.
  ~ControlClient();

  void Connect();
  // Does nothing if there is no connection.
  void Send(const v1::WorkerMessage& message);
  // The newest moment at which the master's machine answered, if only its kernel; Time{} before.
  Time Reached();
  // Ends the stream when all that was sent is out; OnDisconnected follows.
  void Close();
  // Ends it at once, whatever was sent: for a peer that is silent. OnDisconnected follows.
  void Break();

 private:
  class Stream;
  void Join(int fd);
  void Ended(const std::string& reason, bool refused);

  const ClientOptions options_;
  const Post post_;
  ClientHandler& handler_;
  std::unique_ptr<Dialer> dialer_;
  std::shared_ptr<Stream> stream_;
  Time reached_{};
  // What is posted from an attempt that is over, or to an owner that is gone, is not heard.
  std::shared_ptr<int> attempt_;
};

}  // namespace sfp::control
