#include "common/net/http_connection.h"

#include <charconv>
#include <utility>

namespace sfp::net {
namespace {

constexpr std::size_t kKeptOutputBytes = 16 * 1024;

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

void AppendNumber(std::string& out, std::uint64_t number, int base = 10) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
  out.append(digits, end);
}

}  // namespace

HttpConnection::HttpConnection(HttpCore& core, int fd, std::uint64_t number)
    : core_(&core),
      socket_(core.loop, fd, core.options.tls),
      number_(number),
      reader_(core.options.most_head_bytes, core.options.most_body_bytes) {}

void HttpConnection::Begin(State first) {
  core_->Enter(*this, first);
  if (first == State::kHandshake) ContinueHandshake();
  if (first == State::kIdle) WaitReadable();
}

void HttpConnection::WaitReadable() {
  // With a full buffer the client has to wait; what is drained needs none.
  if (waits_readable_ || (reader_.full() && state_ != State::kDraining)) return;
  waits_readable_ = true;
  socket_.descriptor().async_wait(boost::asio::posix::descriptor_base::wait_read,
                                  [self = shared_from_this()](const auto& error) {
                                    self->waits_readable_ = false;
                                    if (!error && self->core_ != nullptr) self->OnReadable();
                                  });
}

void HttpConnection::WaitWritable() {
  if (waits_writable_) return;
  waits_writable_ = true;
  socket_.descriptor().async_wait(boost::asio::posix::descriptor_base::wait_write,
                                  [self = shared_from_this()](const auto& error) {
                                    self->waits_writable_ = false;
                                    if (error || self->core_ == nullptr) return;
                                    if (self->state_ == State::kHandshake) {
                                      self->ContinueHandshake();
                                    } else {
                                      self->Flush();
                                    }
                                  });
}

void HttpConnection::OnReadable() {
  if (state_ == State::kHandshake) {
    ContinueHandshake();
  } else if (state_ == State::kDraining) {
    Discard();
  } else {
    ReceiveSome();
  }
}

void HttpConnection::ContinueHandshake() {
  switch (socket_.Handshake()) {
    case StreamSocket::State::kOk:
      core_->Enter(*this, State::kIdle);
      return WaitReadable();
    case StreamSocket::State::kWantRead:
      return WaitReadable();
    case StreamSocket::State::kWantWrite:
      return WaitWritable();
    default:
      return Close(HttpCloseReason::kHandshake);
  }
}

// Also while a request is served: the client may go away, or send its next request ahead.
void HttpConnection::ReceiveSome() {
  do {
    const std::span<char> space = reader_.Space();
    if (space.empty()) break;
    const StreamSocket::Result result = socket_.Receive(space.data(), space.size());
    if (result.state == StreamSocket::State::kOk) {
      reader_.Received(result.bytes);
      ServeReceived();
    } else if (result.state == StreamSocket::State::kWantRead) {
      break;
    } else {
      return Close(HttpCloseReason::kPeer);
    }
  } while (core_ != nullptr && state_ != State::kDraining && socket_.HasPending());
  if (core_ != nullptr) WaitReadable();
}

void HttpConnection::Discard() {
  char bytes[4096];
  for (;;) {
    const StreamSocket::Result result = socket_.Receive(bytes, sizeof bytes);
    if (result.state == StreamSocket::State::kWantRead) return WaitReadable();
    if (result.state != StreamSocket::State::kOk) return Close(drain_reason_);
    discarded_bytes_ += result.bytes;
  }
}

// Not recursive: an answer sent from within the handler ends one turn of the loop.
void HttpConnection::ServeReceived() {
  if (serving_received_) return;
  serving_received_ = true;
  while (core_ != nullptr && (state_ == State::kIdle || state_ == State::kReading) &&
         !reader_.empty()) {
    const RequestReader::Result result = reader_.Parse();
    if (result == RequestReader::Result::kComplete) {
      Serve();
    } else if (result == RequestReader::Result::kNeedMore) {
      if (state_ == State::kIdle && !reader_.empty()) core_->Enter(*this, State::kReading);
      if (reader_.TakeExpectsContinue()) {
        output_ += "HTTP/1.1 100 Continue\r\n\r\n";
        Flush();
      }
      break;
    } else if (result == RequestReader::Result::kHeadTooLarge) {
      Refuse(431);
    } else {
      Refuse(result == RequestReader::Result::kBodyTooLarge ? 413 : 400);
    }
  }
  serving_received_ = false;
}

