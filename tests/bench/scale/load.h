#pragma once

// A thousand workers as the master sees them: streams that join, prepare, start, answer pings and
// deliver a snapshot every second, all at the same moment, as real ones do. Snapshots are real
// ones, recorded once and sent with new sequences.
//
// Thread: gRPC's; Figures are complete once Stop has returned.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "sfp/v1/stats.pb.h"

namespace sfp::bench {

// Of one worker and second: so many requests over so many endpoints, think times and response times
// as an API has them.
std::vector<v1::Snapshot> RecordSnapshots(std::size_t different, std::size_t endpoints,
                                          std::uint64_t requests);

struct LoadFigures {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::vector<double> ack_ms;  // from sent to acknowledged, since Clear
};

class Load {
 public:
  Load(std::string address, std::size_t workers, const std::vector<v1::Snapshot>& snapshots);
  ~Load();
  // Waits until all have been acknowledged a snapshot; false if they are not within the time.
  bool UnderWay(int seconds);
  // Delivers until then.
  void Pass(Time until);
  void Clear();
  LoadFigures Stop();

 private:
  class Worker;
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sfp::bench
