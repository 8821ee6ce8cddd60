#include "worker/http/loop.h"

#include <utility>

namespace sfp::http {
namespace {

constexpr std::size_t kMostKeptBytes = 256 * 1024;

}  // namespace

void Call::Begin(const engine::Request& request, engine::ExchangeHandler& to, Time now) {
  handler = &to;
  exchange = engine::Exchange();
  exchange.sample.started = now;
  exchange.sample.phases.fill(stats::kNotMeasured);
  response.Begin(request.head, request.keep_body, request.keep_headers);
  cookies.clear();
  unsent.clear();
  sent = 0;
  all_sent = finished = false;
  keep_body = request.keep_body;
  send_error = 0;
  phase_limit = Duration::zero();
  phase_due = kNever;
  total_limit = request.timeout;
  total_due = request.timeout > Duration::zero() ? now + request.timeout : kNever;
}

std::unique_ptr<Call> Loop::TakeCall() {
  if (spare_.empty()) return std::make_unique<Call>(buffers_, destination_->limits);
  std::unique_ptr<Call> call = std::move(spare_.back());
  spare_.pop_back();
  return call;
}

void Loop::GiveBack(std::unique_ptr<Call> call) {
  call->response.Release();
  // What one long message needed is not kept for the whole run.
  for (std::string* text : {&call->unsent, &call->decoded, &call->response.content().body}) {
    if (text->capacity() > kMostKeptBytes) *text = std::string();
  }
  spare_.push_back(std::move(call));
}

}  // namespace sfp::http
