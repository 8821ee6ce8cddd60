#include "master/app/import.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/text.h"
#include "common/config/config.h"
#include "master/import/document.h"

namespace sfp::app {
namespace {

void Say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

StatusOr<std::string> ReadSource(const ImportFlags& flags) {
  if (flags.source == "-") return ReadFile("/dev/stdin", import::kMostDocumentBytes);
  if (flags.kind == "curl") return flags.source;
  struct stat status;
  if (stat(flags.source.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return Invalid(flags.source + ": is a directory");
  }
  return ReadFile(flags.source, import::kMostDocumentBytes);
}

StatusOr<import::Imported> Import(const ImportFlags& flags, std::string_view text) {
  if (flags.kind == "openapi") return import::ImportOpenApi(text, flags.options);
  if (flags.kind == "har") return import::ImportHar(text, flags.options);
  return import::ImportCurl(text, flags.options);
}

Status WriteOut(const std::string& path, const std::string& text) {
  if (path.empty()) {
    std::fputs(text.c_str(), stdout);
    return std::fflush(stdout) == 0 ? Ok() : Unavailable("standard output can't be written");
  }
  // Never over a file that somebody may have edited.
  std::FILE* file = std::fopen(path.c_str(), "wx");
  if (file == nullptr) return Unavailable(path + ": " + std::strerror(errno));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written ? Ok() : Unavailable(path + ": " + std::strerror(errno));
}

// What `check` would say of the result, without the environment.
std::vector<config::Diagnostic> Findings(const std::string& config, const std::string& path) {
  const auto none = [](std::string_view) { return std::optional<std::string>(); };
  return config::Parse(config, path.empty() ? "imported.yaml" : path, none, {}).diagnostics;
}

}  // namespace

int RunImport(ImportFlags flags) {
  flags.options.path = flags.kind == "curl" && flags.source != "-" ? "command" : flags.source;
  const auto text = ReadSource(flags);
  if (!text.ok()) {
    Say(Message(text.status()));
    return 2;
  }
  const auto imported = Import(flags, *text);
  if (!imported.ok()) {
    Say(Message(imported.status()));
    return 2;
  }
  if (const Status status = WriteOut(flags.out, imported->config); !status.ok()) {
    Say(Message(status));
    return 2;
  }
  for (const std::string& note : imported->notes) Say("note: " + note);
  const auto findings = Findings(imported->config, flags.out);
  for (const config::Diagnostic& finding : findings) Say(Format(finding));
  std::string variables;
  for (const std::string& name : imported->variables) variables += " " + name;
  if (!variables.empty()) Say("set before a run:" + variables);
  Say(std::to_string(imported->tasks) + (imported->tasks == 1 ? " task" : " tasks") +
      (findings.empty() ? "; the configuration is valid" : "; the configuration needs an edit"));
  return findings.empty() ? 0 : 2;
}

}  // namespace sfp::app
