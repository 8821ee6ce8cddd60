#pragma once

// A program under test as a child process: its output in files, its end awaited, its signals sent
// by pid. It is killed at the latest by the destructor.
//
// Thread: confined to the test's thread.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sfp::test {

// A folder of its own, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  // Writes a file into it; returns its path.
  std::string Write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

std::string Content(const std::filesystem::path& file);

class Process {
 public:
  struct Options {
    std::filesystem::path folder;                    // where it runs; empty: here
    std::map<std::string, std::string> environment;  // beside this process's own
  };

  explicit Process(std::vector<std::string> command) : Process(std::move(command), Options()) {}
  Process(std::vector<std::string> command, Options options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  bool running();

  // The exit code, or 128 + the signal that ended it; nothing if it still runs after the limit.
  std::optional<int> Wait(std::chrono::seconds limit);

  // What its threads have used of the processors, in user and in kernel mode, so far or until its
  // end was awaited.
  std::chrono::nanoseconds cpu_time();

  // What it has written so far.
  std::string out() const { return Content(output_.path() / "out"); }
  std::string err() const { return Content(output_.path() / "err"); }

 private:
  TemporaryFolder output_;
  pid_t pid_ = -1;
  std::optional<int> code_;
  std::chrono::nanoseconds cpu_time_{0};
};

// Polls until the condition holds or the limit is over; returns whether it holds.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::seconds limit = std::chrono::seconds(30));

}  // namespace sfp::test
