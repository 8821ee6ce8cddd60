#pragma once

// A configuration as a tree in which every node knows where it was written: what is left of YAML
// once common/config/yaml.cc has read it.
//
// Values are text as written; what they mean is the schema's business. `quoted` tells "1" from 1. A
// child of a map carries its key and the key's place. A key that stands twice is there twice (and
// was reported).
//
// Secrets: `shown` is what people may see of a scalar. It differs from `value` where a variable was
// filled in or where the scalar is a secret as a whole.
//
// Thread: a value, confined to one Parse.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::config {

// Lines and columns from 1; line 0: no place in the file.
struct Place {
  std::string_view option;  // "--users" if it came from the command line (a literal), else empty
  int line = 0;
  int column = 0;
};

struct Node {
  enum class Kind {
    kNull,
    kScalar,
    kList,
    kMap,
    kBroken,  // already reported: nobody looks inside
  };
  Kind kind = Kind::kNull;
  Place place;
  bool quoted = false;
  bool secret = false;
  std::string value;                   // of a scalar
  std::optional<std::string> shown;    // absent: value
  std::vector<std::string> variables;  // what the environment put into it
  std::vector<Node> children;          // of a list or map
  std::string key;                     // if the parent is a map
  Place key_place;

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  const std::string& Shown() const { return shown ? *shown : value; }

  // The child of a map; null if there is none, or if this is no map.
  const Node* Get(std::string_view name) const {
    if (kind != Kind::kMap) return nullptr;
    for (const Node& child : children) {
      if (child.key == name) return &child;
    }
    return nullptr;
  }
  Node* Get(std::string_view name) {
    return const_cast<Node*>(static_cast<const Node*>(this)->Get(name));
  }
};

}  // namespace sfp::config
