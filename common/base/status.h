#pragma once

// Operational errors: absl::Status, with context put in front once per layer:
//
//   if (!status.ok()) return Annotate(status, "journal.pb");    // "journal.pb: disk full"
//
// Debian's absl::string_view is a type of its own; this header is the one place that knows.
//
// Thread: immutable values.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace sfp {

using absl::Status;
template <typename T>
using StatusOr = absl::StatusOr<T>;

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

inline Status Ok() { return absl::OkStatus(); }
// What the caller gave is wrong, whatever the state of the world.
inline Status Invalid(std::string_view text) { return absl::InvalidArgumentError(ToAbsl(text)); }
// It may work later or elsewhere: a peer is away, a file can't be written.
inline Status Unavailable(std::string_view text) { return absl::UnavailableError(ToAbsl(text)); }

inline std::string Message(const Status& status) { return std::string(FromAbsl(status.message())); }

inline Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  return Status(status.code(), ToAbsl(std::string(context) + ": " + Message(status)));
}

}  // namespace sfp
