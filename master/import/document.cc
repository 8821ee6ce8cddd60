#include "master/import/document.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/percent.h"
#include "common/config/yaml.h"
#include "master/import/json_text.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostDepth = 200;
constexpr std::size_t kMostYamlNodes = 5'000'000;
constexpr int kMostReferences = 32;

json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }

json::value Scalar(const config::Node& node) {
  if (node.quoted) return json::string(ToJson(node.value));
  if (node.value == "true") return true;
  if (node.value == "false") return false;
  const char first = node.value.empty() ? 'x' : node.value[0];
  if (first == '-' || (first >= '0' && first <= '9')) {
    json::error_code error;
    json::value number = json::parse(ToJson(node.value), error);
    // 1.10 is more likely a version than a number, and would come out as 1.1.
    if (!error && (!number.is_double() || TextOf(number) == node.value)) return number;
  }
  return json::string(ToJson(node.value));
}

json::value FromNode(const config::Node& node) {
  switch (node.kind) {
    case config::Node::Kind::kScalar:
      return Scalar(node);
    case config::Node::Kind::kList: {
      json::array array;
      for (const config::Node& child : node.children) array.push_back(FromNode(child));
      return array;
    }
    case config::Node::Kind::kMap: {
      json::object object;
      for (const config::Node& child : node.children) object[child.key] = FromNode(child);
      return object;
    }
    default:
      return nullptr;
  }
}

std::string At(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? offset : offset - start - 1;
  return absl::StrFormat("%d:%d", line, column + 1);
}

StatusOr<json::value> ReadYaml(std::string_view text, const std::string& path) {
  config::Diagnostics diagnostics(path, text);
  const auto tree =
      config::ParseYaml(text, diagnostics, {static_cast<int>(kMostDepth), kMostYamlNodes});
  std::string errors;
  for (const config::Diagnostic& diagnostic : diagnostics.Take()) {
    errors += (errors.empty() ? "" : "\n") + Format(diagnostic);
  }
  if (!errors.empty() || !tree) return Invalid(errors);
  return FromNode(*tree);
}

}  // namespace

StatusOr<json::value> ReadJson(std::string_view text, const std::string& path) {
  json::parse_options options;
  options.max_depth = kMostDepth;
  json::stream_parser parser({}, options);
  json::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error) {
    const std::size_t rest = text.find_first_not_of(" \t\r\n", read);
    if (rest != std::string_view::npos) {
      return Invalid(path + ":" + At(text, rest) + ": something stands behind the document");
    }
    parser.finish(error);
    if (error) return Invalid(path + ":" + At(text, text.size()) + ": the document is cut off");
    return parser.release();
  }
  return Invalid(path + ":" + At(text, read) + ": this is not JSON: " + error.message());
}

StatusOr<json::value> ReadDocument(std::string_view text, const std::string& path) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Invalid(path + ": the file is empty");
  return text[first] == '{' || text[first] == '[' ? ReadJson(text, path) : ReadYaml(text, path);
}

const json::value* Follow(const json::value& root, const json::value& value) {
  const json::value* at = &value;
  for (int k = 0; k < kMostReferences; ++k) {
    const json::value* reference = Member(at, "$ref");
    if (reference == nullptr || !reference->is_string()) return at;
    const std::string text = TextOf(*reference);
    if (text != "#" && !text.starts_with("#/")) return nullptr;
    json::error_code error;
    at = root.find_pointer(PercentDecoded(std::string_view(text).substr(1)), error);
    if (at == nullptr) return nullptr;
  }
  return nullptr;
}

const json::value* Member(const json::value* object, std::string_view key) {
  const auto* members = object == nullptr ? nullptr : object->if_object();
  return members == nullptr ? nullptr : members->if_contains(ToJson(key));
}

const json::object* ObjectIn(const json::value* object, std::string_view key) {
  const json::value* member = Member(object, key);
  return member == nullptr ? nullptr : member->if_object();
}

const json::array* ArrayIn(const json::value* object, std::string_view key) {
  const json::value* member = Member(object, key);
  return member == nullptr ? nullptr : member->if_array();
}

std::string TextIn(const json::value* object, std::string_view key) {
  const json::value* member = Member(object, key);
  const bool text = member != nullptr && (member->is_string() || member->is_number());
  return text ? TextOf(*member) : "";
}

bool IsTrue(const json::value* object, std::string_view key) {
  const json::value* member = Member(object, key);
  return member != nullptr && member->is_bool() && member->get_bool();
}

std::string PointerSegment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sfp::import
