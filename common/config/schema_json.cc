#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "common/base/text.h"
#include "common/config/schema.h"

namespace sfp::config {
namespace {

using Kind = Rule::Kind;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  AppendJsonEscaped(out, text);
  return out + '"';
}

// Any value may be written with ${VARIABLE}, which makes it a string.
constexpr std::string_view kOrVariable = "{\"type\": \"string\", \"pattern\": \"[$][{]\"}";

std::string AnyOf(std::initializer_list<std::string_view> choices) {
  std::string out = "{\"anyOf\": [";
  bool first = true;
  for (const std::string_view choice : choices) {
    if (!first) out += ", ";
    first = false;
    out += choice;
  }
  return out + "]}";
}

class SchemaWriter {
 public:
  std::string Write() {
    std::string out =
        "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
        "  \"title\": \"sfp configuration\",\n";
    out += Members(FileRule(), 2);
    for (std::size_t i = 0; i < recursive_.size(); ++i) {
      out += i == 0 ? ",\n  \"definitions\": {\n" : ",\n";
      out += "    " + Quoted(recursive_[i]->recursive) + ": " + Plain(*recursive_[i], 4);
    }
    if (!recursive_.empty()) out += "\n  }";
    return out + "\n}\n";
  }

 private:
  static std::string Pad(int indent) { return std::string(static_cast<std::size_t>(indent), ' '); }

  // What follows "type": of an object, without the braces around.
  std::string Members(const Rule& rule, int indent) {
    std::string out = Pad(indent) + "\"type\": \"object\",\n";
    if (rule.kind == Kind::kNamed) {
      if (rule.least > 0)
        out += Pad(indent) + absl::StrFormat("\"minProperties\": %d,\n", rule.least);
      return out + Pad(indent) + "\"additionalProperties\": " + Value(*rule.element, indent);
    }
    out += Pad(indent) + "\"additionalProperties\": false,\n";
    std::string required, choice;
    for (const Key& key : rule.keys) {
      if (key.required) required += (required.empty() ? "" : ", ") + Quoted(key.name);
      if (!rule.needs.empty() && key.group == rule.needs) {
        choice += (choice.empty() ? "" : ", ") + ("{\"required\": [" + Quoted(key.name) + "]}");
      }
    }
    if (!required.empty()) out += Pad(indent) + "\"required\": [" + required + "],\n";
    if (!choice.empty()) out += Pad(indent) + "\"oneOf\": [" + choice + "],\n";
    out += Pad(indent) + "\"properties\": {";
    bool first = true;
    for (const Key& key : rule.keys) {
      out += first ? "\n" : ",\n";
      first = false;
      out += Pad(indent + 2) + Quoted(key.name) + ": " + Property(key, indent + 2);
    }
    return out + "\n" + Pad(indent) + "}";
  }

  std::string Property(const Key& key, int indent) {
    std::string out =
        "{\n" + Pad(indent + 2) + "\"description\": " + Quoted(key.description) + ",\n";
    const bool has_default = key.fallback != nullptr && key.rule->kind != Kind::kMap;
    if (has_default) out += Pad(indent + 2) + "\"default\": " + Default(key) + ",\n";
    if (!key.rule->text && (key.rule->kind == Kind::kMap || key.rule->kind == Kind::kNamed)) {
      return out + Members(*key.rule, indent + 2) + "\n" + Pad(indent) + "}";
    }
    const std::string value = Value(*key.rule, indent);
    // The members of the value's own object, one level up.
    return out + Pad(indent + 2) + value.substr(1, value.size() - 2) + "\n" + Pad(indent) + "}";
  }

  static std::string Default(const Key& key) {
    switch (key.rule->kind) {
      case Kind::kInteger:
      case Kind::kBool:
      case Kind::kRate:
      case Kind::kRedirects:
        return key.fallback;
      default:
        return Quoted(key.fallback);
    }
  }

  std::string Value(const Rule& rule, int indent) {
    if (rule.recursive.empty()) return Plain(rule, indent);
    if (std::find(recursive_.begin(), recursive_.end(), &rule) == recursive_.end()) {
      recursive_.push_back(&rule);
    }
    // Beside a bare $ref a description would not count.
    return absl::StrFormat("{\"allOf\": [{\"$ref\": \"#/definitions/%s\"}]}", rule.recursive);
  }

  std::string Plain(const Rule& rule, int indent) {
    const std::string number = absl::StrFormat(
        "{\"type\": \"integer\", \"minimum\": %d, \"maximum\": %d}", rule.least, rule.most);
    static constexpr std::string_view kBool = "{\"type\": \"boolean\"}";
    static constexpr std::string_view kDuration = "\"^0$|^([0-9.]+(h|m|s|ms|us|ns))+$|[$][{]\"";
    static constexpr std::string_view kStatus =
        "{\"type\": [\"integer\", \"string\"], \"pattern\": "
        "\"^[1-9][0-9]{2}(-[1-9][0-9]{2})?$|^[1-9]xx$|[$][{]\"}";
    switch (rule.kind) {
      case Kind::kText:
      case Kind::kTemplate:
        return "{\"type\": [\"string\", \"number\", \"boolean\"]}";
      case Kind::kFile:
        return "{\"type\": \"string\"}";
      case Kind::kWord: {
        std::string words;
        for (const std::string_view word : rule.words) {
          words += (words.empty() ? "" : ", ") + Quoted(word);
        }
        return "{\"enum\": [" + words + "]}";
      }
      case Kind::kInteger:
        return AnyOf({number, kOrVariable});
      case Kind::kRate:
        return absl::StrFormat(
            "{\"type\": [\"number\", \"string\"], \"%s\": 0, \"maximum\": %d, "
            "\"pattern\": \"^[0-9.]+(/[smh])?$|[$][{]\"}",
            rule.zero ? "minimum" : "exclusiveMinimum", rule.most);
      case Kind::kDuration:
        return absl::StrFormat(
            "{\"type\": [\"string\", \"integer\"], \"maximum\": 0, \"pattern\": %s}", kDuration);
      case Kind::kAutoDuration:
        return absl::StrFormat("{\"type\": \"string\", \"pattern\": \"^auto$|%s}",
                               kDuration.substr(1));
      case Kind::kBytes:
        return "{\"type\": [\"string\", \"integer\"], \"pattern\": "
               "\"^[0-9.]+([KMG]i?)?B?$|[$][{]\"}";
      case Kind::kBool:
        return AnyOf({kBool, kOrVariable});
      case Kind::kRedirects:
        return AnyOf({kBool, number, kOrVariable});
      case Kind::kStatus:
        return std::string(kStatus);
      case Kind::kStatuses:
        return AnyOf(
            {kStatus,
             absl::StrFormat("{\"type\": \"array\", \"minItems\": 1, \"items\": %s}", kStatus)});
      case Kind::kJson:
        return "{\"type\": [\"object\", \"array\", \"string\", \"number\", \"boolean\", \"null\"]}";
      case Kind::kList:
        return absl::StrFormat(
            "{\"type\": \"array\", \"minItems\": %d, \"maxItems\": %d, \"items\": %s}", rule.least,
            rule.most, Value(*rule.element, indent));
      case Kind::kNamed:
      case Kind::kMap: {
        const std::string map = "{\n" + Members(rule, indent + 2) + "\n" + Pad(indent) + "}";
        return rule.text ? AnyOf({"{\"type\": \"string\"}", map}) : map;
      }
    }
    return "{}";
  }

  std::vector<const Rule*> recursive_;  // found so far
};

}  // namespace

std::string JsonSchema() { return SchemaWriter().Write(); }

}  // namespace sfp::config
