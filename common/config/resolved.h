#pragma once

// The plan as it came out: the tree written as YAML in the table's order, with every default filled
// in, variables resolved and secrets as "***". It is itself a valid configuration (with odd
// credentials).
//
// Thread: pure functions.

#include <string>
#include <vector>

#include "common/config/builder.h"
#include "common/config/node.h"
#include "common/config/schema.h"

namespace sfp::config {

// `notes` become comments behind the values that they are about.
std::string ResolvedYaml(const Node& root, const std::map<const Node*, std::string>& notes);

// What must not be printed anywhere, longest first. Texts of less than 5 characters are left out:
// replacing them would garble innocent words more than it would hide. Numbers, durations and other
// typed values from variables are no secrets.
std::vector<std::string> SecretsOf(const Node& root);

}  // namespace sfp::config
