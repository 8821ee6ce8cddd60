#include "tests/integration/http/harness.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <utility>

namespace sfp::http {

void Receiver::OnExchange(engine::Exchange& exchange) {
  ++outcome.count;
  outcome.sample = exchange.sample;
  outcome.sample.failure = nullptr;
  outcome.failure = exchange.failure;
  outcome.body = exchange.body;
  outcome.location = exchange.location;
  for (const std::string_view cookie : exchange.set_cookies) outcome.cookies.emplace_back(cookie);
  if (then) then();
}

Endpoint At(const std::string& address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

Destination To(const std::string& address, std::uint16_t port) {
  Destination destination;
  destination.host = address;
  destination.addresses = {At(address, port)};
  return destination;
}

Harness::Harness(Destination destination, std::uint32_t shared)
    : client_(reactor_, wheel_, std::make_shared<const Destination>(std::move(destination)),
              shared) {}

Harness::Harness(std::uint16_t port) : Harness(To("127.0.0.1", port)) {}

bool Harness::RunUntil(const std::function<bool()>& holds) {
  const Time give_up = Now() + Duration(std::chrono::seconds(10));
  while (!holds()) {
    const Time now = Now();
    if (now >= give_up) return false;
    reactor_.Turn(std::min(wheel_.NextDue(), now + Duration(std::chrono::milliseconds(20))));
    wheel_.Advance(Now());
  }
  return true;
}

void Harness::RunReady() {
  while (reactor_.Turn(Now())) {
  }
  wheel_.Advance(Now());
}

Outcome Harness::Run(engine::Connection& connection, const engine::Request& request) {
  Receiver receiver;
  connection.Start(request, receiver);
  RunUntil([&] { return receiver.outcome.count > 0; });
  return receiver.outcome;
}

Outcome Harness::Get(engine::Connection& connection) {
  return Run(connection, {.bytes = kGet, .keep_body = true, .keep_headers = true});
}

}  // namespace sfp::http
