#include "master/coordinator/clock_offset.h"

#include <algorithm>

namespace sfp::coordinator {

void ClockOffset::Sent(Time now) {
  sent_.push_back(now);
  if (sent_.size() > 4 * kWindow) sent_.pop_front();
}

bool ClockOffset::Received(std::int64_t master_ns, std::int64_t worker_ns, Time now) {
  const auto found = std::find(sent_.begin(), sent_.end(), Time(Duration(master_ns)));
  if (found == sent_.end()) return false;
  const Duration round_trip = now - *found;
  const Duration middle = found->time_since_epoch() + round_trip / 2;
  sent_.erase(sent_.begin(), found + 1);
  // In unsigned arithmetic: the worker's number may be anything.
  const auto offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(worker_ns) -
                                                static_cast<std::uint64_t>(middle.count()));
  samples_.push_back({round_trip, Duration(offset)});
  if (samples_.size() > kWindow) samples_.pop_front();
  best_ = *std::min_element(samples_.begin(), samples_.end(), [](const Sample& a, const Sample& b) {
    return a.round_trip < b.round_trip;
  });
  return true;
}

}  // namespace sfp::coordinator
