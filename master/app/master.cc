#include "master/app/master.h"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "common/base/clock_watch.h"
#include "common/base/last_words.h"
#include "common/base/text.h"
#include "common/net/secret.h"
#include "common/scenario/program.h"
#include "master/app/desk.h"
#include "master/app/fixture.h"
#include "master/app/live_tables.h"
#include "master/app/local_workers.h"
#include "master/app/progress.h"
#include "master/app/run_folder.h"
#include "master/app/run_plan.h"
#include "master/control/control_server.h"
#include "master/coordinator/coordinator.h"
#include "master/coordinator/journal_file.h"
#include "master/report/build.h"
#include "master/report/console.h"
#include "master/web/server.h"

namespace sfp::app {
namespace {

constexpr int kExitInterrupted = 130;
constexpr int kExitIncomplete = 3;

std::uint64_t RandomNumber() {
  std::random_device device;
  const std::uint64_t number = static_cast<std::uint64_t>(device()) << 32 | device();
  return number == 0 ? 1 : number;
}

// Null if no token is asked for.
std::function<bool(const std::string&)> TokenCheck(const std::string& token) {
  if (token.empty()) return nullptr;
  return [token](const std::string& theirs) { return net::SameSecret(token, theirs); };
}

class Master final : coordinator::CoordinatorShell, control::ServerHandler {
 public:
  Master(const MasterOptions& options, config::Config config, Fixture& fixture,
         std::optional<OpenRun> open)
      : options_(options),
        config_(std::move(config)),
        fixture_(fixture),
        open_(std::move(open)),
        coordinator_(*this, {.token_fits = TokenCheck(options.access.token)}),
        desk_(options_, config_, coordinator_,
              [this](const config::Config& to_run) { return BeginRun(to_run); }),
        progress_(options.only_summary),
        tables_(options.report.csv),
        signals_(io_, SIGINT, SIGTERM),
        tick_(io_) {}

  int Run() {
    if (const Status status = Begin(); !status.ok()) {
      LogError(Message(status));
      LeaveWords(Message(status) + "; nothing was sent\n");
      return absl::IsInvalidArgument(status) ? 2 : kExitIncomplete;
    }
    AwaitSignal();
    Tick();
    io_.run();
    return exit_code_;
  }

 private:
  Status Begin() {
    auto server = control::ControlServer::Listen(
        {.address = options_.access.listen,
         .credentials = options_.access.credentials,
         .local_door = options_.access.credentials && options_.local_workers > 0},
        [this](auto call) { Post(std::move(call)); }, *this);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    const HostPort listen = *ParseHostPort(options_.access.listen);
    const bool literal6 = listen.host.find(':') != std::string::npos;
    const std::string address =
        (literal6 ? "[" + listen.host + "]" : listen.host) + ":" + std::to_string(server_->port());
    LogInfo("workers join at " + address + WhatIsAsked());
    if (const Status status = BeginWeb(); !status.ok()) return status;
    const Status status = open_ ? ResumeRun() : options_.hold ? Ok() : BeginRun(config_);
    if (!status.ok()) return status;
    const std::string local =
        server_->local_port() != 0 ? "127.0.0.1:" + std::to_string(server_->local_port()) : address;
    return local_workers_.Start(options_.local_workers, local, "warn", options_.access.token);
  }

  std::string WhatIsAsked() const {
    const bool tls = options_.access.credentials.has_value();
    if (options_.access.token.empty()) return tls ? " with a certificate" : "";
    return tls ? " with a certificate and the join token" : " with the join token";
  }

  Status BeginWeb() {
    if (!options_.access.web) return Ok();
    const Access& access = options_.access;
    web::Server::Options web{
        .address = access.web->host, .port = access.web->port, .token = access.token};
    if (access.credentials && !IsLoopback(access.web->host)) {
      auto tls = net::TlsContext::Server(
          {.cert_pem = access.credentials->cert_pem, .key_pem = access.credentials->key_pem});
      if (!tls.ok()) return tls.status();
      web_tls_ = *std::move(tls);
      web.tls = web_tls_.native();
    }
    web_ = std::make_unique<web::Server>(io_, web, desk_);
    const Status status = web_->Listen();
    if (status.ok()) {
      LogInfo("web UI on " + web_->url());
      return status;
    }
    web_.reset();
    if (!options_.headless) return status;
    LogWarn(Message(status) + "; going on without the web UI");
    return Ok();
  }

