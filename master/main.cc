// sfp-master: plans the load, merges what the workers measured, writes the report.

#include <cstdlib>

#include "master/app/commands.h"
#include "master/app/import.h"
#include "master/app/master.h"

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // its news reach people through our own messages
  auto parsed = sfp::app::ParseMasterOptions(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& options = std::get<sfp::app::MasterOptions>(parsed);
  sfp::SetLogLevel(options.log_level);
  if (options.command == sfp::app::Command::kCheck) return sfp::app::RunCheck(options);
  if (options.command == sfp::app::Command::kTry) return sfp::app::RunTry(options);
  if (options.command == sfp::app::Command::kReport) return sfp::app::RunReport(options);
  if (options.command == sfp::app::Command::kCompare) return sfp::app::RunCompare(options);
  if (options.command == sfp::app::Command::kCerts) return sfp::app::RunCerts(options.certs);
  if (options.command == sfp::app::Command::kImport) return sfp::app::RunImport(options.import);
  std::optional<sfp::app::OpenRun> open;
  if (!options.resume.empty() || !options.out.empty()) {
    if (const auto code = sfp::app::BeginResume(options, open)) return *code;
  }
  auto config = sfp::app::LoadConfig(options);
  return config ? sfp::app::RunMaster(options, *std::move(config), std::move(open)) : 2;
}
