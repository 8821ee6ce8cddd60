#include "master/app/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>

#include "common/base/log.h"
#include "master/app/one_shot.h"
#include "master/import/names.h"

namespace sfp::app {
namespace {

volatile std::sig_atomic_t signalled = 0;

// While it lives, SIGINT and SIGTERM end what blocks instead of the process.
class SignalsNoted {
 public:
  SignalsNoted() {
    signalled = 0;
    struct sigaction note {};
    note.sa_handler = [](int) { signalled = 1; };  // no SA_RESTART: a read ends
    sigaction(SIGINT, &note, &int_);
    sigaction(SIGTERM, &note, &term_);
  }
  ~SignalsNoted() {
    sigaction(SIGINT, &int_, nullptr);
    sigaction(SIGTERM, &term_, nullptr);
  }
  SignalsNoted(const SignalsNoted&) = delete;
  SignalsNoted& operator=(const SignalsNoted&) = delete;

 private:
  struct sigaction int_ {};
  struct sigaction term_ {};
};

std::string FileIn(const std::string& folder) { return folder + "/setup.pb"; }

v1::DataSource& SourceOf(v1::Scenario& data, const std::string& name) {
  for (v1::DataSource& source : *data.mutable_data()) {
    if (source.name() == name) return source;
  }
  v1::DataSource& source = *data.add_data();
  source.set_name(name);
  source.mutable_values();
  return source;
}

// What went wrong in a task, in words; the first time only.
void Note(const v1::Trace& record, std::string& wrong) {
  if (!wrong.empty()) return;
  if (record.kind_case() == v1::Trace::kResponse && !record.response().failure().empty()) {
    wrong = record.response().step() + ": " + record.response().failure();
  } else if (record.kind_case() == v1::Trace::kSkipped) {
    wrong = record.skipped().step() + ": a value that it needs is missing";
    for (const std::string& name : record.skipped().missing()) wrong += " (" + name + ")";
  }
}

}  // namespace

Status Fixture::Do(const config::Config& config, const std::string& name,
                   const std::vector<v1::Task>& tasks) {
  v1::Scenario scenario = config::OnceScenario(config.scenario, name, tasks);
  Fill(scenario);
  int requests = 0;
  std::string wrong;  // the first failure; nothing is done behind it
  bool failed = false;
  const auto take = [&](const v1::Trace::Value& value) {
    SourceOf(data_, value.source()).mutable_values()->add_values(value.value());
  };
  const SignalsNoted signals;
  const Status status = DoOnce(
      scenario, std::random_device()(), [&] { return signalled != 0 || failed; },
      [&](const v1::Trace& record) {
        requests += record.has_request() ? 1 : 0;
        Note(record, wrong);
        failed |= record.has_ended() && record.ended().failed();
        for (const v1::Trace::Value& value : record.response().collected()) take(value);
        if (record.has_set()) take(record.set());
      });
  if (failed) {
    return Unavailable(name + ": " + (wrong.empty() ? "a task failed" : wrong));
  }
  if (!status.ok()) return absl::Status(status.code(), name + ": " + Message(status));
  LogInfo(name + ": " + std::to_string(tasks.size()) + " tasks, " + std::to_string(requests) +
          " requests");
  return Ok();
}

Status Fixture::SetUp(config::Config& config, const std::string& resumed) {
  if (config.setup.empty()) return Ok();
  if (!resumed.empty()) {
    std::ifstream in(FileIn(resumed), std::ios::binary);
    if (!in || !data_.ParseFromIstream(&in)) {
      return Invalid("what the setup collected is not in " + FileIn(resumed) +
                     ", so that the run can't go on");
    }
    kept_ = FileIn(resumed);
  } else if (const Status status = Do(config, "setup", config.setup); !status.ok()) {
    return absl::Status(status.code(), config::Redact(Message(status), config.secrets));
  }
  for (const std::string& name : config.setup_data) {
    const auto& values = SourceOf(data_, name).values().values();
    if (values.empty()) return Unavailable("setup: it collected nothing into '" + name + "'");
    if (!import::IsSecretName(name)) continue;
    config.secrets.insert(config.secrets.end(), values.begin(), values.end());
  }
  std::stable_sort(config.secrets.begin(), config.secrets.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return Ok();
}

void Fixture::Fill(v1::Scenario& scenario) const {
  for (const v1::DataSource& filled : data_.data()) {
    for (v1::DataSource& source : *scenario.mutable_data()) {
      if (source.name() == filled.name()) source = filled;
    }
  }
}

Status Fixture::Keep(const std::string& folder) {
  if (data_.data().empty() || !kept_.empty()) return Ok();
  kept_ = FileIn(folder);
  const int file = open(kept_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = file >= 0 && data_.SerializeToFileDescriptor(file);
  if (file >= 0) close(file);
  return written ? Ok() : Unavailable(kept_ + " can't be written");
}

void Fixture::TearDown(const config::Config& config) {
  if (!config.teardown.empty()) {
    const Status status = Do(config, "teardown", config.teardown);
    if (!status.ok()) LogError(config::Redact(Message(status), config.secrets));
  }
  if (!kept_.empty()) unlink(kept_.c_str());
}

}  // namespace sfp::app
