#include "common/session/outbox.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace sfp::session {

void Outbox::Add(v1::Snapshot snapshot) {
  snapshot.set_sequence(recorded() + 1);
  const std::size_t bytes = snapshot.ByteSizeLong();
  bytes_ += bytes;
  kept_.push_back({std::move(snapshot), bytes});
}

const v1::Snapshot* Outbox::Next() {
  if (under_way_ >= kept_.size() || under_way_ >= limits_.window) return nullptr;
  const v1::Snapshot& next = kept_[under_way_].snapshot;
  ++under_way_;
  ever_sent_ = std::max(ever_sent_, next.sequence());
  return &next;
}

Status Outbox::Acknowledge(std::uint64_t sequence) {
  if (sequence > ever_sent_) {
    return Invalid(absl::StrFormat("snapshot %u is acknowledged, but only %u were sent", sequence,
                                   ever_sent_));
  }
  if (sequence > acknowledged_) DropFirst(sequence - acknowledged_);
  return Ok();
}

Status Outbox::Resume(std::uint64_t sequence) {
  if (sequence < acknowledged_) {
    return Invalid(absl::StrFormat("snapshot %u was acknowledged, now only %u are known",
                                   acknowledged_, sequence));
  }
  const Status status = Acknowledge(sequence);
  if (status.ok()) under_way_ = 0;
  return status;
}

void Outbox::DropFirst(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  acknowledged_ += count;
  under_way_ -= std::min<std::size_t>(under_way_, count);
}

}  // namespace sfp::session
