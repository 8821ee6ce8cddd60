#pragma once

// Builds journal records for tests, second by second, and applies them.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "master/results/results.h"
#include "master/results/seconds.h"

namespace sfp::results {

// What one worker did in one second: requests to one endpoint.
struct Work {
  std::uint32_t users = 10;
  int succeeded = 0;
  int failed = 0;
  int started_more = 0;  // beyond those that completed
  Duration response = std::chrono::milliseconds(100);
  std::size_t endpoint = 0;
  bool last = false;
};

class Journal {
 public:
  explicit Journal(int workers = 1) : Journal(TwoEndpoints(), workers) {}
  Journal(const v1::RunStarted& run, int workers) {
    v1::JournalRecord record;
    *record.mutable_run() = run;
    Must(record, -1);
    for (int i = 0; i < workers; ++i) Must(Joined(static_cast<std::uint32_t>(i)), -1);
  }

  static v1::RunStarted TwoEndpoints() {
    v1::RunStarted run;
    run.set_run(7);
    run.add_endpoints()->set_name("first");
    run.add_endpoints()->set_name("second");
    return run;
  }

  static v1::JournalRecord Joined(std::uint32_t worker) {
    v1::JournalRecord record;
    record.mutable_joined()->set_index(worker);
    record.mutable_joined()->set_threads(2);
    record.mutable_joined()->set_name("worker-" + std::to_string(worker));
    return record;
  }
  static v1::JournalRecord Lost(std::uint32_t worker) {
    v1::JournalRecord record;
    record.mutable_lost()->set_index(worker);
    return record;
  }
  static v1::JournalRecord NewPlan() {
    v1::JournalRecord record;
    record.mutable_plan();
    return record;
  }
  static v1::JournalRecord Level(std::uint32_t users, std::uint32_t begin_s, double rate = 0) {
    v1::JournalRecord record;
    record.mutable_level()->set_rate(rate);
    record.mutable_level()->set_users(users);
    record.mutable_level()->set_begin_s(begin_s);
    return record;
  }
  static v1::JournalRecord LevelEnd(std::uint32_t end_s) {
    v1::JournalRecord record;
    record.mutable_level_ended()->set_end_s(end_s);
    return record;
  }

  // Every worker's last word, with totals that agree.
  void Finish(double at_s, const v1::RunEnded& ended = {}) {
    for (const auto& [index, worker] : results.workers()) {
      if (worker.lost) continue;
      v1::JournalRecord record;
      record.mutable_finished()->set_worker(index);
      *record.mutable_finished()->mutable_theirs() = worker.totals;
      *record.mutable_finished()->mutable_ours() = worker.totals;
      Must(record, at_s);
    }
    v1::JournalRecord record;
    *record.mutable_ended() = ended;
    Must(record, at_s);
  }

  v1::JournalRecord Snapshot(std::uint32_t worker, std::uint32_t second, const Work& work) {
    stats::Interval interval{.index = second,
                             .begin = std::chrono::seconds(second),
                             .end = std::chrono::seconds(second + 1),
                             .users = work.users,
                             .in_flight = static_cast<std::uint64_t>(work.started_more)};
    interval.endpoints.resize(2);
    stats::EndpointStats& stats = interval.endpoints[work.endpoint];
    stats.succeeded = static_cast<std::uint64_t>(work.succeeded);
    stats.failed = static_cast<std::uint64_t>(work.failed);
    stats.started = stats.requests() + static_cast<std::uint64_t>(work.started_more);
    for (std::uint64_t i = 0; i < stats.requests(); ++i) stats.response.Record(work.response);
    if (work.failed > 0) {
      stats.failures[{stats::FailureKind::kReset, stats::Phase::kSend, "reset"}].count =
          stats.failed;
    }
    v1::JournalRecord record = Snapshot(worker, interval);
    record.mutable_snapshot()->mutable_snapshot()->set_last(work.last);
    return record;
  }
  v1::JournalRecord Snapshot(std::uint32_t worker, const stats::Interval& interval) {
    v1::JournalRecord record;
    record.mutable_snapshot()->set_worker(worker);
    v1::Snapshot& snapshot = *record.mutable_snapshot()->mutable_snapshot();
    stats::ToProto(interval, snapshot);
    snapshot.set_run(results.run().run());
    snapshot.set_session(worker + 100);
    snapshot.set_sequence(++sequence_[worker]);
    return record;
  }

  Status Apply(v1::JournalRecord record, double at_s) {
    record.set_t_ns(FromSeconds(at_s).count());
    const Status status = results.Apply(record);
    if (status.ok()) records.push_back(std::move(record));
    return status;
  }
  void Must(const v1::JournalRecord& record, double at_s) {
    const Status status = Apply(record, at_s);
    SFP_CHECK(status.ok());
  }
  // A snapshot that arrives as soon as its second is over.
  void Deliver(std::uint32_t worker, std::uint32_t second, const Work& work) {
    Must(Snapshot(worker, second, work), second + 1.1);
  }

  // The records that were taken, as a journal on disk would give them back.
  Replay replay() const {
    return [this](const auto& each) {
      for (const v1::JournalRecord& record : records) {
        if (Status status = each(record); !status.ok()) return status;
      }
      return Ok();
    };
  }

  Results results;
  std::vector<v1::JournalRecord> records;

 private:
  std::map<std::uint32_t, std::uint64_t> sequence_;
};

}  // namespace sfp::results
