#include "tests/demo_api/counts.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace sfp::demo {

void Counts::Closed(std::uint64_t connection, net::HttpCloseReason reason,
                    std::uint64_t stray_bytes) {
  if (control_only_.erase(connection) == 1) return;
  --connections_.open;
  bytes_received_ += stray_bytes;
  if (reason == net::HttpCloseReason::kIdle) ++connections_.closed_idle;
  if (reason == net::HttpCloseReason::kPeer) ++connections_.closed_by_client;
  if (reason == net::HttpCloseReason::kHandshake) ++connections_.handshake_failed;
}

void Counts::Asked(std::uint64_t connection, std::uint64_t index, bool control) {
  if (!control) {
    ++requests_;
    ++in_flight_;
    if (index > 1 && control_only_.erase(connection) == 1) Accepted();
  } else if (index == 1) {
    control_only_.insert(connection);
    --connections_.open;
    connections_.accepted -= connections_.accepted > 0 ? 1 : 0;  // it came before a Reset
  }
}

void Counts::Answered(const net::HttpExchange& exchange) {
  if (exchange.tag == kControl) return;
  bytes_received_ += exchange.bytes_received;
  bytes_sent_ += exchange.bytes_sent;
  if (exchange.index == 0) {
    ++refused_;
    return;
  }
  --in_flight_;
  if (!exchange.complete) {
    ++unanswered_;
    return;
  }
  ++responses_;
  ++answers_[{static_cast<Route>(exchange.tag), exchange.status}];
  response_sum_ += exchange.duration;
  response_max_ = std::max(response_max_, exchange.duration);
}

std::string Counts::Json(std::size_t in_database, std::string_view oauth2) const {
  std::string json = absl::StrFormat(
      R"({"requests":%d,"responses":%d,"in_flight":%d,"unanswered":%d,"refused":%d,)"
      R"("killed_by_socket_timeout":%d,"in_database":%d,"bytes_received":%d,"bytes_sent":%d,)"
      R"("connections":{"accepted":%d,"open":%d,"closed_idle":%d,"closed_by_client":%d,)"
      R"("handshake_failed":%d},"response_time":{"count":%d,"sum_s":%.9f,"max_s":%.9f},"routes":{)",
      requests_, responses_, in_flight_, unanswered_, refused_, killed_, in_database,
      bytes_received_, bytes_sent_, connections_.accepted, connections_.open,
      connections_.closed_idle, connections_.closed_by_client, connections_.handshake_failed,
      responses_, Seconds(response_sum_), Seconds(response_max_));
  for (int i = 0; i < kRoutes; ++i) {
    const auto route = static_cast<Route>(i);
    json.append(i > 0 ? ",\"" : "\"").append(Name(route)).append("\":{");
    bool first = true;
    for (const auto& [key, count] : answers_) {
      if (key.first != route) continue;
      json += absl::StrFormat(R"(%s"%d":%d)", first ? "" : ",", key.second, count);
      first = false;
    }
    json.append("}");
  }
  json.append("},\"faults\":{");
  for (int i = 0; i < kFaults; ++i) {
    json.append(i > 0 ? ",\"" : "\"").append(Name(static_cast<Fault>(i)));
    json.append("\":").append(std::to_string(faults_[static_cast<std::size_t>(i)]));
  }
  return json.append("},\"oauth2\":").append(oauth2).append("}\n");
}

void Counts::Reset() {
  Counts fresh;
  fresh.connections_.open = connections_.open;
  fresh.control_only_ = std::move(control_only_);
  fresh.in_flight_ = in_flight_;
  *this = std::move(fresh);
}

}  // namespace sfp::demo
