#pragma once

// What the simulated API really served: the truth that reports are held against. GET /__stats and
// POST /__reset leave no trace in it: neither their requests, nor their bytes, nor connections that
// carried nothing else.
//
// Bytes are of HTTP, above TLS. A response is counted when its last byte was handed to the kernel,
// before anything else of the loop happens: who has read a response finds it here.
//
// Thread: confined to its loop.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

#include "common/net/http_server.h"
#include "tests/demo_api/api.h"
#include "tests/demo_api/fault.h"

namespace sfp::demo {

class Counts {
 public:
  // An exchange's tag: kControl for the two paths above, and for requests for tokens, which the
  // authorization server counts by itself (oauth2.h).
  static constexpr std::uint64_t kControl = ~0ULL;
  static std::uint64_t TagOf(Route route) { return static_cast<std::uint64_t>(route); }

  void Accepted() { ++connections_.accepted, ++connections_.open; }
  void Closed(std::uint64_t connection, net::HttpCloseReason reason, std::uint64_t stray_bytes);
  // A complete request came. `control`: one of the three paths.
  void Asked(std::uint64_t connection, std::uint64_t index, bool control);
  void Answered(const net::HttpExchange& exchange);
  void Killed() { ++killed_; }
  void Met(Fault fault) { ++faults_[static_cast<std::size_t>(fault)]; }

  // `in_database`: waiting for or in service. What is open or in service now stays after Reset.
  // `oauth2`: what the authorization server counted, as JSON.
  std::string Json(std::size_t in_database, std::string_view oauth2) const;
  void Reset();

  std::uint64_t requests() const { return requests_; }

 private:
  struct Connections {
    std::uint64_t accepted = 0;
    std::uint64_t open = 0;
    std::uint64_t closed_idle = 0;
    std::uint64_t closed_by_client = 0;
    std::uint64_t handshake_failed = 0;
  };

  Connections connections_;
  std::unordered_set<std::uint64_t> control_only_;  // open connections that are not counted
  std::map<std::pair<Route, int>, std::uint64_t> answers_;
  std::array<std::uint64_t, kFaults> faults_{};
  std::uint64_t requests_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t responses_ = 0;
  std::uint64_t refused_ = 0;     // no request at all: 400, 408, 413, 431
  std::uint64_t unanswered_ = 0;  // requests without a complete response
  std::uint64_t killed_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  Duration response_sum_{0};
  Duration response_max_{0};
};

}  // namespace sfp::demo
