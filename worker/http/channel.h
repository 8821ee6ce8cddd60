#pragma once

// One connection as a state machine, and the exchange under way on it.
//
//   closed -> connecting -> [handshaking] -> open -+-> closed
//      ^        | next address                     |  (idle, or an exchange: send, first byte,
//      |        |                                  |   body)
//      +--------+----------------------------------+
//
// The reactor tells once when bytes or the server's close have come, idle or not; readable_
// remembers it until the socket is empty. So a kept connection costs no system calls but send and
// receive.
//
// Deadlines are on the shared wheel, one timer per channel, moved only forward in time: it fires at
// most once per limit and looks then at what is really due.
//
// Thread: confined to its loop.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/engine/connection.h"
#include "worker/http/loop.h"
#include "worker/http/reactor.h"
#include "worker/http/socket.h"
#include "worker/http/tls_stream.h"

namespace sfp::http {

class Channel final : public engine::Connection, private engine::Timer, private Watcher {
 public:
  // `number` spreads channels over the addresses and source addresses.
  Channel(Loop& loop, std::uint64_t number);
  ~Channel() override;

  void Start(const engine::Request& request, engine::ExchangeHandler& handler) override;
  // The same for a request that has waited for this channel since `since`.
  void StartBlocked(const engine::Request& request, engine::ExchangeHandler& handler, Time since);
  // Nobody waits for the exchange under way any more: it is broken off.
  void Cancel();

 private:
  enum class State : std::uint8_t { kClosed, kConnecting, kHandshaking, kOpen };
  using Step = void (Channel::*)();

  // The connection (channel.cc).
  void Begin(const engine::Request& request, engine::ExchangeHandler& handler, Time since,
             Time now);
  void Connect();
  void OnConnect(int error);
  void ResetAtOnce(int error);
  void ConnectFailed();
  void BeginTls(Time now);
  void Handshake();
  void HandshakeFailed(const Io& io);
  void Opened(Time now);
  bool StillOpen();
  void Close();
  Io Read(std::span<char> space);
  Io Write(std::string_view bytes) { return tls_ ? tls_->Write(bytes) : socket_.Write(bytes); }
  // Whether there may be bytes to read, of which nobody will tell again.
  bool MayRead() const { return readable_ || (tls_ != nullptr && tls_->has_pending()); }
  void OnReady(std::uint32_t events) override;
  void OnDeferred() override;
  void Defer(Step step);
  const Endpoint* Source(const Endpoint& to) const;

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
  Time NextDue() const;
  void ArmTimer();
  void OnTimer(Time now) override;
  void TimedOut();

  Loop& loop_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  TlsSession session_;
  std::unique_ptr<Call> call_;  // null while idle
  Time answered_at_{};          // end of the last exchange
  Duration closed_idle_{0};     // how long it had been idle when it was lost
  Step step_ = nullptr;         // deferred
  const std::uint64_t number_;
  std::uint32_t served_ = 0;   // exchanges that this connection has answered
  std::uint32_t address_ = 0;  // the one to try first
  std::uint32_t attempt_ = 0;  // addresses that failed in this exchange
  int connect_error_ = 0;
  State state_ = State::kClosed;
  bool readable_ = false;    // the socket may have bytes, or its end, that were not read yet
  bool hung_up_ = false;     // the reactor has told that the server sends no more
  bool lost_ = false;        // the server closed it while idle
  bool starting_ = false;    // inside Start: OnExchange must wait
  bool delivering_ = false;  // inside OnExchange
};

}  // namespace sfp::http
