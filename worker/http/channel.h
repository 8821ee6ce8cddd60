#pragma once

// One user's connection as a state machine, and the exchange under way on it.
//
//   closed -> connecting -> [handshaking] -> open -+-> closed
//      ^        | next address                     |  (idle, or an exchange: send, first byte,
//      body)
//      +--------+----------------------------------+
//
// While open it always waits for readability, so that an idle connection notices the server's close
// at once. Waits that ended late keep the channel alive and are told by their epoch.
//
// Deadlines are on the shared wheel, one timer per channel, moved only forward in time: it fires at
// most once per limit and looks then at what is really due.
//
// Thread: confined to its loop.

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/engine/connection.h"
#include "worker/http/loop.h"
#include "worker/http/socket.h"
#include "worker/http/tls_stream.h"

namespace sfp::http {

class Channel final : public boost::intrusive_ref_counter<Channel, boost::thread_unsafe_counter>,
                      private engine::Timer {
 public:
  Channel(Loop& loop, std::uint64_t user);

  void Start(const engine::Request& request, engine::ExchangeHandler& handler);
  // The owner is gone: everything is closed, no OnExchange comes any more.
  void Detach();

 private:
  enum class State : std::uint8_t { kClosed, kConnecting, kHandshaking, kOpen };
  struct Ready;  // completion of a wait

  // The connection (channel.cc).
  void Connect();
  void OnConnect(int error);
  void ConnectFailed();
  void BeginTls(Time now);
  void Handshake();
  void HandshakeFailed(const Io& io);
  void Opened(Time now);
  bool StillOpen();
  void Close();
  Io Read(std::span<char> space) { return tls_ ? tls_->Read(space) : socket_.Read(space); }
  Io Write(std::string_view bytes) { return tls_ ? tls_->Write(bytes) : socket_.Write(bytes); }
  void WaitReadable();
  void WaitWritable();
  void WaitFor(const Io& io);
  void OnReady(bool writable);
  void Post(void (Channel::*step)());

  // The exchange (channel_exchange.cc).
  void Send(std::string_view bytes);
  void SendRest();
  void Sent();
  void AwaitMore();
  void ReadResponse();
  void FirstByte(Time now);
  void ResponseEnded(Time now);
  void ResponseBroke(const Io& io);
  void Succeed(Time now);
  bool Decode();
  void Fail(stats::FailureKind kind, stats::Phase phase, std::string message, int error = 0);
  void Complete(Time now);
  void Deliver();
  void EnterPhase(stats::Phase phase, Duration limit, Time now);
  void MeasurePhase(stats::Phase phase, Time now);
  void ArmTimer();
  void OnTimer(Time now) override;
  void TimedOut();

  Loop& loop_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  TlsSession session_;
  std::unique_ptr<Call> call_;  // null while idle
  Time answered_at_{};          // end of the last exchange
  std::uint32_t epoch_ = 0;     // of the socket: waits of an older one mean nothing
  std::uint32_t served_ = 0;    // exchanges that this connection has answered
  std::uint32_t address_ = 0;   // the one to try first
  std::uint32_t attempt_ = 0;   // addresses that failed in this exchange
  int connect_error_ = 0;
  State state_ = State::kClosed;
  bool lost_ = false;  // the server closed it while idle
  bool waits_readable_ = false;
  bool waits_writable_ = false;
  bool starting_ = false;  // inside Start: OnExchange must wait
};

}  // namespace sfp::http
