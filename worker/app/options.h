#pragma once

// The command line of sfp-worker. Each option can come from the environment as SFP_ and its name;
// the flag wins.
//
// Thread: an immutable value.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/log.h"
#include "common/base/time.h"
#include "common/net/credentials.h"

namespace sfp::app {

struct WorkerOptions {
  std::string master = "localhost:5557";
  std::uint32_t threads = 0;              // never 0 after parsing: the usable cores by default
  std::string name;                       // the host's name by default
  std::vector<std::string> allow_target;  // HOST or HOST:PORT; empty: any
  std::optional<net::Credentials> credentials;  // absent: plain text
  std::string token;                            // empty: none
  std::optional<std::uint32_t> index;           // its place among the workers; absent: any
  std::optional<Duration> join_timeout = std::chrono::minutes(10);  // absent: keep trying for ever
  Duration drain_timeout = std::chrono::seconds(20);
  int drained_exit_code = 0;    // told to end, with everything delivered
  std::string termination_log;  // a file for the last words; empty: none
  bool once = false;  // no master: a scenario from standard input, each task once (once.h)
  LogLevel log_level = LogLevel::kInfo;
};

// The options, or the exit code of a program that has already said all it has to (help, version, a
// wrong option).
std::variant<WorkerOptions, int> ParseWorkerOptions(int argc, char** argv);

}  // namespace sfp::app
