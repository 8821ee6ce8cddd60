#include "master/app/local_workers.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>

#include "common/base/cores.h"

namespace sfp::app {
namespace {

std::string Program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "sfp-worker";
  return !error && std::filesystem::exists(beside) ? beside.string() : "sfp-worker";
}

// This process's, with the token in place of the master's own credentials.
std::vector<std::string> Environment(const std::string& token) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with("SFP_TOKEN=") || text.starts_with("SFP_TOKEN_FILE=") ||
        text.starts_with("SFP_TLS_DIR=")) {
      continue;
    }
    variables.emplace_back(text);
  }
  if (!token.empty()) variables.push_back("SFP_TOKEN=" + token);
  return variables;
}

// Between fork and exec only calls that are safe in a process with other threads.
[[noreturn]] void Become(const std::vector<char*>& arguments, const std::vector<char*>& environment,
                         pid_t parent, int in, int out) {
  if (in >= 0) dup2(in, STDIN_FILENO);
  if (out >= 0) dup2(out, STDOUT_FILENO);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before the line above
  // Ctrl-C in the terminal is for the master, which then stops its workers in order.
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

}  // namespace

StatusOr<pid_t> StartWorkerProcess(const std::vector<std::string>& options,
                                   const std::string& token, int in, int out) {
  std::vector<std::string> variables = Environment(token);
  std::vector<std::string> texts = {Program()};
  texts.insert(texts.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return Unavailable(std::string("cannot start a worker: ") + strerror(errno));
  if (child == 0) Become(arguments, environment, parent, in, out);
  return child;
}

LocalWorkers::~LocalWorkers() {
  for (const pid_t child : children_) kill(child, SIGTERM);
  Wait(2000);
  for (const pid_t child : children_) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

Status LocalWorkers::Start(std::uint32_t count, const std::string& master,
                           const std::string& log_level, const std::string& token) {
  const auto cores = std::max(1u, UsableCores() / std::max(1u, count));
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto child =
        StartWorkerProcess({"--master", master, "--threads", std::to_string(cores), "--name",
                            "local-" + std::to_string(i), "--log-level", log_level},
                           token);
    if (!child.ok()) return child.status();
    children_.push_back(*child);
  }
  return Ok();
}

std::vector<std::string> LocalWorkers::Reap() {
  std::vector<std::string> sentences;
  std::erase_if(children_, [&](pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) return false;
    const std::string who = "local worker (pid " + std::to_string(child) + ") ";
    if (WIFSIGNALED(status)) {
      sentences.push_back(who + "was killed by signal " + std::to_string(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) == 127) {
      sentences.push_back(who +
                          "could not be started: no sfp-worker beside this program or in PATH");
    } else if (WEXITSTATUS(status) != 0) {
      sentences.push_back(who + "ended with exit code " + std::to_string(WEXITSTATUS(status)));
    }
    return true;
  });
  return sentences;
}

void LocalWorkers::Wait(int milliseconds) {
  for (int waited = 0; waited < milliseconds; waited += 10) {
    Reap();
    if (children_.empty()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace sfp::app
