#include "common/config/config.h"

#include <absl/strings/str_format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/base/text.h"
#include "common/config/builder.h"
#include "common/config/overrides.h"
#include "common/config/resolved.h"
#include "common/config/schema.h"
#include "common/config/values.h"
#include "common/config/variables.h"
#include "common/config/yaml.h"
#include "common/scenario/program.h"

namespace sfp::config {
namespace {

bool IsNameCharacter(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u > 0x20 && u != 0x7f && c != '/' && c != '\\';
}

// A run's name becomes part of a folder's name.
std::string BuildName(Node& root, const std::string& path, Context& context) {
  constexpr std::size_t kLongest = 100;
  if (const Node* name = root.Get("name")) {
    const std::string text = Text(name).value_or("x");
    if (text.empty() || text.size() > kLongest || text[0] == '.' ||
        !std::all_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || IsNameCharacter(c); })) {
      context.Add(
          *name,
          "a run's name has 1 to 100 characters, none of them '/' or '\\', and no '.' in front");
    }
    return text;
  }
  std::string stem = std::filesystem::path(path).stem().string().substr(0, kLongest);
  std::replace_if(
      stem.begin(), stem.end(), [](char c) { return !IsNameCharacter(c); }, '-');
  if (stem.empty() || stem[0] == '.') stem = "run";
  Node name;
  name.kind = Node::Kind::kScalar;
  name.key = "name";
  name.value = stem;
  root.children.push_back(std::move(name));
  return stem;
}

Place PlaceOfTask(const Node& root, std::string_view error) {
  for (const char* once : {"setup", "teardown"}) {
    const Node* tasks = root.Get(once);
    if (tasks == nullptr) continue;
    for (const Node& task : tasks->children) {
      if (error.starts_with("task '" + (once + ("." + task.key)) + "'")) return task.key_place;
    }
  }
  const Node* users = root.Get("users");
  if (users == nullptr) return {};
  for (const Node& user_class : users->children) {
    const Node* tasks = user_class.Get("tasks");
    if (tasks == nullptr) continue;
    for (const Node& task : tasks->children) {
      if (error.starts_with("task '" + user_class.key + "." + task.key + "'"))
        return task.key_place;
    }
  }
  return {};
}

// What workers will do with the scenario is the last judge: anything that it refuses and that was
// not found before is reported at its task.
std::shared_ptr<const scenario::Program> CheckProgram(const Node& root, Diagnostics& diagnostics,
                                                      const v1::Scenario& scenario) {
  const auto program = scenario::Program::Compile(scenario);
  if (program.ok()) return *program;
  const std::string errors = Message(program.status());
  for (std::string_view rest = errors; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view error = rest.substr(0, end);
    diagnostics.Add(PlaceOfTask(root, error), std::string(error));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return nullptr;
}

void CheckPrograms(const Node& root, Context& context, const Config& config) {
  if (const auto program = CheckProgram(root, context.diagnostics, config.scenario)) {
    CheckThresholdNames(root.Get("thresholds"), context, config, *program);
  }
  for (const auto* tasks : {&config.setup, &config.teardown}) {
    if (tasks->empty()) continue;
    const char* name = tasks == &config.setup ? "setup" : "teardown";
    CheckProgram(root, context.diagnostics, OnceScenario(config.scenario, name, *tasks));
  }
}

std::optional<Config> Build(Node& root, const std::string& path, Diagnostics& diagnostics) {
  Config config;
  Context context{diagnostics, std::filesystem::path(path).parent_path(), {}, {}, {}};
  config.name = BuildName(root, path, context);
  BuildData(root, context, config.scenario);
  BuildTarget(root.Get("target"), context, *config.scenario.mutable_target());
  BuildUsers(root.Get("users"), context, config.scenario);
  BuildOnce(root, context, config);
  if (const Node* target = root.Get("target")) {
    if (const auto pool = Integer(target->Get("declared_pool"))) {
      config.declared_pool = static_cast<std::uint32_t>(*pool);
    }
  }
  BuildLoad(root.Get("load"), context, config);
  BuildThresholds(root.Get("thresholds"), context, config);
  if (diagnostics.empty()) CheckPrograms(root, context, config);
  if (!diagnostics.empty()) return std::nullopt;
  config.resolved_yaml = ResolvedYaml(root, context.notes);
  config.secrets = SecretsOf(root);
  return config;
}

std::optional<Config> ParseInto(std::string_view text, const std::string& path,
                                const Environment& environment, const Overrides& overrides,
                                Diagnostics& diagnostics) {
  auto root = ParseYaml(text, diagnostics);
  if (!root) return std::nullopt;
  if (root->kind == Node::Kind::kNull) {
    diagnostics.Add({}, "the file is empty; config-example.yaml shows what belongs in it");
    return std::nullopt;
  }
  if (root->kind != Node::Kind::kMap && root->kind != Node::Kind::kBroken) {
    diagnostics.AddWithoutLine(
        root->place,
        "a configuration is a map that begins with 'target:', as in config-example.yaml");
    return std::nullopt;
  }
  ApplyOverrides(*root, overrides, diagnostics);
  Substitute(*root, environment, diagnostics);
  MarkSecrets(*root, diagnostics);
  Check(*root, FileRule(), diagnostics);
  return Build(*root, path, diagnostics);
}

Loaded Refused(const std::string& path, std::string message) {
  Loaded loaded;
  loaded.diagnostics.push_back({path, 0, 0, std::move(message), ""});
  return loaded;
}

std::string TooLarge(double bytes) {
  return absl::StrFormat(
      "%.1f MB are too many: a configuration has at most 1 MiB, and data may stand in "
      "CSV files",
      bytes / 1e6);
}

}  // namespace

void Context::Add(const Node& scalar, std::string message) {
  diagnostics.Add(scalar.place, Say(scalar, std::move(message)));
}

std::string Context::PathOf(const Node& file) const { return (folder / file.value).string(); }

Loaded Parse(std::string_view text, const std::string& path, const Environment& environment,
             const Overrides& overrides) {
  if (text.size() > kMostBytes) return Refused(path, TooLarge(static_cast<double>(text.size())));
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Diagnostics diagnostics(path, text);
  Loaded loaded;
  loaded.config = ParseInto(text, path, environment, overrides, diagnostics);
  loaded.diagnostics = diagnostics.Take();
  return loaded;
}

Loaded Load(const std::string& path, const Environment& environment, const Overrides& overrides) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    const bool absent = errno == ENOENT;
    return Refused(path, std::string("can't be read: ") + std::strerror(errno) +
                             (absent ? " (copy config-example.yaml to begin with)" : ""));
  }
  if (S_ISDIR(status.st_mode)) return Refused(path, "is a directory");
  if (S_ISREG(status.st_mode) && static_cast<std::size_t>(status.st_size) > kMostBytes) {
    return Refused(path, TooLarge(static_cast<double>(status.st_size)));
  }
  const auto text = ReadFile(path, kMostBytes);
  if (!text.ok()) {
    const bool large = text.status().code() == absl::StatusCode::kInvalidArgument;
    return Refused(path, large ? "more than 1 MiB is too much for a configuration"
                               : "can't be read: " + Message(text.status()));
  }
  return Parse(*text, path, environment, overrides);
}

}  // namespace sfp::config
