#pragma once

// What a socket's errno means to people: the failure class of a connect that did not succeed, and
// the sentences of reports. Messages name causes, never addresses or ports, so that equal failures
// count as one.
//
// Thread: safe, no state.

#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/stats/outcome.h"

namespace sfp::http {

// "Connection refused", as strerror has it.
std::string ErrorText(int error);

stats::FailureKind ConnectFailureKind(int error);
std::string ConnectFailureMessage(int error);

// Whether another address of the host may do better: everything but what our own machine lacks.
bool WorthAnotherAddress(int error);
// Of two addresses' errors, the one that says more about the target.
int MoreTelling(int first, int second);

// The peer went away with RST (or had gone before we wrote).
bool IsReset(int error);

// "first byte: no answer within 120s"
std::string TimeoutMessage(stats::Phase phase, Duration limit);
stats::FailureKind TimeoutKind(stats::Phase phase);

}  // namespace sfp::http
