#include "tests/support/sim_server.h"

#include "common/base/check.h"

namespace sfp::support {

class SimServer::Connection final : public engine::Connection, private engine::Timer {
 public:
  explicit Connection(SimServer& server) : server_(server) { ++server_.connections_; }
  ~Connection() override {
    --server_.connections_;
    if (state_ != State::kIdle) server_.Leave(*this);
  }

  void Start(const engine::Request& request, engine::ExchangeHandler& handler) override {
    SFP_CHECK(state_ == State::kIdle);
    handler_ = &handler;
    begun_ = server_.clock_.now();
    sent_ = request.bytes.size();
    reply_ = server_.options_.reply ? server_.options_.reply(request.bytes) : SimReply{};
    service_ = server_.options_.service;
    if (server_.options_.service_of) service_ = server_.options_.service_of(request.bytes);
    server_.Arrive(*this, request.bytes);
  }

 private:
  friend class SimServer;
  enum class State { kIdle, kWaiting, kServed };

  void OnTimer(Time now) override {
    server_.Leave(*this);
    ++server_.answered_;
    engine::Exchange exchange;
    stats::Sample& sample = exchange.sample;
    sample.started = begun_;
    sample.ended = now;
    sample.response = now - begun_;
    sample.phases.fill(stats::kNotMeasured);
    sample.phases[static_cast<std::size_t>(stats::Phase::kFirstByte)] = sample.response;
    sample.bytes_sent = sent_;
    if (reply_.failure == stats::FailureKind::kNone) {
      sample.status = reply_.status;
      sample.bytes_received = 100 + reply_.body.size();
      exchange.body = reply_.body;
      exchange.location = reply_.location;
      exchange.set_cookies = reply_.set_cookies;
    } else {
      exchange.failure.kind = reply_.failure;
      exchange.failure.phase = stats::Phase::kFirstByte;
      exchange.failure.message = "simulated";
      exchange.failure.evidence.reused = reply_.stale;
      sample.failure = &exchange.failure;
    }
    handler_->OnExchange(exchange);
  }

  SimServer& server_;
  engine::ExchangeHandler* handler_ = nullptr;
  State state_ = State::kIdle;
  Time begun_{};
  Duration service_{0};
  std::size_t sent_ = 0;
  SimReply reply_;
  Connection* next_ = nullptr;
};

SimServer::SimServer(SimClock& clock, Options options)
    : clock_(clock), options_(std::move(options)), rng_(options_.seed) {}

SimServer::~SimServer() { SFP_CHECK(connections_ == 0); }

std::unique_ptr<engine::Connection> SimServer::Connect(std::uint64_t user, std::uint16_t) {
  if (options_.keep_log) connects_.push_back(user);
  return std::make_unique<Connection>(*this);
}

void SimServer::Arrive(Connection& connection, std::string_view request) {
  ++started_;
  if (options_.keep_log) log_.emplace_back(request);
  if (options_.servers == 0 || busy_ < options_.servers) {
    Serve(connection);
    return;
  }
  connection.state_ = Connection::State::kWaiting;
  connection.next_ = nullptr;
  (first_ == nullptr ? first_ : last_->next_) = &connection;
  last_ = &connection;
}

void SimServer::Serve(Connection& connection) {
  ++busy_;
  connection.state_ = Connection::State::kServed;
  const Duration service = options_.exponential
                               ? FromSeconds(rng_.Exponential(Seconds(connection.service_)))
                               : connection.service_;
  clock_.world().Schedule(connection, EndOf(clock_.now(), service));
}

void SimServer::Leave(Connection& connection) {
  const bool served = connection.state_ == Connection::State::kServed;
  connection.state_ = Connection::State::kIdle;
  if (!served) {
    Connection* before = nullptr;
    for (Connection* c = first_; c != &connection; c = c->next_) before = c;
    (before == nullptr ? first_ : before->next_) = connection.next_;
    if (last_ == &connection) last_ = before;
    return;
  }
  --busy_;
  if (first_ == nullptr) return;
  Connection& next = *first_;
  first_ = next.next_;
  if (first_ == nullptr) last_ = nullptr;
  Serve(next);
}

Time SimServer::EndOf(Time begin, Duration service) const {
  Time end = begin + service;
  for (const auto& [from, to] : options_.freezes) {
    if (begin < to && from < end) end += to - std::max(from, begin);
  }
  return end;
}

}  // namespace sfp::support
