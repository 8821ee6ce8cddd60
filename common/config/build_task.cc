#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "common/base/text.h"
#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/collect.h"
#include "common/scenario/matcher.h"
#include "common/scenario/template.h"

namespace sfp::config {
namespace {

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

// What is wrong with the literal parts of a path, or nothing.
std::string WrongPath(std::string_view path) {
  if (path.starts_with("http://") || path.starts_with("https://")) {
    return "a path begins with '/' or '?'; the host stands in target.url";
  }
  if (!path.empty() && path[0] != '/' && path[0] != '?') return "a path begins with '/' or '?'";
  const auto pieces = scenario::ParseTemplate(path);
  if (!pieces.ok()) return "";  // CheckTemplate says so
  for (const scenario::TemplatePiece& piece : *pieces) {
    if (piece.variable) continue;
    const std::string& text = piece.text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (static_cast<unsigned char>(text[i]) <= ' ' || text[i] == 0x7f) {
        return "a path holds no spaces or control characters (write %20 for a space)";
      }
      if (text[i] == '#') return "what follows '#' is never sent (write %23 for the character)";
      if (text[i] == '%' &&
          (i + 2 >= text.size() || !IsHexDigit(text[i + 1]) || !IsHexDigit(text[i + 2]))) {
        return "'%' is followed by two hex digits (write %25 for the character)";
      }
    }
  }
  return "";
}

void BuildRequestLine(const Node& task, Context& context, v1::Task& out) {
  for (const char* method : {"get", "post", "put", "patch", "delete", "head", "options"}) {
    const Node* path = task.Get(method);
    if (path == nullptr) continue;
    std::string upper(method);
    for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
    out.set_method(upper);
    if (!path->is_scalar()) continue;
    out.set_path(path->value);
    CheckTemplate(*path, context);
    if (const std::string wrong = WrongPath(path->value); !wrong.empty()) {
      context.Add(*path, wrong + ", not " + Quote(*path));
    }
  }
}

void BuildFields(const Node* fields, Context& context,
                 google::protobuf::RepeatedPtrField<v1::Header>& out) {
  if (fields == nullptr || !fields->is_map()) return;
  for (const Node& field : fields->children) {
    if (!field.is_scalar()) continue;
    CheckTemplate(field, context);
    v1::Header& to = *out.Add();
    to.set_name(field.key);
    to.set_value(field.value);
  }
}

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

void BuildBody(const Node& task, Context& context, v1::Task& out) {
  if (const Node* body = task.Get("body"); body != nullptr && body->is_scalar()) {
    CheckTemplate(*body, context);
    out.mutable_body()->set_text(body->value);
  }
  if (const Node* json = task.Get("json"); json != nullptr && json->kind != Node::Kind::kBroken) {
    CheckTemplates(*json, context);
    if (json->is_scalar()) CheckJsonText(*json, context);
    out.mutable_body()->set_json(json->is_scalar() ? json->value : JsonText(*json));
  }
  if (const Node* form = task.Get("form")) {
    BuildFields(form, context, *out.mutable_body()->mutable_form()->mutable_fields());
  }
}

void BuildExpect(const Node* expect, v1::Task& out) {
  const Node* status = expect == nullptr ? nullptr : expect->Get("status");
  if (status == nullptr) {
    constexpr std::uint32_t kFirst = 200;
    constexpr std::uint32_t kLast = 399;
    v1::Expect::StatusRange& to = *out.mutable_expect()->add_status();
    to.set_first(kFirst);
    to.set_last(kLast);
    return;
  }
  BuildStatuses(*status, *out.mutable_expect());
}

void BuildCollect(const Node& rule, Context& context, v1::Collect& out) {
  out.set_into(rule.key);
  if (context.diagnostics.full()) return;
  const auto source = context.sources.find(rule.key);
  if (source == context.sources.end()) {
    std::vector<std::string> names;
    for (const auto& [name, known] : context.sources) {
      if (known.collected) names.push_back(name);
    }
    context.diagnostics.Add(rule.key_place,
                            "there is no data '" + rule.key + "'" + Suggest(rule.key, names));
  } else if (!source->second.collected) {
    context.diagnostics.Add(rule.key_place,
                            "data '" + rule.key + "' is not of the kind 'collected'");
  }
  if (const Node* json = rule.Get("json"); json != nullptr && json->is_scalar()) {
    out.set_json(json->value);
    const auto pointer = scenario::ParsePointer(json->value);
    if (!pointer.ok()) context.Add(*json, Message(pointer.status()));
  }
  if (const Node* match = rule.Get("match"); match != nullptr && match->is_scalar()) {
    out.set_match(match->value);
    const auto matcher = scenario::Matcher::Compile(match->value);
    if (match->value.empty()) {
      context.Add(*match, "an empty expression would match nothing; leave 'match' out");
    } else if (!matcher.ok()) {
      context.Add(*match, Message(matcher.status()));
    }
  }
  out.set_pick(Text(rule.Get("pick")) == "all" ? v1::PICK_SEQUENTIAL : v1::PICK_RANDOM);
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

void BuildStatuses(const Node& status, v1::Expect& out) {
  const auto add = [&](const Node& node) {
    if (!node.is_scalar()) return;
    if (const auto range = ToStatus(node.value)) {
      v1::Expect::StatusRange& to = *out.add_status();
      to.set_first(range->first);
      to.set_last(range->last);
    }
  };
  if (status.is_scalar()) add(status);
  for (const Node& item : status.children) add(item);
}

void BuildRequest(const Node& of, Context& context, v1::Task& out) {
  BuildRequestLine(of, context, out);
  BuildFields(of.Get("query"), context, *out.mutable_query());
  BuildHeaders(of.Get("headers"), context, *out.mutable_headers());
  BuildBody(of, context, out);
  BuildExpect(of.Get("expect"), out);
  if (const Node* collect = of.Get("collect"); collect != nullptr && collect->is_map()) {
    for (const Node& rule : collect->children) BuildCollect(rule, context, *out.add_collect());
  }
  if (const auto timeout = DurationOf(of.Get("timeout"))) out.set_timeout_ns(timeout->count());
  if (const auto redirects = Redirects(of.Get("redirects"))) out.set_max_redirects(*redirects);
}

void BuildTask(const Node& task, Context& context, v1::Task& out) {
  out.set_name(task.key);
  out.set_weight(static_cast<std::uint32_t>(Integer(task.Get("weight")).value_or(1)));
  if (const Node* steps = task.Get("steps")) {
    BuildSteps(steps, context, *out.mutable_steps());
    NameRequests(task.key, *out.mutable_steps(), context);
  } else {
    context.endpoints.push_back(task.key);
    BuildRequest(task, context, out);
  }
}

}  // namespace sfp::config
