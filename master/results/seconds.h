#pragma once

// A run second by second in full, read from its journal once more: what Results (bounded for any
// length of run) does not keep. The series in files, the interval log and the comparison of runs
// come from here.
//
// Seconds come in order, each once, none left out, and only when all that the journal holds of them
// is there: a first pass counts the snapshots of each second, the second pass hands them out. So
// what a cut-off worker delivered minutes late lies in the second to which it belongs. Memory: a
// counter per second, and the snapshots that are ahead of a missing one, as they lie in the file.
//
// Thread: safe as long as the records do not change meanwhile.

#include <cstdint>
#include <functional>
#include <vector>

#include "common/base/status.h"
#include "common/stats/interval.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::results {

// Calls what it is given with each record of a journal in order; the first error ends it and is
// returned. It may be called any number of times.
using Replay = std::function<Status(const std::function<Status(const v1::JournalRecord&)>&)>;

// What the workers measured in a second: none, one or several intervals of each.
using Parts = std::vector<stats::Interval>;
using VisitSecond = std::function<Status(std::uint32_t second, Parts parts)>;

// Of a journal whose records Results has taken. An error of `visit` ends it and is returned.
Status ForEachSecond(const Replay& replay, const VisitSecond& visit);

}  // namespace sfp::results
