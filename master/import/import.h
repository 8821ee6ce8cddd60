#pragma once

// What an API's world already has, as a configuration to begin with:
//
//   OpenAPI 2, 3.0, 3.1   a task for each operation
//   HAR (a browser's recording), curl commands   the requests, in their order
//
// The result passes the checks of common/config. Secrets are replaced by variables; what is not
// understood is noted, in the file and for stderr.
//
// Thread: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp::import {

struct Options {
  std::string path;     // of the source, for messages; "-": standard input
  std::string only;     // only what holds this text in "METHOD path" (OpenAPI) or in its URL (HAR)
  bool assets = false;  // HAR: pictures, styles, scripts and fonts, too
};

struct Imported {
  std::string config;                  // YAML
  std::vector<std::string> notes;      // what was not taken over as it was
  std::vector<std::string> variables;  // to be set before a run
  std::size_t tasks = 0;
};

StatusOr<Imported> ImportOpenApi(std::string_view text, const Options& options);
StatusOr<Imported> ImportHar(std::string_view text, const Options& options);
// One or more commands as a shell would read them.
StatusOr<Imported> ImportCurl(std::string_view text, const Options& options);

}  // namespace sfp::import
