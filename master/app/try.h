#pragma once

// `try`: one user goes through the setup, each task and the teardown once, and everything is shown:
// requests and responses (without secrets, long bodies shortened), what was collected, what was
// expected and got, the waits that would have been.
//
// Thread: main.

#include <string>
#include <vector>

#include "common/config/config.h"

namespace sfp::app {

// `names`: these tasks only, behind what their class does on_start; empty: all. 0 if every request
// came out as expected, 1 if not, or if a task could not be tried; 2 for a name that no task has; 3
// if nothing could be sent.
int RunTry(const config::Config& config, const std::vector<std::string>& names, std::uint64_t seed);

// A message or body for people: without secrets, control characters escaped, at most so many bytes.
std::string Shown(std::string_view text, const std::vector<std::string>& secrets, std::size_t most);

}  // namespace sfp::app
