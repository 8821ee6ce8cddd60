#pragma once

// Tree to model: everything that the schema's table cannot say. Names that must exist, templates,
// URLs, files, pointers and expressions, numbers that only make sense together.
//
// Each function goes on after a mistake, so that one pass finds them all; what it then makes is of
// no use and is thrown away, since Config is given out only without findings. Nodes that Check
// refused are skipped silently.
//
// Thread: confined to one Parse.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "common/scenario/program.h"

namespace sfp::config {

struct Context {
  struct Source {
    bool collected = false;
    bool filled = false;   // some task collects into it, or sets it
    bool of_user = false;  // its scope
  };
  Diagnostics& diagnostics;
  std::filesystem::path folder;              // of the configuration
  std::map<std::string, Source> sources;     // by name; filled by BuildData
  std::vector<std::string> endpoints;        // what is counted, and groups; filled by BuildUsers
  std::map<const Node*, std::string> notes;  // comments of the resolved plan
  std::size_t file_bytes = 0;                // of the files that tasks send

  void Add(const Node& scalar, std::string message);  // without what is secret in it
  std::string PathOf(const Node& file) const;         // relative names are looked up in `folder`
};

void BuildTarget(const Node* target, Context& context, v1::Target& out);
// Of the target or a class. The target's tls and url have been built.
void BuildAuth(const Node* auth, const v1::Target& target, Context& context, v1::Auth& out);
void BuildTls(const Node* tls, Context& context, v1::Tls& to);
// A class's client certificate.
void BuildCertificate(const Node& tls, const v1::Target& target, Context& context, v1::Tls& to);
bool IsHeaderName(std::string_view text);
void BuildHeaders(const Node* headers, Context& context,
                  google::protobuf::RepeatedPtrField<v1::Header>& out);
void BuildLoad(const Node* load, Context& context, Config& out);
// The rest of the file is looked at for the data that its tasks collect.
void BuildData(const Node& root, Context& context, v1::Scenario& out);
// What tasks (by name) collect or set.
std::set<std::string> CollectedInto(const Node* tasks);
void BuildUsers(const Node* users, Context& context, v1::Scenario& out);
// `setup` and `teardown`. The users' tasks have been built.
void BuildOnce(const Node& root, Context& context, Config& out);
void BuildTask(const Node& task, Context& context, v1::Task& out);
// One request: everything of a task or step but its name and weight.
void BuildRequest(const Node& of, Context& context, v1::Task& out);
void BuildSteps(const Node* steps, Context& context,
                google::protobuf::RepeatedPtrField<v1::Step>& out);
// Requests without a name get "<task> <number>", in the order of their steps from 1 on.
void NameRequests(const std::string& task, google::protobuf::RepeatedPtrField<v1::Step>& steps,
                  Context& context);
void BuildWait(const Node* wait, Context& context, v1::Wait& out);
void BuildStatuses(const Node& status, v1::Expect& out);
void CheckName(const Place& place, std::string_view name, std::string_view what, Context& context);
// The parts of a task: its body, and what it expects of its response and takes from it.
void BuildBody(const Node& task, Context& context, v1::Task& out);
void BuildExpect(const Node* expect, Context& context, v1::Task& out);
void BuildCollect(const Node& rule, Context& context, v1::Collect& out);
void BuildThresholds(const Node* thresholds, Context& context, Config& out);
// Once all is built: whether there are figures of the names that thresholds are about.
void CheckThresholdNames(const Node* thresholds, Context& context, const Config& config,
                         const scenario::Program& program);

// A map of templates.
void BuildFields(const Node* fields, Context& context,
                 google::protobuf::RepeatedPtrField<v1::Header>& out);
// Reports broken templates and names that no data has.
void CheckTemplate(const Node& scalar, Context& context);
// The JSON text of a `json:` body.
std::string JsonText(const Node& json);

}  // namespace sfp::config
