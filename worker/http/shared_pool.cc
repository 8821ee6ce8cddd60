#include "worker/http/shared_pool.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "worker/http/failure.h"

namespace sfp::http {

class SharedPool::Lease final : public engine::Connection,
                                private engine::ExchangeHandler,
                                private engine::Timer {
 public:
  explicit Lease(SharedPool& pool) : pool_(pool) { ++pool_.leases_; }

  ~Lease() override {
    --pool_.leases_;
    if (channel_ != nullptr) {
      channel_->Cancel();
      pool_.Free(*channel_);
    } else if (handler_ != nullptr) {
      std::erase(pool_.waiting_, this);
    }
  }

  void Start(const engine::Request& request, engine::ExchangeHandler& handler) override {
    SFP_CHECK(handler_ == nullptr);
    handler_ = &handler;
    since_ = Now();
    request_ = request;
    if (!pool_.free_.empty() && pool_.waiting_.empty()) {
      channel_ = pool_.free_.back();
      pool_.free_.pop_back();
      channel_->StartBlocked(request_, *this, since_);
      return;
    }
    bytes_ = request.bytes;
    request_.bytes = bytes_;
    pool_.waiting_.push_back(this);
    if (request.timeout > Duration::zero()) {
      pool_.loop_.wheel().Schedule(*this, since_ + request.timeout);
    }
  }

  void Run(Channel& channel) {
    pool_.loop_.wheel().Cancel(*this);
    channel_ = &channel;
    channel_->StartBlocked(request_, *this, since_);
  }

 private:
  void OnExchange(engine::Exchange& exchange) override {
    pool_.Free(*std::exchange(channel_, nullptr));
    std::exchange(handler_, nullptr)->OnExchange(exchange);
  }

  // It has waited for a connection until its time was over.
  void OnTimer(Time now) override {
    std::erase(pool_.waiting_, this);
    engine::Exchange exchange;
    exchange.sample.started = since_;
    exchange.sample.ended = now;
    exchange.sample.response = now - since_;
    exchange.sample.phases.fill(stats::kNotMeasured);
    exchange.failure.kind = stats::FailureKind::kTimeout;
    exchange.failure.phase = stats::Phase::kBlocked;
    exchange.failure.message = TimeoutMessage(stats::Phase::kBlocked, request_.timeout);
    exchange.sample.failure = &exchange.failure;
    std::exchange(handler_, nullptr)->OnExchange(exchange);
  }

  SharedPool& pool_;
  engine::ExchangeHandler* handler_ = nullptr;  // of the request under way or waiting
  Channel* channel_ = nullptr;                  // null while waiting
  engine::Request request_;
  std::string bytes_;  // of a request that waits
  Time since_{};
};

SharedPool::SharedPool(Loop& loop, std::uint32_t connections) : loop_(loop) {
  for (std::uint32_t i = 0; i < connections; ++i) {
    channels_.push_back(std::make_unique<Channel>(loop, i));
    free_.push_back(channels_.back().get());
  }
}

SharedPool::~SharedPool() { SFP_CHECK(leases_ == 0); }

std::unique_ptr<engine::Connection> SharedPool::Connect() { return std::make_unique<Lease>(*this); }

void SharedPool::Free(Channel& channel) {
  if (waiting_.empty()) {
    free_.push_back(&channel);
    return;
  }
  Lease& next = *waiting_.front();
  waiting_.pop_front();
  next.Run(channel);
}

}  // namespace sfp::http
