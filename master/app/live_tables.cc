#include "master/app/live_tables.h"

#include <chrono>
#include <utility>

#include "common/base/log.h"
#include "master/report/build.h"
#include "master/report/csv.h"
#include "master/report/files.h"

namespace sfp::app {

void LiveTables::Tick(const results::Results* results, Time now) {
  if (prefix_.empty() || results == nullptr || !results->complete_second() || now < next_) return;
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    return;
  }
  Wait();
  next_ = now + std::chrono::seconds(10);
  const auto no_fit = [](const auto&, const auto&) { return std::nullopt; };
  const report::Report report = report::Build(*results, report::Moment::kRunIsOn, no_fit);
  writing_ = std::async(std::launch::async, [prefix = prefix_, stats = report::StatsCsv(report),
                                             failures = report::FailuresCsv(report)] {
    Status first = report::WriteWhole(prefix + "_stats.csv", stats);
    first.Update(report::WriteWhole(prefix + "_failures.csv", failures));
    first.Update(report::WriteWhole(prefix + "_exceptions.csv", report::ExceptionsCsv()));
    return first;
  });
}

void LiveTables::Wait() {
  if (!writing_.valid()) return;
  const Status status = writing_.get();
  if (!status.ok() && !std::exchange(warned_, true)) LogWarn("--csv: " + Message(status));
}

}  // namespace sfp::app
