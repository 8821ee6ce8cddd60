#pragma once

// Shorthands of the tests of common/config.
//
// Thread: pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"

namespace sfp::config {

// A file with the parts that each one needs; tests add theirs.
inline const std::string kTarget = "target: {url: \"http://h\"}\n";
inline const std::string kUsers = "users: {u: {tasks: {t: {get: /}}}}\n";

using Variables = std::map<std::string, std::string, std::less<>>;

inline Loaded ParseText(std::string_view text, const Variables& variables = {},
                        const Overrides& overrides = {}, const std::string& path = "c.yaml") {
  const Environment environment =
      [&variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  return Parse(text, path, environment, overrides);
}

// All findings as people see them, without source lines.
inline std::string Findings(const Loaded& loaded) {
  std::string all;
  for (Diagnostic diagnostic : loaded.diagnostics) {
    diagnostic.source_line.clear();
    all += Format(diagnostic) + "\n";
  }
  return all;
}

// With source lines and carets: everything that is ever printed.
inline std::string Printed(const Loaded& loaded) {
  std::string all;
  for (const Diagnostic& diagnostic : loaded.diagnostics) all += Format(diagnostic) + "\n";
  return all;
}

}  // namespace sfp::config
