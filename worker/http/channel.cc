#include "worker/http/channel.h"

#include <utility>

#include "common/base/check.h"
#include "worker/http/failure.h"

namespace sfp::http {

using stats::FailureKind;
using stats::Phase;

Channel::Channel(Loop& loop, std::uint64_t number)
    : loop_(loop), number_(number), address_(static_cast<std::uint32_t>(number)) {
  loop_.Add();
}

Channel::~Channel() {
  Cancel();
  Close();
  loop_.Remove();
}

void Channel::Start(const engine::Request& request, engine::ExchangeHandler& handler) {
  const Time now = Now();
  Begin(request, handler, now, now);
}

void Channel::StartBlocked(const engine::Request& request, engine::ExchangeHandler& handler,
                           Time since) {
  const Time now = Now();
  Begin(request, handler, since, now);
  call_->exchange.sample.phases[static_cast<std::size_t>(Phase::kBlocked)] = now - since;
}

void Channel::Begin(const engine::Request& request, engine::ExchangeHandler& handler, Time since,
                    Time now) {
  SFP_CHECK(call_ == nullptr);
  // Right behind an answer the socket was just read to its end.
  if (state_ == State::kOpen && (MayRead() || !delivering_)) StillOpen();
  call_ = loop_.TakeCall();
  call_->Begin(request, handler, since);
  if (std::exchange(lost_, false)) {
    call_->exchange.sample.reconnected = true;
    call_->exchange.sample.closed_idle = closed_idle_;
  }
  starting_ = true;
  if (state_ == State::kOpen) {
    stats::Evidence& evidence = call_->exchange.failure.evidence;
    evidence.reused = true;
    evidence.served = served_;
    evidence.idle = call_->exchange.sample.idle = now - answered_at_;
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

void Channel::Cancel() {
  if (call_ == nullptr) return;
  Close();
  loop_.GiveBack(std::move(call_));
}

const Endpoint* Channel::Source(const Endpoint& to) const {
  const ConnectionRules& rules = loop_.destination().connections;
  const auto& sources =
      to.protocol() == boost::asio::ip::tcp::v4() ? rules.sources_v4 : rules.sources_v6;
  return sources.empty() ? nullptr : &sources[number_ % sources.size()];
}

// Tries the addresses, beginning with the one that worked last, until one can be waited for.
void Channel::Connect() {
  const auto& addresses = loop_.addresses();
  while (attempt_ < addresses.size()) {
    const Endpoint& endpoint = addresses[(address_ + attempt_) % addresses.size()];
    int error =
        socket_.Connect(endpoint, Source(endpoint), loop_.destination().connections.no_delay);
    if (error == 0) error = loop_.reactor().Add(socket_.fd(), *this);
    if (error == 0) {
      state_ = State::kConnecting;
      return;
    }
    socket_.Close();
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
  const bool accepted = error == 0 || IsReset(error);  // while connecting RST means refused
  if (!accepted) {
    Close();
    connect_error_ = MoreTelling(connect_error_, error);
    ++attempt_;
    Connect();
    return;
  }
  const Time now = Now();
  address_ += attempt_;
  served_ = 0;
  ++loop_.counters().connects;
  MeasurePhase(Phase::kConnect, now);
  if (error != 0) {
    ResetAtOnce(error);
  } else if (loop_.destination().tls) {
    BeginTls(now);
  } else {
    Opened(now);
  }
}

// The server took the connection and reset it before a byte was sent.
void Channel::ResetAtOnce(int error) {
  if (loop_.destination().tls) {
    session_.reset();
    Fail(FailureKind::kTlsClosed, Phase::kTls, "TLS handshake failed: " + ErrorText(error), error);
  } else {
    Fail(FailureKind::kReset, Phase::kSend, std::string(stats::kMessageReset), error);
  }
}

void Channel::ConnectFailed() {
  if (loop_.addresses().empty()) {
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
      return;
    case Io::Kind::kEnded:
    case Io::Kind::kFailed:
      HandshakeFailed(io);
      return;
  }
}

void Channel::HandshakeFailed(const Io& io) {
  session_.reset();  // perhaps it is what the server did not like
  const FailureKind kind = tls_->failure_kind();
  if (tls_->certificate_refused()) {
    Fail(kind, Phase::kTls, "Certificate verification failed: " + tls_->failure());
    return;
  }
  std::string why = "closed by the server";
  if (io.kind == Io::Kind::kFailed) why = io.error != 0 ? ErrorText(io.error) : tls_->failure();
  const bool closed = io.kind == Io::Kind::kEnded || IsReset(io.error);
  Fail(closed ? FailureKind::kTlsClosed : kind, Phase::kTls, "TLS handshake failed: " + why,
       io.error);
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
  if (io.kind == Io::Kind::kWantRead || io.kind == Io::Kind::kWantWrite) {
    if (tls_ != nullptr) tls_->ReleaseBuffers();
    return true;
  }
  if (io.kind == Io::Kind::kDone) ++loop_.counters().unsolicited;
  Close();
  closed_idle_ = Now() - answered_at_;
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
  loop_.reactor().Forget(*this);
  socket_.Close();
  readable_ = hung_up_ = false;
  step_ = nullptr;
  state_ = State::kClosed;
}

// A read that did not fill its space has emptied the socket: more would be told of. What is left
// then is the end, if the server has hung up.
Io Channel::Read(std::span<char> space) {
  const Io io = tls_ ? tls_->Read(space) : socket_.Read(space);
  const bool emptied = tls_ ? tls_->emptied_socket() : io.bytes < space.size();
  if (io.kind == Io::Kind::kWantRead || (emptied && !hung_up_)) readable_ = false;
  return io;
}

void Channel::OnReady(std::uint32_t events) {
  constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  hung_up_ |= (events & kEnd) != 0;
  readable_ |= (events & (EPOLLIN | kEnd)) != 0;
  if (state_ == State::kConnecting) return OnConnect(socket_.ConnectResult());
  if (state_ == State::kHandshaking) return Handshake();
  if (call_ == nullptr) {
    if (readable_) StillOpen();
    return;
  }
  if ((events & EPOLLOUT) != 0 && !call_->all_sent && call_->send_error == 0) SendRest();
  if (readable_) ReadResponse();
}

void Channel::Defer(Step step) {
  if (step_ == nullptr) loop_.reactor().Defer(*this);
  step_ = step;
}

void Channel::OnDeferred() {
  const Step step = std::exchange(step_, nullptr);
  if (step != nullptr && call_ != nullptr) (this->*step)();
}

}  // namespace sfp::http
