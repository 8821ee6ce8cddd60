#pragma once

// The one description of the configuration file: every key with its type, limits, default and
// meaning. From this table come the checks of Check, the suggestions, schema.json, the reference in
// README.md, and the defaults of the resolved plan.
//
//   Rule: what a value may be          Key: a name in a map, the rule of its value, what it means
//
// Keys of one map with the same `group` exclude each other; a rule's `needs` names the group of
// which one key has to be there. A key `with` others makes sense only beside one of them.
//
// Thread: immutable tables, pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace sfp::config {

struct Key;

struct Rule {
  enum class Kind {
    kText,          // any scalar
    kTemplate,      // text in which {{name}} stands for a value
    kFile,          // a file's name, relative to the configuration
    kWord,          // one of `words`
    kInteger,       // from `least` to `most`
    kRate,          // a number per second, or "600/m"; above 0 (or 0 with `zero`), at most `most`
    kDuration,      // from `least` to `most` ns
    kAutoDuration,  // the same, or "auto"
    kBytes,         // from `least` to `most`
    kBool,
    kRedirects,  // kInteger, or true (10) or false (0)
    kStatus,     // 200, "2xx", "200-299"
    kStatuses,   // one kStatus or a list of them
    kJson,       // anything: a template of a JSON text, or what to make one from
    kList,       // of `element`, from `least` to `most` items
    kNamed,      // a map from names of the user's choice to `element`, at least `least` of them
    kMap,        // of `keys`
  };
  Kind kind = Kind::kText;
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool zero = false;  // of a rate
  bool text = false;  // of a map: a plain text will do, too
  const Rule* element = nullptr;
  std::span<const Key> keys{};
  std::span<const std::string_view> words{};
  std::string_view needs{};    // a group
  std::string_view example{};  // how a value may look
  std::string_view unit{};     // for people
  // A rule that stands within itself: its name in the JSON Schema's definitions.
  std::string_view recursive{};
};

struct Key {
  std::string_view name;
  const Rule* rule;
  const char* fallback;  // as written in a file; "{}": the defaults of its keys; null: none
  std::string_view description;
  bool required = false;
  std::string_view group{};
  std::string_view with{};    // keys, separated by spaces
  std::string_view unless{};  // the fallback does not hold beside this key
};

// The file as a whole.
const Rule& FileRule();

// Reports everything in `node` that the table does not allow. Deeper meanings (names, files, URLs)
// are left to the model builder.
void Check(const Node& node, const Rule& rule, Diagnostics& diagnostics);

// "a whole number from 1 to 100"
std::string Describe(const Rule& rule);

// The JSON Schema (draft 7) of the file: what common/config/schema.json holds.
std::string JsonSchema();

// Every key as Markdown tables, a section for each map: the end of common/config/README.md.
std::string MarkdownReference();

}  // namespace sfp::config
