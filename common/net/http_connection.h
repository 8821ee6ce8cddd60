#pragma once

// One connection of the HTTP server, and what all connections of a server share. Private to
// common/net.
//
//   delayed -> handshake -> idle -> reading -> serving -> writing -> idle ...
//                                                            '---> draining -> closed
//
// A connection stands in the list of its state, in the order in which it came there. A state's time
// limit is the same for all, so the front of each list is the first to expire: no timer per
// operation, no search.
//
// Thread: confined to the server's loop.

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <optional>

#include "common/net/http_server.h"
#include "common/net/request_reader.h"
#include "common/net/stream_socket.h"

namespace sfp::net {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  enum class State { kDelayed, kHandshake, kIdle, kReading, kServing, kWriting, kDraining };
  static constexpr int kStates = 7;
  using Entry = std::list<std::shared_ptr<HttpConnection>>::iterator;

  HttpConnection(HttpCore& core, int fd, std::uint64_t number);

  void Begin(State first);  // kDelayed, kHandshake or kIdle
  // The state's time is over.
  void Expire();
  // The server stops: ends what is not in the middle of an exchange.
  void StopWhenIdle();
  void Drop(HttpCloseReason reason);  // at once
  void Orphan() { core_ = nullptr; }  // the server is gone

  // What a Responder asks for; false if `exchange` is not the current one.
  bool Serves(std::uint64_t exchange) const;
  void Tag(std::uint64_t tag) { record_.tag = tag; }
  void OnGone(std::function<void()> callback) { on_gone_ = std::move(callback); }
  void Send(const HttpReply& reply);
  void StartStream(const HttpReply& reply);
  bool WriteStream(std::string_view piece);
  void EndStream();
  std::size_t Unsent() const { return output_.size() - sent_; }
  void SendRaw(int status, std::string_view bytes);
  void Abort(Responder::AbortKind kind);

  std::uint64_t number() const { return number_; }
  State state() const { return state_; }

 private:
  friend class HttpCore;

  void WaitReadable();
  void WaitWritable();
  void OnReadable();
  void ContinueHandshake();
  void ReceiveSome();
  void Discard();
  void ServeReceived();
  void Serve();
  void Refuse(int status);  // what was received is no request: answer and end
  void AppendHead(const HttpReply& reply, std::optional<std::uint64_t> length);
  void AppendChunk(std::string_view piece);
  void FinishAnswer(bool close);
  void Flush();
  void Report(bool complete);
  void AfterAnswer();
  void Drain();
  void ExpireIdle();
  void Close(HttpCloseReason reason, bool reset = false);

  HttpCore* core_;  // null: closed
  StreamSocket socket_;
  const std::uint64_t number_;
  RequestReader reader_;
  State state_ = State::kIdle;
  Time since_;   // when it came into this state
  Entry entry_;  // in the list of its state
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  HttpExchange record_;   // of the current exchange
  Time asked_at_;         // when its request was complete
  std::uint64_t exchange_ = 0;
  std::uint64_t reported_bytes_ = 0;  // of what the reader holds, those of a reported exchange
  std::uint64_t discarded_bytes_ = 0;
  std::function<void()> on_gone_;
  HttpCloseReason drain_reason_ = HttpCloseReason::kServer;
  bool in_exchange_ = false;
  bool answered_ = false;  // the whole answer is in output_
  bool streaming_ = false;
  bool chunked_ = false;
  bool raw_ = false;          // what is sent on purpose is no whole answer
  bool head_only_ = false;    // the request is HEAD
  bool close_after_ = false;  // this answer is the last
  bool serving_received_ = false;
  bool in_handler_ = false;
  bool waits_readable_ = false;
  bool waits_writable_ = false;
};

class HttpCore : public std::enable_shared_from_this<HttpCore> {
 public:
  HttpCore(boost::asio::io_context& loop, HttpServerOptions options, HttpHandler handler,
           HttpObserver* observer);

  Status Listen(const std::string& host, std::uint16_t port);
  void Stop(Duration grace, std::function<void()> done);
  void Abandon();

  // Puts the connection at the end of the state's list.
  void Enter(HttpConnection& connection, HttpConnection::State state);
  void Remove(HttpConnection& connection, HttpCloseReason reason, std::uint64_t stray_bytes);
  std::string_view DateField();  // "Date: ...", CRLF

  boost::asio::io_context& loop;
  const HttpServerOptions options;
  const HttpHandler handler;
  HttpObserver* observer;
  bool stopping = false;
  std::uint16_t port = 0;
  std::size_t connections = 0;

 private:
  Duration LimitOf(HttpConnection::State state) const;
  void Accept();
  void WaitAcceptable();
  void WaitAfterFailedAccept();
  void Add(int fd);
  void ArmTimer(Time at);
  void OnTimer();

  std::optional<boost::asio::posix::stream_descriptor> listener_;
  bool waits_acceptable_ = false;
  std::array<std::list<std::shared_ptr<HttpConnection>>, HttpConnection::kStates> lists_;
  boost::asio::steady_timer timer_;
  Time timer_at_ = kNever;
  boost::asio::steady_timer grace_timer_;
  boost::asio::steady_timer accept_timer_;
  std::function<void()> stopped_;
  std::uint64_t next_number_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_field_;
};

}  // namespace sfp::net
