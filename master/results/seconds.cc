#include "master/results/seconds.h"

#include <map>
#include <string>
#include <utility>

namespace sfp::results {
namespace {

// Far above any run, far below what would exhaust the memory.
constexpr std::uint32_t kMostSeconds = 100'000'000;

// How many snapshots each second has.
StatusOr<std::vector<std::uint32_t>> CountSnapshots(const Replay& replay) {
  std::vector<std::uint32_t> counts;
  const Status status = replay([&](const v1::JournalRecord& record) {
    if (!record.has_snapshot()) return Ok();
    const std::uint32_t second = record.snapshot().snapshot().interval();
    if (second >= kMostSeconds) return Invalid("a snapshot from the future");
    if (counts.size() <= second) counts.resize(second + 1, 0);
    ++counts[second];
    return Ok();
  });
  if (!status.ok()) return status;
  return counts;
}

class Sorter {
 public:
  Sorter(std::vector<std::uint32_t> missing, const VisitSecond& visit)
      : missing_(std::move(missing)), visit_(visit) {}

  Status Take(const v1::JournalRecord& record) {
    if (record.has_run()) endpoints_ = static_cast<std::size_t>(record.run().endpoints_size());
    if (!record.has_snapshot()) return Ok();
    const v1::Snapshot& snapshot = record.snapshot().snapshot();
    const std::uint32_t second = snapshot.interval();
    if (second >= missing_.size() || missing_[second] == 0) {
      return Invalid("the journal has changed while it was read");
    }
    --missing_[second];
    waiting_[second].push_back(snapshot);
    return HandOut();
  }

  Status HandOut() {
    while (next_ < missing_.size() && missing_[next_] == 0) {
      Parts parts;
      if (const auto found = waiting_.find(next_); found != waiting_.end()) {
        for (const v1::Snapshot& snapshot : found->second) {
          StatusOr<stats::Interval> part = stats::FromProto(snapshot, endpoints_);
          if (!part.ok()) return Annotate(part.status(), "second " + std::to_string(next_));
          parts.push_back(*std::move(part));
        }
        waiting_.erase(found);
      }
      if (Status status = visit_(next_, std::move(parts)); !status.ok()) return status;
      ++next_;
    }
    return Ok();
  }

 private:
  std::vector<std::uint32_t> missing_;
  const VisitSecond& visit_;
  std::size_t endpoints_ = 0;
  std::map<std::uint32_t, std::vector<v1::Snapshot>> waiting_;
  std::uint32_t next_ = 0;
};

}  // namespace

Status ForEachSecond(const Replay& replay, const VisitSecond& visit) {
  auto counts = CountSnapshots(replay);
  if (!counts.ok()) return counts.status();
  Sorter sorter(*std::move(counts), visit);
  return replay([&](const v1::JournalRecord& record) { return sorter.Take(record); });
}

}  // namespace sfp::results
