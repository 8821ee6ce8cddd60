#pragma once

// What a run's journal says about a run that its master did not bring to an end, for the master
// that goes on with it. Made by reading the journal record by record; handed to
// Coordinator::ResumeRun.
//
// Thread: confined to its owner's thread.

#include "common/base/status.h"
#include "common/base/time.h"
#include "master/coordinator/run_spec.h"
#include "master/results/results.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::coordinator {

struct Resumption {
  results::Results results;
  v1::Plan plan;  // the newest
  Time start{};   // the run's start on the clock of the master that goes on with it

  Status Apply(const v1::JournalRecord& record) {
    if (record.has_plan()) plan = record.plan();
    return results.Apply(record);
  }
};

// Gives the spec what the run already has: number, seed, id; and its shape, if the run was started
// with another than the configuration's. Refuses a journal that does not fit, or a run that cannot
// be gone on with: one that never began, or is over.
Status Adopt(const Resumption& from, RunSpec& spec);

}  // namespace sfp::coordinator
