#pragma once

// Where a run's records are kept for ever. The coordinator appends each record before it
// acknowledges what the record holds; after a crash everything that was acknowledged is in the
// journal.
//
// Two of them: JournalFile (journal_file.h), and one in memory for tests and for runs without a
// directory.
//
// Thread: confined to the master's loop.

#include <vector>

#include "common/base/status.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::coordinator {

class Journal {
 public:
  virtual ~Journal() = default;
  // The record survives a kill of this process when this returns Ok.
  virtual Status Append(const v1::JournalRecord& record) = 0;
};

class MemoryJournal : public Journal {
 public:
  Status Append(const v1::JournalRecord& record) override {
    records_.push_back(record);
    return Ok();
  }
  const std::vector<v1::JournalRecord>& records() const { return records_; }

 private:
  std::vector<v1::JournalRecord> records_;
};

}  // namespace sfp::coordinator
