#include "master/import/json_text.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "common/base/text.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr std::size_t kLine = 90;   // longer objects get a line for each member
constexpr int kMostYamlDepth = 40;  // with the levels around it below the configuration's limit
constexpr std::size_t kLongestKey = 500;  // YAML bounds a key on one line

std::string Shortest(double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }
std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

int DepthOf(const json::value& value) {
  int deepest = 0;
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (member.key().size() > kLongestKey) return kMostYamlDepth + 1;
      deepest = std::max(deepest, DepthOf(member.value()));
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) deepest = std::max(deepest, DepthOf(item));
  }
  return deepest + 1;
}

// In YAML's double quotes as in JSON's. DEL stands in no configuration.
std::string Quoted(std::string_view text) {
  std::string escaped;
  AppendJsonEscaped(escaped, text);
  std::string out = "\"";
  for (const char c : escaped) {
    if (c == '\x7f') {
      out += "\\u007f";
    } else {
      out += c;
    }
  }
  return out + '"';
}

class Printer {
 public:
  // `in_text`: the result goes through the template of a JSON text, keys included, and through the
  // variables; otherwise YAML's keys meet no variables.
  Printer(const StringText& string, bool in_text) : string_(string), in_text_(in_text) {}

  std::string Print(const json::value& value, std::size_t indent, std::string_view key = {}) {
    switch (value.kind()) {
      case json::kind::string:
        return Quoted(string_(key, View(value.get_string())));
      case json::kind::double_:
        return Shortest(value.get_double());
      case json::kind::array: {
        std::vector<std::string> items;
        for (const json::value& item : value.get_array()) {
          items.push_back(Print(item, indent + 2, key));
        }
        return Joined(items, '[', ']', indent);
      }
      case json::kind::object: {
        std::vector<std::string> items;
        for (const auto& member : value.get_object()) {
          items.push_back(Key(View(member.key())) + ": " +
                          Print(member.value(), indent + 2, View(member.key())));
        }
        return Joined(items, '{', '}', indent);
      }
      default:
        return json::serialize(value);
    }
  }

 private:
  std::string Key(std::string_view key) const {
    if (in_text_) return Quoted(Literal(key));
    std::string out;
    for (std::size_t i = 0; i < key.size(); ++i) {
      const bool braces = key.substr(i, 2) == "{{";
      out += braces ? "{{{{" : std::string(1, key[i]);
      if (braces) ++i;
    }
    return Quoted(out);
  }
  std::string Joined(const std::vector<std::string>& items, char open, char close,
                     std::size_t indent) const {
    std::size_t size = indent;
    bool broken = false;
    for (const std::string& item : items) {
      size += item.size() + 2;
      broken |= item.find('\n') != std::string::npos;
    }
    const bool lines = !in_text_ && (size > kLine || broken);
    std::string out(1, open);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',';
      if (lines) {
        out += '\n' + std::string(indent + 2, ' ');
      } else if (i > 0) {
        out += ' ';
      }
      out += items[i];
    }
    if (lines) out += '\n' + std::string(indent, ' ');
    return out + close;
  }

  const StringText& string_;
  bool in_text_;
};

}  // namespace

StringText HideSecrets(Secrets& secrets) {
  return [&secrets](std::string_view key, std::string_view text) {
    const bool secret = !text.empty() && (IsSecretName(key) || LooksSecret(text));
    return secret ? secrets.Variable(key.empty() ? "secret" : key, text) : Literal(text);
  };
}

void SetJson(Request& request, const json::value& body, const StringText& string) {
  request.body = Request::Body::kJson;
  // A bare string would be read as a JSON text by itself.
  request.yaml = (body.is_object() || body.is_array()) && DepthOf(body) <= kMostYamlDepth;
  request.text = Printer(string, !request.yaml).Print(body, 0);
}

std::string TextOf(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(View(*text));
  if (const auto* number = value.if_double()) return Shortest(*number);
  return json::serialize(value);
}

}  // namespace sfp::import