void HttpConnection::Serve() {
  core_->Enter(*this, State::kServing);
  asked_at_ = since_;
  HttpRequest& request = reader_.request();
  request.connection = number_;
  request.index = ++exchange_;
  record_.index = exchange_;
  record_.bytes_received = reader_.message_bytes();
  in_exchange_ = true;
  head_only_ = request.method == "HEAD";
  close_after_ = !request.keep_alive || core_->stopping;
  // The request's views hold until the handler returns, so what follows an answer waits for that.
  in_handler_ = true;
  core_->handler(request, Responder(weak_from_this(), exchange_));
  in_handler_ = false;
  if (!in_exchange_) AfterAnswer();
}

namespace {

std::string RefusalOf(const HttpServerOptions& options, int status) {
  if (options.refusal) return options.refusal(status, Reason(status));
  std::string body = R"({"errors":[{"status":")";
  AppendNumber(body, static_cast<std::uint64_t>(status));
  return body.append(R"(","title":")").append(Reason(status)).append(R"("}]})");
}

}  // namespace

void HttpConnection::Refuse(int status) {
  core_->Enter(*this, State::kServing);
  asked_at_ = since_;
  ++exchange_;
  record_.index = 0;
  record_.bytes_received = reader_.message_bytes() + reader_.unparsed_bytes();
  in_exchange_ = true;
  head_only_ = false;
  const std::string body = RefusalOf(core_->options, status);
  Send({.status = status, .body = body, .close = true});
}

bool HttpConnection::Serves(std::uint64_t exchange) const {
  return core_ != nullptr && in_exchange_ && !answered_ && exchange_ == exchange;
}

void HttpConnection::AppendHead(const HttpReply& reply, std::optional<std::uint64_t> length) {
  record_.status = reply.status;
  close_after_ |= reply.close;
  output_.append("HTTP/1.1 ");
  AppendNumber(output_, static_cast<std::uint64_t>(reply.status));
  output_.append(" ").append(Reason(reply.status)).append("\r\n").append(core_->DateField());
  if (!reply.content_type.empty()) {
    output_.append("Content-Type: ").append(reply.content_type).append("\r\n");
  }
  if (length.has_value()) {
    output_.append("Content-Length: ");
    AppendNumber(output_, *length);
    output_.append("\r\n");
  } else if (chunked_) {
    output_.append("Transfer-Encoding: chunked\r\n");
  }
  output_.append(reply.fields);
  output_.append(close_after_ ? "Connection: close\r\n\r\n" : "\r\n");
}

void HttpConnection::Send(const HttpReply& reply) {
  AppendHead(reply, reply.status == 204 || reply.status == 304
                        ? std::nullopt
                        : std::optional<std::uint64_t>(reply.body.size()));
  if (!head_only_) output_.append(reply.body);
  FinishAnswer(false);
}

void HttpConnection::StartStream(const HttpReply& reply) {
  streaming_ = true;
  chunked_ = reader_.chunks_allowed();
  close_after_ |= !chunked_;  // HTTP/1.0: the end of the connection is the end of the response
  AppendHead(reply, std::nullopt);
  AppendChunk(reply.body);
  Flush();
}

void HttpConnection::AppendChunk(std::string_view piece) {
  if (head_only_ || piece.empty()) return;
  if (chunked_) {
    AppendNumber(output_, piece.size(), 16);
    output_.append("\r\n");
  }
  output_.append(piece);
  if (chunked_) output_.append("\r\n");
}

bool HttpConnection::WriteStream(std::string_view piece) {
  if (!streaming_) return false;
  if (output_.size() - sent_ + piece.size() > core_->options.most_stream_bytes) {
    Close(HttpCloseReason::kSlowReader, true);
    return false;
  }
  output_.erase(0, std::exchange(sent_, 0));
  AppendChunk(piece);
  Flush();
  return core_ != nullptr;
}

void HttpConnection::EndStream() {
  if (!streaming_) return;
  if (chunked_ && !head_only_) output_.append("0\r\n\r\n");
  FinishAnswer(false);
}

void HttpConnection::SendRaw(int status, std::string_view bytes) {
  record_.status = status;
  raw_ = true;
  output_.append(bytes);
  FinishAnswer(true);
}

