#pragma once

// What all open pages see: one JSON, built once for all of them when there is something new.
//
//   {"status":{…},"stats":{…},"workers":[…],"capacity":{…},"failures":{…},"log_end":17}
//
// Each part is what the REST interface answers under that name. The last two are missing until there
// was a run. They (causes, verdicts, the sweep's fit) are dearer than the rest, and the cost grows with the run: they
// are made anew so seldom that they take at most kAnalysisShare of the time, and at the end.
//
// Thread: confined to the server's loop.

#include <optional>
#include <string>

#include "common/base/time.h"
#include "master/report/model.h"
#include "master/web/backend.h"

namespace sfp::web {

class Snapshot {
 public:
  static constexpr double kAnalysisShare = 0.02;
  static constexpr Duration kLongest =
      std::chrono::seconds(1);  // between two, though nothing changed

  explicit Snapshot(Backend& backend) : backend_(backend) {}

  // Whether Build would bring something new.
  bool Due(Time now);
  std::string Build(Time now);
  // Null while there was no run.
  const report::Report* Analysis(Time now);

 private:
  Backend& backend_;
  std::optional<Mark> shown_;
  Time shown_at_{};
  std::optional<Mark> analysed_;
  std::optional<report::Report> analysis_;
  Time next_analysis_{};
};

}  // namespace sfp::web
