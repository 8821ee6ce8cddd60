// sfp-worker: joins an sfp-master and sends the load that it plans.

#include <cstdlib>

#include "worker/app/once.h"
#include "worker/app/worker.h"

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // its news reach people through our own messages
  const auto parsed = sfp::app::ParseWorkerOptions(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& options = std::get<sfp::app::WorkerOptions>(parsed);
  sfp::SetLogLevel(options.log_level);
  return options.once ? sfp::app::RunOnce(options) : sfp::app::RunWorker(options);
}
