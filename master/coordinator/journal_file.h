#pragma once

// journal.pb: records one after another, each a varint length and its bytes, as protobuf's
// SerializeDelimited writes them. They are written whole and in order by a thread of its own, so a
// disk that hangs does not hold the master up, and a killed process leaves at most one torn record,
// at the end; reading stops in front of it and says so.
//
// A write that fails is taken back and tried again every second, so a journal is whole again when
// there is room again. What waits is bounded: beyond kMostWaiting the journal ends for good, since
// a record behind a gap would make the rest a lie.
//
// Nothing is synced to the disk itself: it is the process that may die, not the machine.
//
// Thread: confined to the master's loop (with the writer inside); ReadJournal safe.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "master/coordinator/journal.h"

namespace sfp::coordinator {

class JournalFile : public Journal {
 public:
  static constexpr std::size_t kMostWaiting = 256 << 20;  // bytes

  // Refuses a file that exists already: a journal is never overwritten.
  static StatusOr<std::unique_ptr<JournalFile>> Create(const std::string& path);
  // Goes on behind the first `bytes` of a journal; what follows them, a torn record, is cut off.
  // Refuses one that another process writes.
  static StatusOr<std::unique_ptr<JournalFile>> Continue(const std::string& path,
                                                         std::uint64_t bytes);
  // Writes to `fd`, which it owns from now on, behind its first `bytes`.
  JournalFile(int fd, std::string path, std::uint64_t bytes = 0,
              std::size_t most_waiting = kMostWaiting);
  // What waits is written, if the disk takes it within two seconds.
  ~JournalFile() override;

  void Append(const v1::JournalRecord& record) override;
  std::uint64_t appended() const override { return appended_; }
  std::uint64_t safe() const override;
  std::string trouble() const override;
  bool Flush(Duration limit) override;

 private:
  struct Writer;
  // Shared with the thread, which is left behind if a write never returns.
  std::shared_ptr<Writer> writer_;
  std::uint64_t appended_ = 0;
};

struct JournalEnd {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of the whole records
  bool torn = false;        // the last record was cut off and left out
};

// Calls `each` with every whole record in order; its error ends the reading and is returned. A
// record that is whole but no JournalRecord is an error, a cut one at the end is not.
StatusOr<JournalEnd> ReadJournal(const std::string& path,
                                 const std::function<Status(const v1::JournalRecord&)>& each);

}  // namespace sfp::coordinator
