#include "worker/http/destination.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <limits>
#include <utility>

namespace sfp::http {
namespace {

constexpr Duration kDnsLimit{10'000'000'000};

Limits LimitsOf(const v1::Target& target) {
  Limits limits;
  if (target.max_header_bytes() > 0) {
    limits.header_bytes = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(target.max_header_bytes(), std::uint64_t{1} << 30));
  }
  if (target.max_body_bytes() > 0) limits.body_bytes = target.max_body_bytes();
  return limits;
}

StatusOr<ConnectionRules> RulesOf(const v1::Connections& connections) {
  ConnectionRules rules;
  rules.keep_alive = !connections.one_request();
  rules.no_delay = !connections.nagle();
  rules.shared = connections.shared();
  rules.max_requests = connections.max_requests();
  rules.idle_ttl = Duration(connections.idle_ttl_ns());
  for (const std::string& text : connections.source_addresses()) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(text, error);
    if (error) return Invalid("source address '" + text + "' is not a numeric IP address");
    (address.is_v4() ? rules.sources_v4 : rules.sources_v6).emplace_back(address, 0);
  }
  return rules;
}

}  // namespace

StatusOr<Destination> MakeDestination(const v1::Target& target, const scenario::Origin& origin) {
  Destination destination;
  destination.host = origin.host;
  const v1::Timeouts& timeouts = target.timeouts();
  destination.phases = {Duration(timeouts.connect_ns()), Duration(timeouts.tls_ns()),
                        Duration(timeouts.send_ns()), Duration(timeouts.first_byte_ns()),
                        Duration(timeouts.body_ns())};
  destination.limits = LimitsOf(target);
  destination.decompress = target.decompress();
  auto rules = RulesOf(target.connections());
  if (!rules.ok()) return Annotate(rules.status(), "target.connections");
  destination.connections = *std::move(rules);
  if (origin.tls) {
    const v1::Tls& tls = target.tls();
    auto context =
        net::TlsContext::Client({tls.verify(), tls.ca_pem(), tls.cert_pem(), tls.key_pem()});
    if (!context.ok()) return Annotate(context.status(), "target.tls");
    destination.tls = *std::move(context);
    destination.resume_tls = !tls.no_resumption();
    destination.server_name = tls.server_name().empty() ? origin.host : tls.server_name();
  }
  return destination;
}

StatusOr<std::vector<Endpoint>> LookUp(const v1::Target& target, const scenario::Origin& origin) {
  const Duration given(target.timeouts().dns_ns());
  return Resolve(origin.host, origin.port, given > Duration::zero() ? given : kDnsLimit);
}

StatusOr<std::shared_ptr<const Destination>> PrepareDestination(const v1::Target& target,
                                                                const scenario::Origin& origin) {
  auto destination = MakeDestination(target, origin);
  if (!destination.ok()) return destination.status();
  auto addresses = LookUp(target, origin);
  if (!addresses.ok()) return addresses.status();
  destination->addresses = *std::move(addresses);
  return std::make_shared<const Destination>(*std::move(destination));
}

}  // namespace sfp::http
