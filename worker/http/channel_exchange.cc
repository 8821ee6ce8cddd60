#include <algorithm>
#include <utility>

#include "worker/http/channel.h"
#include "worker/http/failure.h"
#include "worker/http/inflate.h"

namespace sfp::http {

using stats::FailureKind;
using stats::Phase;

namespace {

// So many reads in a row before others get their turn.
constexpr int kReadsPerTurn = 16;
constexpr std::size_t kMostMessageBytes = 200;

}  // namespace

// The usual case: one system call takes the whole request, nothing is copied.
void Channel::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const Io io = Write(bytes);
    if (io.kind == Io::Kind::kDone) {
      bytes.remove_prefix(io.bytes);
      call_->exchange.sample.bytes_sent += io.bytes;
      continue;
    }
    if (io.kind == Io::Kind::kFailed || io.kind == Io::Kind::kEnded) {
      // The server may have answered before it closed; reading tells.
      call_->send_error = io.error != 0 ? io.error : EPIPE;
      Defer(&Channel::ReadResponse);
      return;
    }
    if (call_->unsent.empty()) call_->unsent = bytes;
    call_->sent = call_->unsent.size() - bytes.size();
    return;
  }
  Sent();
}

void Channel::SendRest() {
  if (call_->all_sent || call_->send_error != 0) return;
  Send(std::string_view(call_->unsent).substr(call_->sent));
}

void Channel::Sent() {
  call_->all_sent = true;
  call_->sent_at = Now();
  if (call_->phase == Phase::kSend) {  // else the answer has begun already
    MeasurePhase(Phase::kSend, call_->sent_at);
    EnterPhase(Phase::kFirstByte, loop_.destination().phases.first_byte, call_->sent_at);
  }
  AwaitMore();
}

void Channel::AwaitMore() {
  if (MayRead() || call_->send_error != 0) Defer(&Channel::ReadResponse);
}

void Channel::ReadResponse() {
  if (call_->response == nullptr) call_->response = loop_.TakeResponse(*call_);
  Response& response = *call_->response;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const std::span<char> space = response.Space();
    const Io io = Read(space);
    if (io.kind == Io::Kind::kWantRead || io.kind == Io::Kind::kWantWrite) {
      if (call_->send_error != 0) return ResponseBroke({Io::Kind::kFailed, 0, call_->send_error});
      response.ReleaseIfEmpty();
      if (response.bytes() == 0) loop_.GiveBack(std::move(call_->response));
      return;
    }
    const Time now = Now();
    if (io.kind == Io::Kind::kEnded) return ResponseEnded(now);
    if (io.kind == Io::Kind::kFailed) return ResponseBroke(io);
    if (call_->phase != Phase::kBody) FirstByte(now);
    switch (response.Received(io.bytes)) {
      case Response::Progress::kDone:
        return Succeed(now);
      case Response::Progress::kFailed:
        return Fail(response.fault().kind, Phase::kBody, response.fault().message);
      case Response::Progress::kMore:
        break;
    }
    if (!MayRead() && call_->send_error == 0) break;
  }
  response.ReleaseIfEmpty();
  AwaitMore();
}

void Channel::FirstByte(Time now) {
  if (call_->phase == Phase::kSend) {  // it answers before it has read the whole request
    MeasurePhase(Phase::kSend, now);
    call_->phase_began = now;
  }
  MeasurePhase(Phase::kFirstByte, now);
  call_->first_byte_at = now;
  EnterPhase(Phase::kBody, loop_.destination().phases.body, now);
}

void Channel::ResponseEnded(Time now) {
  Response& response = *call_->response;
  if (response.bytes() == 0) {
    if (call_->send_error != 0) return ResponseBroke({Io::Kind::kFailed, 0, call_->send_error});
    return Fail(FailureKind::kClosedBeforeResponse, call_->phase,
                std::string(stats::kMessageClosed));
  }
  if (response.Ended() == Response::Progress::kFailed) {
    return Fail(response.fault().kind, Phase::kBody, response.fault().message);
  }
  if (tls_ != nullptr && !tls_->ended_cleanly()) {
    return Fail(FailureKind::kTruncated, Phase::kBody,
                "Response truncated: " + response.Where() + ", TLS ended without close_notify");
  }
  Succeed(now);
}

void Channel::ResponseBroke(const Io& io) {
  const bool answered = call_->response->bytes() > 0;
  if (io.error == 0) {
    // With TLS 1.3 a server refuses the client's certificate only after the handshake looked done.
    if (!answered && served_ == 0) {
      session_.reset();
      return Fail(FailureKind::kTlsHandshake, Phase::kTls,
                  "TLS handshake failed: " + tls_->failure());
    }
    return Fail(FailureKind::kOther, call_->phase, "TLS failed: " + tls_->failure());
  }
  if (!IsReset(io.error)) {
    return Fail(FailureKind::kOther, call_->phase, ErrorText(io.error), io.error);
  }
  if (answered) {
    return Fail(FailureKind::kResetInResponse, Phase::kBody,
                std::string(stats::kMessageReset) + " in the response", io.error);
  }
  Fail(FailureKind::kReset, call_->phase, std::string(stats::kMessageReset), io.error);
}

