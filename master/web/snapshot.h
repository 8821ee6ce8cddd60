#pragma once

// What all open pages see: one JSON, built once for all of them when there is something new.
//
//   {"status":{…},"stats":{…},"workers":[…],"capacity":{…},"failures":{…},"log_end":17}
//
// Each part is what the REST interface answers under that name; capacity and failures are missing
// until there was a run. Verdicts and the sweep's fit, and why requests failed, are dearer than the
// rest, and the cost grows with the run: each of the two is made anew so seldom that it takes at
// most kAnalysisShare of the time, and at the end; the fit itself goes on beside the loop. Failures
// that have come since are there at once, without a cause (unexplained.h).
//
// Thread: confined to the server's loop.

#include <optional>
#include <string>

#include "common/base/time.h"
#include "master/report/json_writer.h"
#include "master/report/model.h"
#include "master/web/backend.h"
#include "master/web/background_fit.h"

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
  // The two parts alone. Nothing is written, and false the answer, while there was no run.
  bool WriteCapacity(report::JsonWriter& w, Time now);
  bool WriteFailures(report::JsonWriter& w, Time now);

 private:
  const report::Report* Analysis(Time now);

  Backend& backend_;
  BackgroundFit fit_;
  std::optional<Mark> shown_;
  Time shown_at_{};
  std::optional<Mark> analysed_;
  std::optional<report::Report> analysis_;
  Time next_analysis_{};
  Time next_causes_{};
};

}  // namespace sfp::web
