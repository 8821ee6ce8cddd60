#pragma once

// The workers of --local-workers: sfp-worker processes on this machine, children of the master.
// They end with it, however it ends.
//
// Thread: confined to the master's loop.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace sfp::app {

// Starts sfp-worker, looked for beside this program, then in PATH (the child's exit code is 127 if
// it is nowhere). It ends with this process. Of the master's credentials it gets the token only.
// `in`, `out`: descriptors that become its standard input and output; -1: this process's own.
StatusOr<pid_t> StartWorkerProcess(const std::vector<std::string>& arguments,
                                   const std::string& token, int in = -1, int out = -1);

class LocalWorkers {
 public:
  LocalWorkers() = default;
  // Those still running get SIGTERM, then, after two seconds, SIGKILL; all are reaped.
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

  // Starts `count` workers that join `master`, each with its part of this machine's cores. The
  // program is looked for beside this one, then in PATH. They come in plain text from this machine:
  // of the master's credentials they get the token only, through their environment.
  Status Start(std::uint32_t count, const std::string& master, const std::string& log_level,
               const std::string& token);

  // Reaps those that have ended; a sentence for each that ended otherwise than with 0.
  std::vector<std::string> Reap();
  // Waits for those that are about to end by themselves, at most so long.
  void Wait(int milliseconds);

 private:
  std::vector<pid_t> children_;
};

}  // namespace sfp::app
