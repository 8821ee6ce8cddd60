#include "worker/http/loop.h"

#include <utility>

namespace sfp::http {
namespace {

// What one long message needed is not kept for the whole run.
void Trim(std::string& text) {
  constexpr std::size_t kMostKeptBytes = 256 * 1024;
  if (text.capacity() > kMostKeptBytes) text = std::string();
}

}  // namespace

void Call::Begin(const engine::Request& request, engine::ExchangeHandler& to, Time now) {
  handler = &to;
  exchange = engine::Exchange();
  exchange.sample.started = now;
  exchange.sample.phases.fill(stats::kNotMeasured);
  cookies.clear();
  unsent.clear();
  sent = 0;
  all_sent = finished = false;
  head = request.head;
  keep_body = request.keep_body;
  keep_headers = request.keep_headers;
  keep_fields = request.keep_fields;
  send_error = 0;
  phase_limit = Duration::zero();
  phase_due = kNever;
  total_limit = request.timeout;
  total_due = request.timeout > Duration::zero() ? now + request.timeout : kNever;
}

std::unique_ptr<Call> Loop::TakeCall() {
  if (spare_.empty()) return std::make_unique<Call>();
  std::unique_ptr<Call> call = std::move(spare_.back());
  spare_.pop_back();
  return call;
}

void Loop::GiveBack(std::unique_ptr<Call> call) {
  if (call->response != nullptr) GiveBack(std::move(call->response));
  Trim(call->unsent);
  Trim(call->decoded);
  spare_.push_back(std::move(call));
}

std::unique_ptr<Response> Loop::TakeResponse(const Call& call) {
  std::unique_ptr<Response> response;
  if (spare_responses_.empty()) {
    response = std::make_unique<Response>(buffers_, destination_->limits);
  } else {
    response = std::move(spare_responses_.back());
    spare_responses_.pop_back();
  }
  response->Begin(call.head, call.keep_body, call.keep_headers, call.keep_fields);
  return response;
}

void Loop::GiveBack(std::unique_ptr<Response> response) {
  response->Release();
  Trim(response->content().body);
  spare_responses_.push_back(std::move(response));
}

}  // namespace sfp::http
