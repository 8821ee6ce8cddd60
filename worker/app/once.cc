#include "worker/app/once.h"

#include <google/protobuf/util/delimited_message_util.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "sfp/v1/trace.pb.h"
#include "worker/app/engine_thread.h"
#include "worker/app/prepared_run.h"

namespace sfp::app {
namespace {

constexpr std::size_t kMostBody = 256 * 1024;

bool Write(const v1::Trace& record) {
  return google::protobuf::util::SerializeDelimitedToFileDescriptor(record, STDOUT_FILENO);
}

class Teller final : public engine::Trace {
 public:
  explicit Teller(const PreparedRun& run) : run_(run) {}

  // Both are of the engine's thread, but for what is awaited.
  std::future<void> last() { return last_.get_future(); }
  bool failed() const { return failed_; }

 private:
  void Tell(const v1::Trace& record) { failed_ |= !Write(record); }

  void OnTask(const scenario::Task& task) override {
    v1::Trace record;
    record.set_task(task.name);
    Tell(record);
  }
  void OnRequest(const scenario::Step& step, std::string_view bytes) override {
    in_request_ = true;
    v1::Trace record;
    record.mutable_request()->set_step(step.name);
    record.mutable_request()->set_message(std::string(bytes));
    Tell(record);
  }
  void OnResponse(const scenario::Step& step, const engine::Exchange& exchange) override {
    v1::Trace record;
    v1::Trace::Response& response = *record.mutable_response();
    response.set_step(step.name);
    response.set_status(static_cast<std::uint32_t>(std::max(0, exchange.sample.status)));
    response.set_response_ns(exchange.sample.response.count());
    response.set_body(std::string(exchange.body.substr(0, kMostBody)));
    response.set_location(std::string(exchange.location));
    if (exchange.sample.failure != nullptr) {
      response.set_failure(exchange.sample.failure->message);
    }
    response.mutable_collected()->Swap(&collected_);
    collected_.Clear();
    in_request_ = false;
    Tell(record);
  }
  void OnValue(scenario::SourceId source, std::string_view value) override {
    v1::Trace::Value told;
    told.set_source(run_.program->data()[source].name);
    told.set_value(std::string(value));
    if (in_request_) {
      collected_.Add(std::move(told));
      return;
    }
    v1::Trace record;
    *record.mutable_set() = std::move(told);
    Tell(record);
  }
  void OnThink(Duration think) override {
    v1::Trace record;
    record.set_think_ns(think.count());
    Tell(record);
  }
  void OnSkipped(const scenario::Task& task, std::string_view step,
                 const scenario::Inputs& inputs) override {
    v1::Trace record;
    record.mutable_skipped()->set_step(std::string(step));
    for (const std::uint16_t slot : inputs.needs) {
      const scenario::Variable& variable = task.variables[slot];
      if (variable.source == scenario::Variable::kCall) continue;
      const scenario::DataSource& source = run_.program->data()[variable.source];
      const bool there = source.kind != scenario::DataSource::Kind::kCollected ||
                         (!variable.of_user && run_.pools->size(variable.source) > 0);
      if (!there) record.mutable_skipped()->add_missing(source.name);
    }
    Tell(record);
  }
  void OnEnded(const scenario::Task& task, bool failed, bool last) override {
    v1::Trace record;
    record.mutable_ended()->set_task(task.name);
    record.mutable_ended()->set_failed(failed);
    Tell(record);
    if (last && !std::exchange(over_, true)) last_.set_value();
  }

  const PreparedRun& run_;
  google::protobuf::RepeatedPtrField<v1::Trace::Value> collected_;
  bool in_request_ = false;
  bool failed_ = false;
  bool over_ = false;
  std::promise<void> last_;
};

// One user, for as long as it takes.
plan::Plan OneUser() {
  v1::Plan proto;
  proto.add_points()->set_users(1);
  proto.add_owners(0);
  proto.set_most_users(1);
  return *plan::Plan::Create(proto);
}

}  // namespace

int RunOnce(const WorkerOptions& options) {
  v1::Trace end;
  v1::Prepare prepare;
  if (!prepare.ParseFromFileDescriptor(STDIN_FILENO)) {
    end.set_error("the scenario on standard input can't be read");
    return Write(end) ? 0 : 1;
  }
  const auto run = PrepareRun(prepare, options.allow_target, 1);
  if (!run.ok()) {
    end.set_error(Message(run.status()));
    return Write(end) ? 0 : 1;
  }
  Teller teller(**run);
  std::promise<void> idle;
  {
    const EngineThread::Events events = {.on_interval = [](std::uint32_t, stats::Interval, bool) {},
                                         .on_idle = [&](std::uint32_t) { idle.set_value(); }};
    EngineThread engine(*run, 0, 0, 1, events, &teller);
    engine.Start(OneUser(), Now());
    teller.last().wait();
    engine.Stop();
    idle.get_future().wait();
  }
  end.set_done(true);
  return Write(end) && !teller.failed() ? 0 : 1;
}

}  // namespace sfp::app
