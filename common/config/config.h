#pragma once

// The configuration file, read, validated and turned into what the rest of the system works with:
//
//   text --yaml-cpp--> located tree --schema--> Config     or every Diagnostic that it deserves
//
// Used by the master only. Nothing is sent before a configuration is valid. Errors are found all at
// once, each with file, line, column and, where a key or name is near a known one, a suggestion.
//
// Secrets: what came from ${VAR} or stands under `auth` is collected in Config::secrets;
// resolved_yaml has "***" in its place. Whoever prints anything that may hold one passes it through
// Redact.
//
// Thread: immutable after Load.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/config/threshold.h"
#include "common/plan/shape.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::config {

struct Diagnostic {
  std::string file;
  int line = 0;         // from 1; 0: the file as a whole
  int column = 0;       // from 1, in bytes
  std::string message;  // one sentence, without a full stop; with the suggestion if there is one
  std::string source_line;  // for the caret, secrets in it as "***"; empty if there is none
  int caret = 0;  // from 1, in bytes of source_line; 0: the column (hidden secrets may move it)
};
// "config.yaml:12:5: unknown key 'spwan_rate', did you mean 'spawn_rate'?\n  spwan_rate: 10\n  ^"
std::string Format(const Diagnostic& diagnostic);

struct Config {
  std::string name;       // `name:`, or the file's stem
  v1::Scenario scenario;  // self-contained: CSV columns and PEM files are read into it
  plan::Shape load;
  Duration stop_timeout{30'000'000'000};
  std::vector<Threshold> thresholds;
  std::vector<v1::Task> setup, teardown;  // done once, before and after the load
  std::vector<std::string> setup_data;    // collected sources that the setup fills
  std::optional<std::uint32_t> declared_pool;
  std::string resolved_yaml;         // every default and variable filled in, no secrets
  std::vector<std::string> secrets;  // longest first
};

// What the command line sets over the file. Each is validated like its key; a diagnostic names the
// option.
struct Overrides {
  std::optional<std::string> host;
  // As typed.
  std::optional<std::string> users, spawn_rate, run_time, sweep, step_time, rate, iterations, find;
  std::optional<std::string> tags, exclude_tags;  // separated by commas
  bool probe = false;
};

// A scenario of one class, `name`, whose user does these tasks once, in this order, and nothing
// else; target and data as in `from`. A name that stands twice gets the number of its place.
v1::Scenario OnceScenario(const v1::Scenario& from, const std::string& name,
                          const std::vector<v1::Task>& tasks);

struct Loaded {
  std::optional<Config> config;         // absent if there is any diagnostic
  std::vector<Diagnostic> diagnostics;  // by line
};

using Environment = std::function<std::optional<std::string>(std::string_view name)>;

Loaded Load(const std::string& path, const Environment& environment, const Overrides& overrides);
// The same for a text; relative files in it (csv, ca, cert, key) are looked up beside `path`.
Loaded Parse(std::string_view text, const std::string& path, const Environment& environment,
             const Overrides& overrides);

// `text` with each secret replaced by "***".
std::string Redact(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace sfp::config
