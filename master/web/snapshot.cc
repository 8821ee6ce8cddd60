#include "master/web/snapshot.h"

#include <algorithm>

#include "master/report/build.h"
#include "master/report/json.h"
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
  const report::Report* analysis = Analysis(now);
  if (analysis != nullptr) {
    report::WriteCapacity(w.Key("capacity"), *analysis);
    report::WriteFailures(w.Key("failures"), *analysis);
  }
  w.Key("log_end").Value(shown_->log);
  w.EndObject();
  return w.Take();
}

const report::Report* Snapshot::Analysis(Time now) {
  const results::Results* results = backend_.GetResults();
  if (results == nullptr) return nullptr;
  const Mark mark = backend_.GetMark();
  const bool other_run = !analysed_ || analysed_->run != mark.run;
  const bool other_state = other_run || analysed_->state != mark.state;
  if (analysed_ == mark || (!other_state && now < next_analysis_)) return &*analysis_;
  const Time begin = Now();
  analysis_ = report::Build(
      *results, results->ended() ? report::Moment::kRunIsOver : report::Moment::kRunIsOn);
  const Duration took = Now() - begin;
  analysed_ = mark;
  next_analysis_ = now + FromSeconds(std::max(1.0, Seconds(took) / kAnalysisShare));
  return &*analysis_;
}

}  // namespace sfp::web
