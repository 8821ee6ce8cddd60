#include "worker/http/channel.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "common/base/check.h"
#include "worker/http/failure.h"

namespace sfp::http {

using stats::FailureKind;
using stats::Phase;

struct Channel::Ready {
  boost::intrusive_ptr<Channel> channel;
  std::uint32_t epoch;
  bool writable;
  void operator()(const boost::system::error_code&) const {
    if (epoch == channel->epoch_) channel->OnReady(writable);
  }
};

Channel::Channel(Loop& loop, std::uint64_t user) : loop_(loop), socket_(loop.io()) {
  const auto& addresses = loop.destination().addresses;
  if (!addresses.empty()) address_ = static_cast<std::uint32_t>(user % addresses.size());
}

void Channel::Start(const engine::Request& request, engine::ExchangeHandler& handler) {
  SFP_CHECK(call_ == nullptr);
  const Time now = Now();
  if (state_ == State::kOpen) StillOpen();
  call_ = loop_.TakeCall();
  call_->Begin(request, handler, now);
  call_->exchange.sample.reconnected = std::exchange(lost_, false);
  starting_ = true;
  if (state_ == State::kOpen) {
    stats::Evidence& evidence = call_->exchange.failure.evidence;
    evidence.reused = true;
    evidence.served = served_;
    evidence.idle = now - answered_at_;
    EnterPhase(Phase::kSend, loop_.destination().phases.send, now);
    Send(request.bytes);
  } else {
    call_->unsent = request.bytes;
    attempt_ = 0;
    connect_error_ = 0;
    EnterPhase(Phase::kConnect, loop_.destination().phases.connect, now);
    Connect();
  }
  starting_ = false;
}

void Channel::Detach() {
  Close();
  if (call_ != nullptr) loop_.GiveBack(std::move(call_));
  loop_.wheel().Cancel(*this);
}

// Tries the addresses, beginning with the one that worked last, until one can be waited for.
void Channel::Connect() {
  const auto& addresses = loop_.destination().addresses;
  while (attempt_ < addresses.size()) {
    const Endpoint& endpoint = addresses[(address_ + attempt_) % addresses.size()];
    const int error = socket_.Open(endpoint);
    if (error == 0) {
      state_ = State::kConnecting;
      socket_.Connect(endpoint, [self = boost::intrusive_ptr<Channel>(this),
                                 epoch = epoch_](const boost::system::error_code& result) {
        if (epoch == self->epoch_) self->OnConnect(result.value());
      });
      return;
    }
    if (!WorthAnotherAddress(error)) {
      connect_error_ = error;
      break;
    }
    connect_error_ = MoreTelling(connect_error_, error);
    ++attempt_;
  }
  ConnectFailed();
}

void Channel::OnConnect(int error) {
  if (error != 0) {
    Close();
    connect_error_ = MoreTelling(connect_error_, error);
    ++attempt_;
    Connect();
    return;
  }
  const Time now = Now();
  address_ = (address_ + attempt_) % loop_.destination().addresses.size();
  served_ = 0;
  ++loop_.counters().connects;
  MeasurePhase(Phase::kConnect, now);
  if (loop_.destination().tls) {
    BeginTls(now);
  } else {
    Opened(now);
  }
}

void Channel::ConnectFailed() {
  if (loop_.destination().addresses.empty()) {
    Fail(FailureKind::kDns, Phase::kDns, "no address for host '" + loop_.destination().host + "'");
  } else {
    Fail(ConnectFailureKind(connect_error_), Phase::kConnect, ConnectFailureMessage(connect_error_),
         connect_error_);
  }
}

void Channel::BeginTls(Time now) {
  state_ = State::kHandshaking;
  tls_ = std::make_unique<TlsStream>(loop_.destination(), socket_.fd(), session_.get());
  EnterPhase(Phase::kTls, loop_.destination().phases.tls, now);
  Handshake();
}

void Channel::Handshake() {
  const Io io = tls_->Handshake();
  switch (io.kind) {
    case Io::Kind::kDone: {
      const Time now = Now();
      MeasurePhase(Phase::kTls, now);
      if (tls_->resumed()) ++loop_.counters().tls_resumed;
      Opened(now);
      return;
    }
    case Io::Kind::kWantRead:
    case Io::Kind::kWantWrite:
      WaitFor(io);
      return;
    case Io::Kind::kEnded:
    case Io::Kind::kFailed:
      HandshakeFailed(io);
      return;
  }
}

void Channel::HandshakeFailed(const Io& io) {
  session_.reset();  // perhaps it is what the server did not like
  if (tls_->certificate_refused()) {
    Fail(FailureKind::kTlsCertificate, Phase::kTls,
         "Certificate verification failed: " + tls_->failure());
    return;
  }
  std::string why = "closed by the server";
  if (io.kind == Io::Kind::kFailed) why = io.error != 0 ? ErrorText(io.error) : tls_->failure();
  Fail(FailureKind::kTlsHandshake, Phase::kTls, "TLS handshake failed: " + why, io.error);
}

void Channel::Opened(Time now) {
  state_ = State::kOpen;
  EnterPhase(Phase::kSend, loop_.destination().phases.send, now);
  SendRest();
}

// An idle connection has nothing to say but its end (and, with TLS, tickets). Closes it if so.
bool Channel::StillOpen() {
  char byte;
  const Io io = Read({&byte, 1});
  if (io.kind == Io::Kind::kWantRead || io.kind == Io::Kind::kWantWrite) return true;
  if (io.kind == Io::Kind::kDone) ++loop_.counters().unsolicited;
  Close();
  lost_ = true;
  return false;
}

void Channel::Close() {
  if (tls_ != nullptr) {
    if (TlsSession session = tls_->Finish(); session != nullptr && loop_.destination().resume_tls) {
      session_ = std::move(session);
    }
    tls_.reset();
  }
  if (socket_.is_open()) socket_.Close();
  ++epoch_;
  state_ = State::kClosed;
  waits_readable_ = waits_writable_ = false;
}

void Channel::WaitReadable() {
  if (std::exchange(waits_readable_, true)) return;
  socket_.WaitReadable(Ready{this, epoch_, false});
}

void Channel::WaitWritable() {
  if (std::exchange(waits_writable_, true)) return;
  socket_.WaitWritable(Ready{this, epoch_, true});
}

void Channel::WaitFor(const Io& io) {
  if (io.kind == Io::Kind::kWantWrite) {
    WaitWritable();
  } else {
    WaitReadable();
  }
}

void Channel::OnReady(bool writable) {
  (writable ? waits_writable_ : waits_readable_) = false;
  if (state_ == State::kHandshaking) {
    Handshake();
  } else if (call_ == nullptr) {
    if (StillOpen()) WaitReadable();
  } else if (writable) {
    SendRest();
  } else {
    ReadResponse();
  }
}

void Channel::Post(void (Channel::*step)()) {
  boost::asio::post(loop_.io(), [self = boost::intrusive_ptr<Channel>(this), epoch = epoch_, step] {
    if (epoch == self->epoch_ && self->call_ != nullptr) (self.get()->*step)();
  });
}

}  // namespace sfp::http
