#pragma once

// OpenAPI to a draft, in three parts that share this state:
//
//   openapi.cc          versions, paths, operations, names
//   openapi_target.cc   servers and security: where to, with which credentials
//   openapi_request.cc  parameters, bodies, responses: one operation's request
//
// Thread: confined to one import.

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <vector>

#include "master/import/draft.h"
#include "master/import/import.h"
#include "master/import/names.h"
#include "master/import/schema.h"

namespace sfp::import {

struct OpenApi {
  OpenApi(const boost::json::value& document, const Options& choice)
      : root(document), options(choice), schemas(document, draft.notes) {}

  const boost::json::value& root;
  const Options& options;
  bool v2 = false;
  Draft draft;
  Schemas schemas;
  Secrets secrets;
  UniqueNames task_names;
  std::map<std::string, std::vector<std::string>>
      sources;  // by the parameter's name: of draft.data
  UniqueNames source_names;
  Fields key_query;  // API keys that go with every request
  int writing = 0;   // operations that are no GET, HEAD or OPTIONS
};

struct Operation {
  std::string method;                        // in upper case
  std::string path;                          // as in the document
  std::string place;                         // a JSON pointer
  const boost::json::value* item = nullptr;  // of the path
  const boost::json::value* value = nullptr;
};

void BuildServers(OpenApi& api);
void BuildSecurity(OpenApi& api, const std::vector<Operation>& operations);
// Fills in all but the name and summary.
void BuildRequest(OpenApi& api, const Operation& operation, Task& task);

}  // namespace sfp::import
