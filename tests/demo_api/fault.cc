#include "tests/demo_api/fault.h"

#include <charconv>
#include <numeric>
#include <string>

#include "common/base/rng.h"

namespace sfp::demo {
namespace {

constexpr std::string_view kNames[kFaults] = {"reset",    "close",     "error500",   "stall",
                                              "truncate", "malformed", "reset-body", "slow-accept"};
constexpr int kSlowAccept = static_cast<int>(Fault::kSlowAccept);

}  // namespace

std::string_view Name(Fault fault) { return kNames[static_cast<int>(fault)]; }

Status Faults::Add(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  double percent = -1;
  if (colon != std::string_view::npos) {
    std::string_view share = text.substr(colon + 1);
    if (share.ends_with('%')) share.remove_suffix(1);
    const auto [end, error] = std::from_chars(share.data(), share.data() + share.size(), percent);
    if (error != std::errc() || end != share.data() + share.size() || share.empty()) percent = -1;
  }
  if (!(percent >= 0 && percent <= 100)) {
    return Invalid("fault '" + std::string(text) + "' is not KIND:PERCENT, such as reset:1%");
  }
  for (int i = 0; i < kFaults; ++i) {
    if (kNames[i] != name) continue;
    share_[static_cast<std::size_t>(i)] = percent / 100;
    if (std::accumulate(share_.begin(), share_.begin() + kSlowAccept, 0.0) > 1 + 1e-9) {
      return Invalid("the faults of a request sum up to more than 100 %");
    }
    return Ok();
  }
  std::string known;
  for (const std::string_view kind : kNames) known.append(known.empty() ? "" : ", ").append(kind);
  return Invalid("fault '" + std::string(name) + "' is not one of " + known);
}

std::optional<Fault> Faults::OfRequest(std::uint64_t number) const {
  double draw = Rng(seed_, number, 1).Uniform();
  for (int i = 0; i < kSlowAccept; ++i) {
    const double share = share_[static_cast<std::size_t>(i)];
    if (draw < share) return static_cast<Fault>(i);
    draw -= share;
  }
  return std::nullopt;
}

bool Faults::DelaysAccept(std::uint64_t connection) const {
  return Rng(seed_, connection, 2).Uniform() < share_[kSlowAccept];
}

}  // namespace sfp::demo
