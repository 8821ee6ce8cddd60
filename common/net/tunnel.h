#pragma once

// Carries one connection's bytes between a TCP socket, TLS or plain, and a descriptor that speaks
// plain text and belongs to somebody else (gRPC): so the handshake is ours, and with it the exact
// reason when it fails.
//
//   peer ══ TCP, TLS ══ Tunnel ── socket pair ── OnOpen's descriptor
//
// Bounded: one buffer each way; who does not read stops the other end through it. An end of one
// side is passed on when what came before it is delivered; the other then has two seconds.
//
// Thread: confined to its loop. It keeps itself alive until OnEnd.

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/time.h"
#include "common/net/stream_socket.h"
#include "common/net/tls.h"
#include "common/net/trouble.h"

namespace sfp::net {

class Tunnel : public std::enable_shared_from_this<Tunnel> {
 public:
  struct Options {
    TlsContext tls;         // none: plain text
    bool client = false;    // who begins the handshake
    std::string peer_name;  // a client with TLS: name or address that the certificate must be for
    Duration handshake_limit = std::chrono::seconds(10);
  };
  struct Events {
    // The handshake is done (plain text: at once). The descriptor is the receiver's from now on.
    std::function<void(int fd)> on_open;
    // The last call. The trouble is kNone if the peer had sent anything before the end.
    std::function<void(const Trouble& trouble)> on_end;
  };

  // Owns fd, which never blocks and is connected.
  Tunnel(boost::asio::io_context& loop, int fd, Options options, Events events);
  ~Tunnel();

  void Begin();
  // How long ago the kernel on the other side last acknowledged or sent anything; nothing once it
  // has ended.
  std::optional<Duration> SinceAnswer();
  // Ends at once; on_end follows unless it was called.
  void Cut();

 private:
  struct Way {  // from one side to the other
    StreamSocket* from = nullptr;
    StreamSocket* to = nullptr;
    std::string buffer;
    std::size_t begin = 0, end = 0;
    bool ended = false;   // nothing more comes
    bool closed = false;  // and the other side knows
  };
  enum class Progress { kSome, kNone, kBroken };

  void Handshake();
  void Open();
  void Pump();
  Progress Step(Way& way);
  Progress Receive(Way& way);
  Progress Send(Way& way);
  // Whether the peer's first bytes are what its protocol begins with.
  bool FirstBytes(std::string_view bytes);
  void Wait(StreamSocket& socket, StreamSocket::State state);
  void EndBy(Duration limit, Trouble::Kind kind);
  void End(Trouble trouble);

  boost::asio::io_context& loop_;
  const Options options_;
  Events events_;
  RejectedPeer rejected_;
  StreamSocket outer_;
  std::unique_ptr<StreamSocket> inner_;
  Way in_, out_;
  boost::asio::steady_timer limit_;
  int waiting_ = 0;  // of the four: outer and inner, to read and to write
  bool heard_ = false;
  bool lingering_ = false;
  bool ended_ = false;
};

}  // namespace sfp::net