void HttpConnection::Abort(Responder::AbortKind kind) {
  on_gone_ = nullptr;
  Close(HttpCloseReason::kAborted, kind == Responder::AbortKind::kReset);
}

void HttpConnection::FinishAnswer(bool close) {
  close_after_ |= close;
  answered_ = true;
  Flush();
}

void HttpConnection::Flush() {
  while (sent_ < output_.size()) {
    const auto rest = std::string_view(output_).substr(sent_);
    const StreamSocket::Result result = socket_.Send(rest);
    if (result.state == StreamSocket::State::kOk) {
      sent_ += result.bytes;
      record_.bytes_sent += result.bytes;
    } else if (result.state == StreamSocket::State::kWantWrite) {
      if (answered_) core_->Enter(*this, State::kWriting);
      return WaitWritable();
    } else {
      return Close(HttpCloseReason::kPeer);
    }
  }
  sent_ = 0;
  output_.clear();
  if (output_.capacity() > kKeptOutputBytes) output_.shrink_to_fit();
  if (!answered_) return;
  Report(!raw_);
  AfterAnswer();
}

void HttpConnection::Report(bool complete) {
  in_exchange_ = answered_ = streaming_ = false;
  record_.connection = number_;
  record_.complete = complete;
  record_.duration = Now() - asked_at_;
  reported_bytes_ = record_.bytes_received;
  const HttpExchange record = std::exchange(record_, {});
  const auto gone = std::exchange(on_gone_, nullptr);
  if (core_->observer != nullptr) core_->observer->OnExchange(record);
  if (!complete && gone) gone();
}

void HttpConnection::AfterAnswer() {
  if (core_ == nullptr || in_handler_) return;
  if (close_after_ || core_->stopping) return Drain();
  reader_.Next();
  reported_bytes_ = 0;
  core_->Enter(*this, State::kIdle);
  if (serving_received_) return;
  ServeReceived();
  if (core_ == nullptr || state_ == State::kDraining) return;
  if (socket_.HasPending()) {
    ReceiveSome();
  } else {
    WaitReadable();
  }
}

// FIN, then everything is read until the client's FIN: closing with unread bytes would send RST,
// which may take the response away from the client.
void HttpConnection::Drain() {
  socket_.ShutdownSend();
  core_->Enter(*this, State::kDraining);
  Discard();
}

void HttpConnection::Expire() {
  switch (state_) {
    case State::kDelayed:
      return Begin(socket_.secure() ? State::kHandshake : State::kIdle);
    case State::kHandshake:
      return Close(HttpCloseReason::kReadTimeout);
    case State::kIdle:
      return ExpireIdle();
    case State::kReading:
      drain_reason_ = HttpCloseReason::kReadTimeout;
      return Refuse(408);
    case State::kServing:
      return;
    case State::kWriting:
      return Close(HttpCloseReason::kWriteTimeout, true);
    case State::kDraining:
      return Close(drain_reason_);
  }
}

// A late loop learns of all time limits at once, but of 128 sockets per turn: a request may lie in
// this one. Ending it as idle would be a failure that no server on time would have made.
void HttpConnection::ExpireIdle() {
  const Time since = since_;
  ReceiveSome();
  const bool still_idle = core_ != nullptr && state_ == State::kIdle && since_ == since;
  if (still_idle) Close(HttpCloseReason::kIdle);
}

void HttpConnection::StopWhenIdle() {
  if (state_ == State::kDelayed || state_ == State::kHandshake || state_ == State::kIdle) {
    Close(HttpCloseReason::kShutdown);
  }
}

void HttpConnection::Drop(HttpCloseReason reason) { Close(reason); }

void HttpConnection::Close(HttpCloseReason reason, bool reset) {
  if (core_ == nullptr) return;
  const auto self = shared_from_this();
  if (in_exchange_) Report(false);
  if (core_ == nullptr) return;  // the client's going led to more
  HttpCore* const core = std::exchange(core_, nullptr);
  if (reset) {
    socket_.Reset();
  } else {
    socket_.Close();
  }
  const std::uint64_t held = reader_.message_bytes() + reader_.unparsed_bytes();
  core->Remove(*this, reason, held - reported_bytes_ + discarded_bytes_);
}

}  // namespace sfp::net
