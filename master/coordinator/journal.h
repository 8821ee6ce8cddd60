#pragma once

// Where a run's records are kept for ever. The coordinator appends each record before it
// acknowledges what the record holds, and acknowledges once the record is safe: after a crash
// everything that was acknowledged is in the journal. A journal never makes its user wait; one that
// cannot keep up, or cannot write at all, says so, and the run goes on without it.
//
// Two of them: JournalFile (journal_file.h), and one in memory for tests.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::coordinator {

class Journal {
 public:
  virtual ~Journal() = default;
  virtual void Append(const v1::JournalRecord& record) = 0;
  // How many were appended, and how many of them, from the first on, survive a kill of this
  // process.
  virtual std::uint64_t appended() const = 0;
  virtual std::uint64_t safe() const = 0;
  // Why records do not get safe, one line for people; empty as long as nothing is wrong.
  virtual std::string trouble() const = 0;
  // Waits until all are safe, at most so long; returns whether they are.
  virtual bool Flush(Duration limit) = 0;
};

class MemoryJournal : public Journal {
 public:
  void Append(const v1::JournalRecord& record) override { records_.push_back(record); }
  std::uint64_t appended() const override { return records_.size(); }
  std::uint64_t safe() const override { return records_.size(); }
  std::string trouble() const override { return ""; }
  bool Flush(Duration) override { return true; }
  const std::vector<v1::JournalRecord>& records() const { return records_; }

 private:
  std::vector<v1::JournalRecord> records_;
};

}  // namespace sfp::coordinator
