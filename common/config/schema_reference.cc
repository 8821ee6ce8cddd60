#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "common/config/schema.h"

namespace sfp::config {
namespace {

using Kind = Rule::Kind;

// What stands in a cell of a Markdown table.
std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '<' ? "&lt;" : std::string(1, c);
  }
  return out;
}

std::string Code(std::string_view text) { return "`" + std::string(text) + "`"; }

// The map that a value is or is made of, if it has keys of its own.
const Rule* MapOf(const Rule& rule) {
  if (rule.kind == Kind::kMap) return &rule;
  return rule.element == nullptr ? nullptr : MapOf(*rule.element);
}

// How a map below is written in a path: data.NAME, thresholds[].
std::string PathBelow(const std::string& path, const Rule& rule) {
  if (rule.kind == Kind::kNamed) return PathBelow(path + ".NAME", *rule.element);
  if (rule.kind == Kind::kList) return PathBelow(path + "[]", *rule.element);
  return path;
}

class Reference {
 public:
  std::string Write() {
    Section("", FileRule());
    // Each section may add further ones behind it.
    for (std::size_t i = 0; i < sections_.size(); ++i) {
      out_ += "\n### " + (sections_[i].path.empty() ? "The file" : sections_[i].path) + "\n\n";
      out_ += "| key | takes | default | meaning |\n|---|---|---|---|\n";
      const Rule& rule = *sections_[i].rule;
      for (const Key& key : rule.keys) Row(rule, key, sections_[i].path);
    }
    return out_;
  }

 private:
  struct SectionOf {
    std::string path;
    const Rule* rule;
  };

  // A map that is used in several places stands once.
  std::string Section(const std::string& path, const Rule& rule) {
    const auto known = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const SectionOf& one) { return one.rule == &rule; });
    if (known != sections_.end()) return known->path;
    sections_.push_back({path, &rule});
    return path;
  }

  static std::string Takes(const Rule& rule) {
    switch (rule.kind) {
      case Kind::kMap:
        return rule.text ? "text, or a map" : "a map";
      case Kind::kNamed:
        return "a map from names";
      default:
        return Describe(rule);
    }
  }

  void Row(const Rule& rule, const Key& key, const std::string& path) {
    const std::string name(key.name);
    std::string takes = Cell(Takes(*key.rule));
    if (const Rule* keys = MapOf(*key.rule); keys != nullptr) {
      const std::string below = PathBelow(path.empty() ? name : path + "." + name, *key.rule);
      takes += ": see *" + Section(below, *keys) + "*";
    }
    const bool map = key.rule->kind == Kind::kMap || key.rule->kind == Kind::kNamed;
    if (map && !key.rule->example.empty()) {
      takes += ", such as " + Code(key.rule->example);
    }
    std::string fallback = "none";
    if (key.required) fallback = "**needed**";
    if (!key.group.empty() && key.group == rule.needs) fallback = "one of these";
    if (key.fallback != nullptr) {
      fallback = std::string_view(key.fallback).empty() ? "empty" : Code(key.fallback);
      if (key.rule->kind == Kind::kMap) fallback = "as below";
    }
    std::string meaning = Cell(key.description);
    if (!key.with.empty()) meaning += " Only beside " + Code(key.with) + ".";
    if (!key.unless.empty()) meaning += " No default beside " + Code(key.unless) + ".";
    out_ += "| " + Code(name) + " | " + takes + " | " + fallback + " | " + meaning + " |\n";
  }

  std::vector<SectionOf> sections_;
  std::string out_;
};

}  // namespace

std::string MarkdownReference() { return Reference().Write(); }

}  // namespace sfp::config
