#include "worker/http/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "common/base/units.h"

namespace sfp::http {
namespace {

Endpoint FromSystem(const addrinfo& info) {
  Endpoint endpoint;
  endpoint.resize(info.ai_addrlen);
  std::memcpy(endpoint.data(), info.ai_addr, info.ai_addrlen);
  return endpoint;
}

StatusOr<std::vector<Endpoint>> Lookup(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return Annotate(Unavailable(gai_strerror(error)), "no address for host '" + host + "'");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    endpoints.push_back(FromSystem(*info));
  }
  return Distinct(endpoints);
}

}  // namespace

std::vector<Endpoint> Distinct(std::span<const Endpoint> endpoints) {
  std::vector<Endpoint> distinct;
  for (const Endpoint& endpoint : endpoints) {
    if (std::find(distinct.begin(), distinct.end(), endpoint) == distinct.end()) {
      distinct.push_back(endpoint);
    }
  }
  return distinct;
}

StatusOr<std::vector<Endpoint>> Resolve(const std::string& host, std::uint16_t port,
                                        Duration timeout) {
  boost::system::error_code no_literal;
  const auto literal = boost::asio::ip::make_address(host, no_literal);
  if (!no_literal) return std::vector<Endpoint>{Endpoint(literal, port)};
  if (timeout <= Duration::zero()) return Lookup(host, port);
  // getaddrinfo can't be interrupted: when time is over its thread is left behind and its answer
  // goes nowhere.
  using Answer = StatusOr<std::vector<Endpoint>>;
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  std::thread([promise, host, port] { promise->set_value(Lookup(host, port)); }).detach();
  if (answer.wait_for(timeout) != std::future_status::ready) {
    return absl::DeadlineExceededError(
        ToAbsl("no address for host '" + host + "' within " + FormatDuration(timeout)));
  }
  return answer.get();
}

}  // namespace sfp::http
