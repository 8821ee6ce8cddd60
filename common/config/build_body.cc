#include <algorithm>
#include <boost/json/parse.hpp>
#include <filesystem>

#include "common/base/text.h"
#include "common/config/blocks.h"
#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/template.h"

namespace sfp::config {
namespace {

constexpr std::size_t kMostFileBytes = 16 << 20;   // of one file, which each request holds anew
constexpr std::size_t kMostFilesBytes = 64 << 20;  // of all

void CheckTemplates(const Node& node, Context& context) {
  if (node.is_scalar()) CheckTemplate(node, context);
  for (const Node& child : node.children) {
    if (child.key.find("{{") != std::string::npos) {
      Node key;
      key.kind = Node::Kind::kScalar;
      key.place = child.key_place;
      key.value = child.key;
      CheckTemplate(key, context);
    }
    CheckTemplates(child, context);
  }
}

// A text body: with any value in the place of its templates it has to be JSON.
void CheckJsonText(const Node& json, Context& context) {
  const auto pieces = scenario::ParseTemplate(json.value);
  if (!pieces.ok()) return;
  std::string sample;
  for (const scenario::TemplatePiece& piece : *pieces) sample += piece.variable ? "0" : piece.text;
  boost::json::error_code error;
  boost::json::parse(sample, error);
  if (error) context.Add(json, "this is not JSON: " + error.message());
}

// The content of a file that a task sends.
std::string ContentOf(const Node& file, Context& context) {
  std::string content;
  if (!file.is_scalar() || file.value.empty()) return content;
  std::string error = ReadBlocks(context.PathOf(file), [&](std::string_view block) {
    content += block;
    return content.size() <= kMostFileBytes;
  });
  context.file_bytes += content.size();
  if (error.empty() && content.size() > kMostFileBytes) error = "it is larger than 16 MiB";
  if (error.empty() && context.file_bytes > kMostFilesBytes) {
    error = "the files that are sent are larger than 64 MiB altogether";
  }
  if (!error.empty()) {
    context.Add(file, "can't read " + Quote(file) + ": " + error);
    content.clear();
  } else {
    context.notes[&file] = std::to_string(content.size()) + " bytes";
  }
  return content;
}

void BuildPart(const Node& part, Context& context, v1::Body::Multipart::Part& out) {
  out.set_name(part.key);
  if (part.is_scalar()) {
    CheckTemplate(part, context);
    out.set_value(part.value);
    return;
  }
  const Node* file = part.Get("file");
  if (file == nullptr) return;
  out.set_content(ContentOf(*file, context));
  out.set_file_name(
      Text(part.Get("name")).value_or(std::filesystem::path(file->value).filename().string()));
  out.set_type(Text(part.Get("type")).value_or("application/octet-stream"));
  const Node* type = part.Get("type");
  if (type != nullptr && type->is_scalar() && type->value.find('/') == std::string::npos) {
    context.Add(*type, Quote(*type) + " is no media type such as image/png");
  }
  if (const Node* name = part.Get("name"); name != nullptr && Text(name) == "") {
    context.Add(*name, "a file's name is not empty");
  }
}

bool IsJsonNumber(std::string_view text) {
  if (text.empty() || (text[0] != '-' && (text[0] < '0' || text[0] > '9'))) return false;
  boost::json::error_code error;
  boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  return !error;
}

std::string JsonEscaped(std::string_view text) {
  std::string out;
  AppendJsonEscaped(out, text);
  return out;
}

// The quotes within a call are the template's, not JSON's.
void AppendString(std::string& out, std::string_view text) {
  out += '"' + scenario::EscapeLiterals(text, &JsonEscaped) + '"';
}

void AppendJson(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::kScalar:
      if (!node.quoted && (ToBool(node.value) || IsJsonNumber(node.value))) {
        out += node.value;
      } else {
        AppendString(out, node.value);
      }
      return;
    case Node::Kind::kList:
    case Node::Kind::kMap: {
      out += node.is_map() ? '{' : '[';
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += ',';
        if (node.is_map()) {
          AppendString(out, node.children[i].key);
          out += ':';
        }
        AppendJson(out, node.children[i]);
      }
      out += node.is_map() ? '}' : ']';
      return;
    }
    default:
      out += "null";
  }
}

}  // namespace

std::string JsonText(const Node& json) {
  std::string text;
  AppendJson(text, json);
  return text;
}

void BuildBody(const Node& task, Context& context, v1::Task& out) {
  v1::Body& to = *out.mutable_body();
  if (const Node* body = task.Get("body"); body != nullptr && body->is_scalar()) {
    CheckTemplate(*body, context);
    to.set_text(body->value);
  } else if (body != nullptr && body->Get("file") != nullptr) {
    to.set_raw(ContentOf(*body->Get("file"), context));
  }
  if (const Node* json = task.Get("json"); json != nullptr && json->kind != Node::Kind::kBroken) {
    CheckTemplates(*json, context);
    if (json->is_scalar()) CheckJsonText(*json, context);
    to.set_json(json->is_scalar() ? json->value : JsonText(*json));
  }
  if (const Node* form = task.Get("form")) {
    BuildFields(form, context, *to.mutable_form()->mutable_fields());
  }
  if (const Node* parts = task.Get("multipart"); parts != nullptr && parts->is_map()) {
    for (const Node& part : parts->children) {
      BuildPart(part, context, *to.mutable_multipart()->add_parts());
    }
  }
  to.set_gzip(Bool(task.Get("gzip")).value_or(false));
  if (to.kind_case() == v1::Body::KIND_NOT_SET) out.clear_body();
}

}  // namespace sfp::config
