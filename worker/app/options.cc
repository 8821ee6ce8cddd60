#include "worker/app/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "common/base/cores.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/net/secret.h"
#include "worker/app/prepared_run.h"

namespace sfp::app {
namespace {

constexpr std::uint32_t kHighestIndex = 1'000'000;

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "worker";
}

// Of a pod of an Indexed Job.
std::optional<std::uint32_t> CompletionIndex() {
  const char* text = std::getenv("JOB_COMPLETION_INDEX");
  if (text == nullptr) return std::nullopt;
  std::uint32_t index = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, index);
  if (error != std::errc() || rest != end || index > kHighestIndex) {
    throw CLI::ValidationError("JOB_COMPLETION_INDEX", std::string(text) + " is no index");
  }
  return index;
}

Duration Time(const char* option, const std::string& text) {
  const auto duration = ParseDuration(text);
  if (!duration.ok()) throw CLI::ValidationError(option, Message(duration.status()));
  return *duration;
}

Status ReadSecrets(const std::string& tls_dir, const std::string& token_file,
                   WorkerOptions& options) {
  if (!tls_dir.empty()) {
    auto credentials = net::ReadCredentials(tls_dir, net::Purpose::kClient);
    if (!credentials.ok()) return credentials.status();
    options.credentials = *std::move(credentials);
  }
  auto token = net::ChooseToken(token_file, std::getenv("SFP_TOKEN"),
                                options.credentials ? options.credentials->token : "");
  if (!token.ok()) return token.status();
  options.token = *std::move(token);
  return Ok();
}

}  // namespace

std::variant<WorkerOptions, int> ParseWorkerOptions(int argc, char** argv) {
  WorkerOptions options;
  std::string join_timeout = "10m", drain_timeout = "20s", log_level = "info", tls_dir, token_file;
  CLI::App app("sfp-worker: sends the load that an sfp-master plans.", "sfp-worker");
  app.set_version_flag("--version", std::string(Version()));
  app.get_formatter()->column_width(34);
  app.add_option("--master", options.master, "The master's HOST:PORT")
      ->envname("SFP_MASTER")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads that send load (default: the usable cores)")
      ->envname("SFP_THREADS")
      ->check(CLI::Range(1, 1024));
  app.add_option("--name", options.name, "Shown in reports (default: the host's name)")
      ->envname("SFP_NAME");
  app.add_option(
         "--index", options.index,
         "Its place among the workers, from 0: of two workers with the same the newer counts "
         "(default: JOB_COMPLETION_INDEX, else none)")
      ->envname("SFP_INDEX")
      ->check(CLI::Range(0u, kHighestIndex));
  app.add_option("--allow-target", options.allow_target,
                 "Refuse every target but these: HOST or HOST:PORT")
      ->envname("SFP_ALLOW_TARGET")
      ->delimiter(',');
  app.add_option("--tls-dir", tls_dir,
                 "ca.pem, cert.pem and key.pem for workers, as 'sfp-master certs' writes them")
      ->envname("SFP_TLS_DIR");
  app.add_option("--token-file", token_file,
                 "The join token (default: SFP_TOKEN, else the file 'token' in --tls-dir)")
      ->envname("SFP_TOKEN_FILE");
  app.add_option("--join-timeout", join_timeout,
                 "Give up when there was no master for so long, or 'never'")
      ->envname("SFP_JOIN_TIMEOUT")
      ->capture_default_str();
  app.add_option("--drain-timeout", drain_timeout,
                 "Told to end, let requests under way have so long")
      ->envname("SFP_DRAIN_TIMEOUT")
      ->capture_default_str();
  app.add_option("--drained-exit-code", options.drained_exit_code,
                 "Told to end, exit with this when all is delivered")
      ->envname("SFP_DRAINED_EXIT_CODE")
      ->check(CLI::Range(0, 255))
      ->capture_default_str();
  app.add_option("--termination-log", options.termination_log,
                 "Write why it ended into this file, such as /dev/termination-log")
      ->envname("SFP_TERMINATION_LOG");
  app.add_option("--log-level", log_level, "debug, info, warn or error")
      ->envname("SFP_LOG_LEVEL")
      ->capture_default_str();
  app.add_flag("--once", options.once)->group("");  // sfp-master's affair
  try {
    app.parse(argc, argv);
    const auto level = ParseLogLevel(log_level);
    if (!level.ok()) throw CLI::ValidationError("--log-level", Message(level.status()));
    options.log_level = *level;
    options.join_timeout.reset();
    if (join_timeout != "never") options.join_timeout = Time("--join-timeout", join_timeout);
    options.drain_timeout = Time("--drain-timeout", drain_timeout);
    if (!options.index) options.index = CompletionIndex();
    for (const std::string& target : options.allow_target) {
      const Status status = CheckAllowTarget(target);
      if (!status.ok()) throw CLI::ValidationError("--allow-target", Message(status));
    }
    const auto master = ParseHostPort(options.master);
    if (!master.ok()) throw CLI::ValidationError("--master", Message(master.status()));
    if (const Status status = ReadSecrets(tls_dir, token_file, options); !status.ok()) {
      throw CLI::ValidationError(Message(status));
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.threads == 0) options.threads = UsableCores();
  if (options.name.empty() && options.index) {
    options.name = "worker-" + std::to_string(*options.index);
  }
  if (options.name.empty()) options.name = HostName();
  return options;
}

}  // namespace sfp::app
