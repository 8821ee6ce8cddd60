#pragma once

// What the web side sees of the master and may ask of it: web::Backend over the coordinator.
//
// A start reads the configuration file anew, with the command line over it and what was asked for
// over both, by the rules of the command line. Of another kind of load than the configured one only
// what was asked for counts.
//
// Thread: confined to the master's loop.

#include <functional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "master/app/log_ring.h"
#include "master/app/options.h"
#include "master/coordinator/coordinator.h"
#include "master/web/backend.h"

namespace sfp::app {

class Desk final : public web::Backend {
 public:
  using BeginRun = std::function<Status(const config::Config& config)>;

  // All references outlive it.
  Desk(const MasterOptions& options, const config::Config& config,
       coordinator::Coordinator& coordinator, BeginRun begin_run);

  // A run has begun there.
  void AddRun(const std::string& id, const std::string& folder, const config::Config& config);

  web::RunStatus GetStatus() override;
  web::Defaults GetDefaults() override;
  std::vector<web::WorkerRow> GetWorkers() override;
  const results::Results* GetResults() override;
  std::vector<web::LogLine> GetLog(std::uint64_t after) override { return log_.After(after); }
  std::vector<web::RunFolder> GetRuns() override;
  web::Mark GetMark() override;
  Status Start(const web::StartParams& params) override;
  Status Edit(const web::EditParams& params) override;
  Status Stop() override;
  Status Reset() override;

 private:
  bool RunIsOn() const;

  const MasterOptions& options_;
  const config::Config& config_;
  coordinator::Coordinator& coordinator_;
  const BeginRun begin_run_;
  LogRing log_;
  std::vector<web::RunFolder> runs_;  // of this master, oldest first
  plan::Shape shape_;                 // of the newest run, as edited
  std::string target_;
  std::uint64_t resets_ = 0;
};

}  // namespace sfp::app
