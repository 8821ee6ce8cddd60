#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/collect.h"
#include "common/scenario/matcher.h"
#include "common/scenario/pattern.h"

namespace sfp::config {
namespace {

void CheckPattern(const Node& expression, Context& context) {
  const auto pattern = scenario::Pattern::Compile(expression.value);
  if (expression.value.empty()) {
    context.Add(expression, "an empty expression says nothing");
  } else if (!pattern.ok()) {
    context.Add(expression, Message(pattern.status()));
  }
}

void BuildCondition(const Node& condition, Context& context, v1::TextCondition& out) {
  const Node* contains = condition.Get("contains");
  const Node* matches = condition.Get("matches");
  if (condition.is_scalar()) {
    CheckTemplate(condition, context);
    out.set_equals(condition.value);
  } else if (contains != nullptr && contains->is_scalar()) {
    CheckTemplate(*contains, context);
    out.set_contains(contains->value);
  } else if (matches != nullptr && matches->is_scalar()) {
    CheckPattern(*matches, context);
    out.set_matches(matches->value);
  }
}

using Parts = google::protobuf::RepeatedPtrField<v1::Expect::Part>;

void BuildParts(const Node* parts, Context& context, Parts& out) {
  if (parts == nullptr || !parts->is_map()) return;
  for (const Node& part : parts->children) {
    v1::Expect::Part& to = *out.Add();
    to.set_name(part.key);
    BuildCondition(part, context, *to.mutable_condition());
  }
}

void BuildSize(const Node* size, Context& context, v1::Expect& out) {
  if (size == nullptr || !size->is_map()) return;
  const auto least = Bytes(size->Get("least"));
  const auto most = Bytes(size->Get("most"));
  if (least) out.set_least_bytes(*least);
  if (most) out.set_most_bytes(*most);
  if (!least && !most) {
    context.diagnostics.Add(size->key_place, "one of least or most is missing in 'size'");
  } else if (least && most && *least > *most) {
    context.Add(*size->Get("most"), "the largest size is smaller than the smallest");
  }
}

// Where a collect rule looks.
void BuildPlace(const Node& rule, Context& context, v1::Collect& out) {
  const auto text = [&](const char* key) -> const Node* {
    const Node* node = rule.Get(key);
    return node != nullptr && node->is_scalar() ? node : nullptr;
  };
  const auto named = [&](const char* key) {
    const Node* node = text(key);
    if (node != nullptr && node->value.empty()) {
      context.Add(*node, "a " + std::string(key) + " has a name");
    }
    return node == nullptr ? "" : node->value;
  };
  if (const Node* json = text("json")) {
    out.set_json(json->value);
    const auto pointer = scenario::ParsePointer(json->value);
    if (!pointer.ok()) context.Add(*json, Message(pointer.status()));
  }
  if (const Node* regex = text("regex")) {
    out.set_regex(regex->value);
    CheckPattern(*regex, context);
  }
  out.set_header(named("header"));
  out.set_cookie(named("cookie"));
  for (const char* key : {"status", "body"}) {
    const Node* node = rule.Get(key);
    if (Bool(node) == false) context.Add(*node, std::string(key) + " is true or left out");
  }
  out.set_status(Bool(rule.Get("status")).value_or(false));
  out.set_body(Bool(rule.Get("body")).value_or(false));
}

}  // namespace

void BuildExpect(const Node* expect, Context& context, v1::Task& out) {
  v1::Expect& to = *out.mutable_expect();
  if (const Node* status = expect == nullptr ? nullptr : expect->Get("status")) {
    BuildStatuses(*status, to);
  } else {
    constexpr std::uint32_t kFirst = 200;
    constexpr std::uint32_t kLast = 399;
    v1::Expect::StatusRange& usual = *to.add_status();
    usual.set_first(kFirst);
    usual.set_last(kLast);
  }
  if (expect == nullptr || !expect->is_map()) return;
  BuildParts(expect->Get("header"), context, *to.mutable_header());
  if (const Node* body = expect->Get("body"); body != nullptr && body->is_map()) {
    BuildCondition(*body, context, *to.add_body());
  }
  BuildParts(expect->Get("json"), context, *to.mutable_json());
  if (const Node* json = expect->Get("json"); json != nullptr && json->is_map()) {
    for (const Node& part : json->children) {
      const auto pointer = scenario::ParsePointer(part.key);
      if (!pointer.ok()) context.diagnostics.Add(part.key_place, Message(pointer.status()));
    }
  }
  BuildSize(expect->Get("size"), context, to);
  if (const auto time = DurationOf(expect->Get("time"))) to.set_most_ns(time->count());
  const std::string otherwise = Text(expect->Get("otherwise")).value_or("fail");
  to.set_otherwise(otherwise == "warn"   ? v1::Expect::WARN
                   : otherwise == "stop" ? v1::Expect::STOP
                                         : v1::Expect::FAIL);
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
  BuildPlace(rule, context, out);
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

}  // namespace sfp::config
