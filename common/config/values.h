#pragma once

// What scalars of the tree mean. Each reader gives nothing for a null pointer and for a node that
// is not of its kind: Check has reported that already, so the model builder just goes on.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/config/node.h"

namespace sfp::config {

constexpr std::int64_t kDefaultRedirects = 10;

std::optional<std::int64_t> ToInteger(std::string_view text);
std::optional<bool> ToBool(std::string_view text);
// A plain number is per second; nothing below 0.
std::optional<double> ToRate(std::string_view text);
struct StatusRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};
std::optional<StatusRange> ToStatus(std::string_view text);

std::optional<std::string> Text(const Node* node);
std::optional<std::int64_t> Integer(const Node* node);
std::optional<bool> Bool(const Node* node);
std::optional<double> Rate(const Node* node);
std::optional<Duration> DurationOf(const Node* node);
std::optional<std::uint64_t> Bytes(const Node* node);
std::optional<std::uint32_t> Redirects(const Node* node);

// The candidate that `word` was probably meant to be: as sfp::Nearest, or with two neighbours
// swapped, which is the slip that short names suffer most.
std::optional<std::string> Likely(std::string_view word,
                                  const std::vector<std::string>& candidates);

// How to quote a scalar in a message: "'text'", or "'***'" for a secret.
std::string Quote(const Node& scalar);
// `message`, which may quote the value of `scalar` ('…'), without what is secret in it.
std::string Say(const Node& scalar, std::string message);
// As Likely, as the end of a sentence: ", did you mean 'x'?" or "".
std::string Suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sfp::config
