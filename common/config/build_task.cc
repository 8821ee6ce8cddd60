#include "common/config/builder.h"
#include "common/config/values.h"
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

}  // namespace

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
  BuildExpect(of.Get("expect"), context, out);
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
