#pragma once

// From what a run's failures carried to their causes: one row for each (endpoint, cause, message),
// whose counts add up to the failures, and the server's time limits as far as they show.
//
// A request that the server broke off without an answer (RST or FIN) has one of these causes:
//
//   keepalive_race    at once, on a reused connection that had been idle for as long as the server
//                     keeps idle connections: known from connections found closed, or because no
//                     connection that was idle for longer ever brought an answer
//   killed_in_flight  long after it was sent, after a time behind which there are no answers
//   server_restart    in a moment in which many connections broke, or refused while the server was
//                     away for a while
//   accept_overflow   reset before anything was sent on a new connection
//   …_before_headers  none of it: it struck one request, at any time
//
// The rules and their error rates: README.md. Where a row of failures splits into two causes, both
// carry its first and last time.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "master/forensics/cause.h"
#include "master/results/results.h"

namespace sfp::forensics {

struct Row {
  std::size_t endpoint = 0;
  Cause cause = Cause::kOther;
  std::string message;                          // as the failures had it
  stats::Phase phase = stats::Phase::kBlocked;  // of most of them
  std::uint64_t count = 0;
  Duration first{0};
  Duration last{0};
  std::string says;      // what happened, with the times found
  std::string evidence;  // what was known of the connections
};

struct Limit {
  std::string what;  // "keepalive_timeout_s" "socket_timeout_s" "load_balancer_idle_timeout_s"
  double value = 0;
  std::uint64_t evidence = 0;  // connections from which it was inferred
  std::string says;
};

struct Findings {
  std::vector<Row> rows;  // most frequent first
  std::vector<Limit> limits;
};

Findings Explain(const results::Results& results);

}  // namespace sfp::forensics
