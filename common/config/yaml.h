#pragma once

// Text to tree. The one file behind this that knows yaml-cpp is yaml.cc.
//
// Refused, each with one finding: what is not UTF-8 text, bad YAML (only its first mistake: what
// follows can't be trusted), a second document, nesting beyond kMostDepth, more than kMostNodes
// values, which also stops aliases that multiply ("billion laughs"). Duplicate keys are reported
// and the tree goes on.
//
// Thread: pure function.

#include <optional>
#include <string_view>

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace sfp::config {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr int kMostDepth = 64;
constexpr std::size_t kMostNodes = 250'000;

struct YamlLimits {
  int depth = kMostDepth;
  std::size_t nodes = kMostNodes;
};

// Nothing if there is no tree to go on with; an empty file is a tree of kind kNull.
std::optional<Node> ParseYaml(std::string_view text, Diagnostics& diagnostics,
                              YamlLimits limits = {});

// The first byte that is not part of valid UTF-8 text, or npos. Control characters other than tab
// and line ends count as invalid.
std::size_t FindNonText(std::string_view text);

}  // namespace sfp::config
