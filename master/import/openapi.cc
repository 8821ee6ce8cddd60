#include "master/import/openapi.h"

#include <absl/strings/str_format.h>

#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/config/yaml.h"
#include "master/import/document.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostTasks = 10'000;

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::string FirstLine(const std::string& text) {
  constexpr std::size_t kLongest = 100;
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() <= kLongest) return line;
  const std::size_t space = line.rfind(' ', kLongest);
  return line.substr(0, space == std::string::npos ? kLongest : space) + " ...";
}

// All operations of the document, in its order.
StatusOr<std::vector<Operation>> FindOperations(OpenApi& api) {
  const json::object* paths = ObjectIn(&api.root, "paths");
  if (paths == nullptr) {
    return Invalid(api.options.path + ": '#/paths' is not there or no map: there is no operation");
  }
  std::vector<Operation> operations;
  for (const auto& path : *paths) {
    const std::string name(path.key().data(), path.key().size());
    const std::string place = "#/paths/" + PointerSegment(name);
    if (name.starts_with("x-")) continue;
    const json::value* item = Follow(api.root, path.value());
    if (item == nullptr || !item->is_object()) {
      api.draft.notes.Add("a path whose reference leads nowhere is left out", place);
      continue;
    }
    if (!name.starts_with('/')) {
      api.draft.notes.Add("a path that does not begin with '/' is left out", place);
      continue;
    }
    for (const auto& member : item->get_object()) {
      const std::string key(member.key().data(), member.key().size());
      const bool method = key == "get" || key == "put" || key == "post" || key == "delete" ||
                          key == "patch" || key == "head" || key == "options";
      if (key == "trace" || key == "query") {
        api.draft.notes.Add("sfp sends no " + Upper(key) + " requests: left out", name);
      }
      if (key == "servers") {
        api.draft.notes.Add("servers of a path are not used, but those of the document", name);
      }
      if (!method || !member.value().is_object()) continue;
      if (!api.options.only.empty() &&
          (Upper(key) + " " + name).find(api.options.only) == std::string::npos) {
        continue;
      }
      operations.push_back({Upper(key), name, place + "/" + key, item, &member.value()});
    }
  }
  return operations;
}

Task BuildTask(OpenApi& api, const Operation& operation) {
  Task task;
  std::string id = TextIn(operation.value, "operationId");
  if (id.empty()) {
    id = Lower(operation.method) + operation.path;
    std::erase_if(id, [](char c) { return c == '{' || c == '}'; });
  }
  task.name = api.task_names.Take(TaskName(id));
  std::string summary = TextIn(operation.value, "summary");
  if (summary.empty()) summary = TextIn(operation.value, "description");
  summary = FirstLine(summary);
  if (IsTrue(operation.value, "deprecated")) summary += " (deprecated)";
  if (!summary.empty()) task.about.push_back(summary);
  if (Member(operation.value, "callbacks") != nullptr) {
    api.draft.notes.Add("callbacks, which the API calls, are left out", task.name);
  }
  if (Member(operation.value, "servers") != nullptr) {
    api.draft.notes.Add("servers of an operation are not used, but those of the document",
                        task.name);
  }
  BuildRequest(api, operation, task);
  const std::string& method = operation.method;
  if (method != "GET" && method != "HEAD" && method != "OPTIONS") ++api.writing;
  return task;
}

void BuildHead(OpenApi& api, const std::string& version, std::size_t operations) {
  const json::value* info = Member(&api.root, "info");
  const std::string title = FirstLine(TextIn(info, "title"));
  std::string from = title.empty() ? "Imported" : title;
  if (const std::string number = TextIn(info, "version"); !number.empty()) from += " " + number;
  api.draft.head.push_back(absl::StrFormat("%s, from %s (%s %s): %d operations.", from,
                                           api.options.path, api.v2 ? "Swagger" : "OpenAPI",
                                           version, operations));
  if (!api.options.only.empty()) {
    api.draft.head.push_back("Only what holds '" + api.options.only + "'.");
  }
  if (api.writing > 0) {
    api.draft.notes.Add(absl::StrFormat(
        "look at these before a run: %d tasks write or delete (POST, PUT, PATCH, DELETE)",
        api.writing));
  }
}

void NoteTheRest(OpenApi& api) {
  if (const json::object* webhooks = ObjectIn(&api.root, "webhooks")) {
    api.draft.notes.Add(
        absl::StrFormat("%d webhooks, which the API calls, are left out", webhooks->size()));
  }
}

// The draft as text, without the last tasks if it would be too large for a configuration.
Imported Finish(OpenApi& api) {
  Imported imported;
  const std::size_t all = api.draft.tasks.size();
  const Notes notes = api.draft.notes;
  for (;;) {
    imported.config = Write(api.draft);
    const std::size_t size = imported.config.size();
    const std::size_t tasks = api.draft.tasks.size();
    if ((size <= config::kMostBytes && tasks <= kMostTasks) || tasks <= 1) break;
    const std::size_t fit = std::min(kMostTasks, tasks * config::kMostBytes / size);
    api.draft.tasks.resize(std::max<std::size_t>(1, std::min(fit, tasks - 1 - tasks / 50)));
    api.draft.notes = notes;
    api.draft.notes.Add(absl::StrFormat(
        "a configuration has at most 1 MiB and 10000 tasks: the last %d of %d operations are left "
        "out (--only /part/of/a/path picks some)",
        all - api.draft.tasks.size(), all));
  }
  imported.notes = api.draft.notes.Lines();
  imported.variables = api.draft.variables;
  imported.tasks = api.draft.tasks.size();
  return imported;
}

}  // namespace

StatusOr<Imported> ImportOpenApi(std::string_view text, const Options& options) {
  const auto document = ReadDocument(text, options.path);
  if (!document.ok()) return document.status();
  OpenApi api(*document, options);
  std::string version = TextIn(&*document, "swagger");
  api.v2 = !version.empty();
  if (version.empty()) version = TextIn(&*document, "openapi");
  if (!(api.v2 ? version.starts_with('2') : version.starts_with("3."))) {
    return Invalid(options.path + ": " +
                   (version.empty() ? "neither 'swagger: \"2.0\"' nor 'openapi: 3.x' stands in it"
                                    : "version '" + version + "' is not known; 2.0 and 3.x are"));
  }
  const auto operations = FindOperations(api);
  if (!operations.ok()) return operations.status();
  if (operations->empty()) {
    return Invalid(options.path + (options.only.empty()
                                       ? ": there is no operation under '#/paths'"
                                       : ": no operation holds '" + options.only + "'"));
  }
  BuildServers(api);
  BuildSecurity(api, *operations);
  for (const Operation& operation : *operations) {
    api.draft.tasks.push_back(BuildTask(api, operation));
  }
  NoteTheRest(api);
  BuildHead(api, version, operations->size());
  api.draft.variables = api.secrets.names();
  return Finish(api);
}

}  // namespace sfp::import
