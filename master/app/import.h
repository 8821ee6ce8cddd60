#pragma once

// `import`: a configuration from OpenAPI, HAR or curl, written and checked.
//
// Thread: main, before any other exists.

#include <string>

#include "master/import/import.h"

namespace sfp::app {

struct ImportFlags {
  std::string kind;    // "openapi", "har", "curl"; empty: no import
  std::string source;  // a file, "-", or the text of curl commands
  std::string out;     // empty: standard output
  import::Options options;
};

// The configuration on stdout or in the file, what was not taken over on stderr. 0, or 2 with every
// finding if there is nothing to import.
int RunImport(ImportFlags flags);

}  // namespace sfp::app