  // The spec of a run on this machine, numbers left out.
  StatusOr<coordinator::RunSpec> SpecOf(const config::Config& config) const {
    auto spec = MakeRunSpec(config);
    if (!spec.ok()) return spec;
    fixture_.Fill(spec->scenario);
    spec->clock = ClockName();
    spec->workers = options_.workers;
    spec->workers_timeout = options_.workers_timeout;
    if (!spec->workers_timeout && options_.headless) {
      spec->workers_timeout = std::chrono::seconds(60);
    }
    return spec;
  }

  Status ResumeRun() {
    OpenRun open = *std::exchange(open_, std::nullopt);
    const v1::RunStarted& run = open.from.results.run();
    auto spec = SpecOf(config_);
    if (!spec.ok()) return spec.status();
    if (Status status = SameConfig(config_.resolved_yaml, run.resolved_config()); !status.ok()) {
      return status;
    }
    folder_ = options_.resume.empty() ? options_.out : options_.resume;
    runs_ = 1;
    if (const Status status = MakeRunFolder(folder_); !status.ok()) return status;
    auto journal = coordinator::JournalFile::Continue(folder_ + "/journal.pb", open.journal.bytes);
    if (!journal.ok()) return journal.status();
    open.from.start = StartOf(open);
    desk_.AddRun(run.id(), folder_, config_);
    LogInfo("going on with the run in " + folder_ + ", seed " + std::to_string(run.seed()) +
            (open.journal.torn ? "; the journal's last record was cut off and is left out" : ""));
    return coordinator_.ResumeRun(*std::move(spec), std::move(open.from), *std::move(journal),
                                  Now());
  }

  Status BeginRun(const config::Config& config) {
    if (const Status status = CheckOutputs(options_.report); !status.ok()) return status;
    auto spec = SpecOf(config);
    if (!spec.ok()) return spec.status();
    spec->run = RandomNumber();
    // 48 bits: report.json is read by programs whose numbers are doubles, too.
    spec->seed = options_.seed.value_or(RandomNumber() >> 16);
    spec->id = RunId(config.name);
    folder_ = options_.out.empty() || runs_++ > 0 ? "runs/" + spec->id : options_.out;
    if (const Status status = MakeRunFolder(folder_); !status.ok()) return status;
    if (const Status status = fixture_.Keep(folder_); !status.ok()) return status;
    if (const auto warning = scenario::EndpointWarning(spec->endpoints.size()); !warning.empty()) {
      LogWarn(std::string(warning));
    }
    auto journal = coordinator::JournalFile::Create(folder_ + "/journal.pb");
    if (!journal.ok()) return journal.status();
    LogInfo("target " + spec->target + ", " + Describe(spec->shape) + ", seed " +
            std::to_string(spec->seed));
    const std::string id = spec->id;
    const Status status = coordinator_.StartRun(*std::move(spec), *std::move(journal), Now());
    if (status.ok()) desk_.AddRun(id, folder_, config);
    return status;
  }

  // The coordinator's wishes. It must not be called back from inside them.
  void Send(coordinator::ConnectionId connection, const v1::MasterMessage& message) override {
    server_->Send(connection, message);
  }
  void Close(coordinator::ConnectionId connection) override { server_->Close(connection); }
  std::string WallClock(Time t) override { return Rfc3339(t); }
  void OnRunFinished(const coordinator::Outcome& outcome) override {
    Post([this, outcome] { FinishRun(outcome); });
  }

  // The streams' news.
  void OnConnect(control::ConnectionId connection, const std::string& peer) override {
    ++connections_;
    coordinator_.OnConnect(connection, peer, Now());
  }
  void OnMessage(control::ConnectionId connection, v1::WorkerMessage& message) override {
    coordinator_.OnMessage(connection, message, Now());
  }
  void OnDisconnect(control::ConnectionId connection) override {
    --connections_;
    coordinator_.OnDisconnect(connection, Now());
  }

  bool RunIsOn() const {
    const coordinator::RunState state = coordinator_.state();
    return state != coordinator::RunState::kIdle && state != coordinator::RunState::kFinished;
  }

  void FinishRun(const coordinator::Outcome& outcome) {
    progress_.Clear();
    exit_code_ = outcome.started ? ReportRun(outcome) : NotStarted(outcome);
    if (options_.headless || signalled_) {
      Leave();
    } else {
      LogInfo("the workers stay for the next run; Ctrl-C ends the master");
    }
  }

  int NotStarted(const coordinator::Outcome& outcome) const {
    const std::string why = outcome.why.empty() ? "the run did not start" : outcome.why;
    LogError(why);
    LeaveWords(why + "; nothing was sent\n");
    return outcome.kind == coordinator::Outcome::Kind::kInterrupted ? kExitInterrupted
                                                                    : kExitIncomplete;
  }

