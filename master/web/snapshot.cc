#include "master/web/snapshot.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "master/report/build.h"
#include "master/report/json.h"
#include "master/web/unexplained.h"
#include "master/web/views.h"

namespace sfp::web {

bool Snapshot::Due(Time now) {
  return now - shown_at_ >= kLongest || !shown_ || *shown_ != backend_.GetMark();
}

std::string Snapshot::Build(Time now) {
  shown_ = backend_.GetMark();
  shown_at_ = now;
  report::JsonWriter w;
  w.BeginObject(report::JsonWriter::kInline);
  WriteStatus(w.Key("status"), backend_.GetStatus());
  WriteStats(w.Key("stats"), backend_.GetResults());
  WriteWorkers(w.Key("workers"), backend_.GetWorkers());
  if (backend_.GetResults() != nullptr) {
    WriteCapacity(w.Key("capacity"), now);
    WriteFailures(w.Key("failures"), now);
  }
  w.Key("log_end").Value(shown_->log);
  w.EndObject();
  return w.Take();
}

bool Snapshot::WriteCapacity(report::JsonWriter& w, Time now) {
  const report::Report* analysis = Analysis(now);
  if (analysis != nullptr) report::WriteCapacity(w, *analysis);
  return analysis != nullptr;
}

bool Snapshot::WriteFailures(report::JsonWriter& w, Time now) {
  const report::Report* analysis = Analysis(now);
  if (analysis == nullptr) return false;
  std::vector<report::Failure> failures = analysis->failures;
  for (report::Failure& row : Unexplained(*backend_.GetResults(), failures)) {
    failures.push_back(std::move(row));
  }
  report::WriteFailures(w, failures, *analysis);
  return true;
}

const report::Report* Snapshot::Analysis(Time now) {
  const results::Results* results = backend_.GetResults();
  if (results == nullptr) return nullptr;
  const Mark mark = backend_.GetMark();
  const bool other_run = !analysed_ || analysed_->run != mark.run;
  const bool other_state = other_run || analysed_->state != mark.state;
  if (analysed_ == mark && !fit_.pending()) return &*analysis_;
  if (other_run) fit_.Forget();
  const Time begin = Now();
  const auto pause = [&] {
    return now + FromSeconds(std::max(1.0, Seconds(Now() - begin) / kAnalysisShare));
  };
  if (other_state || now >= next_analysis_) {
    analysis_ = report::Build(
        *results, results->ended() ? report::Moment::kRunIsOver : report::Moment::kRunIsOn,
        [this](const auto& points, const auto& facts) { return fit_.Fit(points, facts); });
    analysed_ = mark;
    next_analysis_ = pause();
    next_causes_ = now + FromSeconds(1);
  } else if (now >= next_causes_) {
    report::FindCauses(*results, *analysis_);
    next_causes_ = pause();
  }
  return &*analysis_;
}

}  // namespace sfp::web
