#pragma once

// journal.pb: records one after another, each a varint length and its bytes, as protobuf's
// SerializeDelimited writes them. Each record is one write(2) of the whole, so a killed process
// leaves at most one torn record, at the end; reading stops in front of it and says so.
//
// Nothing is synced to the disk itself: it is the process that may die, not the machine.
//
// Thread: confined to the master's loop; ReadJournal safe.

#include <functional>
#include <memory>
#include <string>

#include "master/coordinator/journal.h"

namespace sfp::coordinator {

class JournalFile : public Journal {
 public:
  // Refuses a file that exists already: a journal is never overwritten.
  static StatusOr<std::unique_ptr<JournalFile>> Create(const std::string& path);
  ~JournalFile() override;
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  // After a failed write nothing more is accepted: a record behind a torn one could never be read.
  Status Append(const v1::JournalRecord& record) override;

 private:
  JournalFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_;
  std::string path_;
  std::string buffer_;
  Status broken_;
};

struct JournalEnd {
  std::uint64_t records = 0;
  bool torn = false;  // the last record was cut off and left out
};

// Calls `each` with every whole record in order; its error ends the reading and is returned. A
// record that is whole but no JournalRecord is an error, a cut one at the end is not.
StatusOr<JournalEnd> ReadJournal(const std::string& path,
                                 const std::function<Status(const v1::JournalRecord&)>& each);

}  // namespace sfp::coordinator