  int ReportRun(const coordinator::Outcome& outcome) {
    tables_.Wait();
    const results::Results& results = *coordinator_.results();
    const report::Report report = report::Build(results);
    const Status status = WriteReports(folder_, report, results, options_.report);
    PrintReport(report, folder_, options_.report);
    if (!outcome.why.empty()) LogWarn(outcome.why);
    const int code = status.ok() ? ExitCode(outcome, report, options_.strict) : kExitIncomplete;
    if (!status.ok()) LogError("the report is not in its files: " + Message(status));
    LeaveWords(LastWords(report, code));
    return code;
  }

  void LeaveWords(const std::string& words) const {
    const Status left = LeaveLastWords(options_.termination_log, words);
    if (!left.ok()) LogWarn(Message(left));
  }

  // Sends the workers home and ends the loop once they are gone, or after two seconds.
  void Leave() {
    if (std::exchange(leaving_, true)) return;
    leave_by_ = Now() + std::chrono::seconds(2);
    coordinator_.SayGoodbye("the master is done");
  }

  void AwaitSignal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      OnSignal();
      AwaitSignal();
    });
  }

  // The first one ends the run in order, the second at once, the third the process.
  void OnSignal() {
    if (++signals_seen_ > 2) std::_Exit(kExitInterrupted);
    signalled_ = true;
    if (!RunIsOn()) {
      Leave();
    } else {
      LogWarn("interrupted: the run ends in order; again to end it at once");
      coordinator_.StopRun("interrupted", Now());
    }
  }

  void Tick() {
    const Time now = Now();
    if (now >= next_look_at_clocks_) {
      next_look_at_clocks_ = now + std::chrono::seconds(1);
      const ClockReading reading = ReadClocks();
      coordinator_.OnClocks(reading.wall_ahead(), clocks_.Notice(reading), now);
    }
    coordinator_.Tick(now);
    if (!leaving_) {
      for (const std::string& sentence : local_workers_.Reap()) LogWarn(sentence);
      ShowProgress(now);
      tables_.Tick(RunIsOn() ? coordinator_.results() : nullptr, now);
    } else if (connections_ == 0 || now > leave_by_) {
      local_workers_.Wait(2000);
      io_.stop();
      return;
    }
    tick_.expires_after(std::chrono::milliseconds(20));
    tick_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }

  void ShowProgress(Time now) {
    if (!RunIsOn() || !progress_.Due(now)) return;
    using coordinator::RunState;
    const RunState state = coordinator_.state();
    const results::Results* results = coordinator_.results();
    const bool table =
        results != nullptr && (state == RunState::kRunning || state == RunState::kStopping);
    progress_.Show(coordinator_.ProgressAt(now), table ? report::LiveTable(*results) : "", now);
  }

  template <typename Call>
  void Post(Call call) {
    boost::asio::post(io_, std::move(call));
  }

  const MasterOptions options_;
  const config::Config config_;
  Fixture& fixture_;
  std::optional<OpenRun> open_;  // until it is resumed
  boost::asio::io_context io_{1};
  coordinator::Coordinator coordinator_;
  Desk desk_;
  ProgressDisplay progress_;
  LiveTables tables_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer tick_;
  std::string folder_;
  std::unique_ptr<control::ControlServer> server_;
  net::TlsContext web_tls_;
  std::unique_ptr<web::Server> web_;
  LocalWorkers local_workers_;
  ClockWatch clocks_;
  Time next_look_at_clocks_{};
  int runs_ = 0;
  int connections_ = 0;
  int signals_seen_ = 0;
  bool signalled_ = false;
  bool leaving_ = false;
  Time leave_by_{};
  int exit_code_ = 0;
};

}  // namespace

int RunMaster(const MasterOptions& options, config::Config config, std::optional<OpenRun> open) {
  Fixture fixture;
  const std::string resumed = !open ? "" : options.resume.empty() ? options.out : options.resume;
  if (const Status status = fixture.SetUp(config, resumed); !status.ok()) {
    LogError(Message(status) + "; no load was sent");
    const Status left = LeaveLastWords(options.termination_log, Message(status) + "\n");
    if (!left.ok()) LogWarn(Message(left));
    if (absl::IsInvalidArgument(status)) return 2;
    return absl::IsCancelled(status) ? kExitInterrupted : kExitIncomplete;
  }
  const int code = Master(options, config, fixture, std::move(open)).Run();
  fixture.TearDown(config);
  return code;
}

}  // namespace sfp::app