void Channel::Succeed(Time now) {
  Response& response = *call_->response;
  engine::Exchange& exchange = call_->exchange;
  MeasurePhase(Phase::kBody, now);
  ++served_;
  if (response.left_over() > 0) ++loop_.counters().left_over;
  const ConnectionRules& rules = loop_.destination().connections;
  const bool worn = rules.max_requests > 0 && served_ >= rules.max_requests;
  const bool reusable = response.keep_alive() && rules.keep_alive && !worn &&
                        response.left_over() == 0 && call_->all_sent;
  ResponseContent& content = response.content();
  exchange.body = content.body;
  exchange.location = content.location;
  exchange.fields = content.fields;
  std::size_t begin = 0;
  for (const std::size_t end : content.cookie_ends) {
    call_->cookies.push_back(std::string_view(content.cookie_text).substr(begin, end - begin));
    begin = end;
  }
  exchange.set_cookies = call_->cookies;
  Decode();
  if (!reusable) Close();
  Complete(now);
}

// Replaces the body by its decoded form; false (and a failure) if that can't be done.
bool Channel::Decode() {
  const ResponseContent& content = call_->response->content();
  const bool unasked = content.coding == Coding::kUnknown && !loop_.destination().decompress;
  if (!call_->keep_body || content.body.empty() || content.coding == Coding::kIdentity || unasked) {
    return true;
  }
  stats::Failure& failure = call_->exchange.failure;
  Status status = Invalid("'" + content.coding_name + "' is not supported");
  if (content.coding != Coding::kUnknown) {
    status = Inflate(content.body, content.coding == Coding::kDeflate,
                     loop_.destination().limits.body_bytes, call_->decoded);
  }
  if (status.ok()) {
    call_->exchange.body = call_->decoded;
    return true;
  }
  call_->exchange.body = {};
  failure.kind = FailureKind::kDecode;
  failure.phase = Phase::kBody;
  failure.message = "Content-Encoding: " + Message(status);
  failure.message.resize(std::min(failure.message.size(), kMostMessageBytes));
  return false;
}

void Channel::Fail(FailureKind kind, Phase phase, std::string message, int error) {
  message.resize(std::min(message.size(), kMostMessageBytes));
  stats::Failure& failure = call_->exchange.failure;
  failure.kind = kind;
  failure.phase = phase;
  failure.message = std::move(message);
  failure.evidence.error = error;
  failure.evidence.reset = IsReset(error);
  Close();
  Complete(Now());
}

void Channel::Complete(Time now) {
  stats::Sample& sample = call_->exchange.sample;
  stats::Failure& failure = call_->exchange.failure;
  sample.ended = answered_at_ = now;
  sample.response = now - sample.started;
  if (call_->response != nullptr) {
    sample.status = call_->response->content().status;
    sample.bytes_received = call_->response->bytes();
  }
  if (failure.kind != FailureKind::kNone) {
    sample.failure = &failure;
    failure.evidence.bytes_sent = sample.bytes_sent;
    failure.evidence.bytes_received = sample.bytes_received;
    if (call_->all_sent) failure.evidence.since_send = now - call_->sent_at;
  }
  call_->finished = true;
  if (starting_) {
    Defer(&Channel::Deliver);
  } else {
    Deliver();
  }
}

void Channel::Deliver() {
  std::unique_ptr<Call> call = std::move(call_);
  if (call->response != nullptr) call->response->Release();
  delivering_ = true;
  call->handler->OnExchange(call->exchange);
  delivering_ = false;
  loop_.GiveBack(std::move(call));
  if (state_ != State::kOpen || call_ != nullptr) return;
  if (MayRead()) {
    if (!StillOpen()) return;
  } else if (tls_ != nullptr) {
    tls_->ReleaseBuffers();
  }
  if (loop_.destination().connections.idle_ttl > Duration::zero()) ArmTimer();
}

void Channel::EnterPhase(Phase phase, Duration limit, Time now) {
  call_->phase = phase;
  call_->phase_began = now;
  call_->phase_limit = limit;
  call_->phase_due = limit > Duration::zero() ? now + limit : kNever;
  ArmTimer();
}

void Channel::MeasurePhase(Phase phase, Time now) {
  call_->exchange.sample.phases[static_cast<std::size_t>(phase)] = now - call_->phase_began;
}

// When the timer has something to do. An idle connection ends at its time to live.
Time Channel::NextDue() const {
  if (call_ != nullptr) {
    return call_->finished ? kNever : std::min(call_->phase_due, call_->total_due);
  }
  const Duration ttl = loop_.destination().connections.idle_ttl;
  return state_ == State::kOpen && ttl > Duration::zero() ? answered_at_ + ttl : kNever;
}

// A timer that fires too early is cheaper than one that is moved for each request.
void Channel::ArmTimer() {
  const Time next = NextDue();
  if (next != kNever && (!scheduled() || due() > next)) loop_.wheel().Schedule(*this, next);
}

void Channel::OnTimer(Time now) {
  if (NextDue() > now) return ArmTimer();
  if (call_ != nullptr) {
    TimedOut();
  } else {
    Close();
  }
}

void Channel::TimedOut() {
  const Phase phase = call_->phase;
  const bool own = call_->phase_due <= call_->total_due;
  const Duration limit = own ? call_->phase_limit : call_->total_limit;
  Fail(TimeoutKind(phase), phase, TimeoutMessage(phase, limit));
}

}  // namespace sfp::http
