#include <string>

#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/matcher.h"

namespace sfp::config {
namespace {

using Steps = google::protobuf::RepeatedPtrField<v1::Step>;

bool IsRequest(const Node& step) {
  for (const char* method : {"get", "post", "put", "patch", "delete", "head", "options"}) {
    if (step.Get(method) != nullptr) return true;
  }
  return false;
}

void BuildRequestStep(const Node& step, Context& context, v1::Task& out) {
  if (const Node* name = step.Get("name"); name != nullptr && name->is_scalar()) {
    CheckName(name->place, name->value, "a step", context);
    out.set_name(name->value);
  }
  BuildRequest(step, context, out);
}

void BuildSet(const Node& set, Context& context, v1::Step::Set& out) {
  if (!set.is_map()) return;
  for (const Node& value : set.children) {
    if (!value.is_scalar()) continue;
    const auto source = context.sources.find(value.key);
    if (source == context.sources.end() || !source->second.of_user) {
      std::vector<std::string> names;
      for (const auto& [name, known] : context.sources) {
        if (known.of_user) names.push_back(name);
      }
      context.diagnostics.Add(value.key_place, "there is no data '" + value.key +
                                                   "' with {collected: {scope: user}}" +
                                                   Suggest(value.key, names));
    }
    CheckTemplate(value, context);
    v1::Header& to = *out.add_values();
    to.set_name(value.key);
    to.set_value(value.value);
  }
}

void BuildCondition(const Node& node, Context& context, v1::Condition& out) {
  if (const Node* negated = node.Get("not")) {
    if (negated->is_map()) BuildCondition(*negated, context, out);
    out.set_negated(true);
    return;
  }
  if (const Node* status = node.Get("status")) {
    BuildStatuses(*status, *out.mutable_status());
    return;
  }
  const Node* name = node.Get("name");
  if (name == nullptr || !name->is_scalar()) return;
  out.set_name(name->value);
  if (!context.sources.contains(name->value) && !context.diagnostics.full()) {
    std::vector<std::string> names;
    for (const auto& [known, source] : context.sources) names.push_back(known);
    context.Add(*name, "there is no data " + Quote(*name) + Suggest(name->value, names));
  }
  if (const Node* is = node.Get("is"); is != nullptr && is->is_scalar()) out.set_is(is->value);
  if (const Node* matches = node.Get("matches"); matches != nullptr && matches->is_scalar()) {
    out.set_matches(matches->value);
    const auto matcher = scenario::Matcher::Compile(matches->value);
    if (matches->value.empty()) {
      context.Add(*matches, "an empty expression matches everything; leave 'matches' out");
    } else if (!matcher.ok()) {
      context.Add(*matches, Message(matcher.status()));
    }
  }
}

// The list under `key`, without which `of` makes no sense.
void BuildPart(const Node& step, const char* of, const char* key, Context& context, Steps& out) {
  const Node* part = step.Get(key);
  if (part == nullptr) {
    const Node* head = step.Get(of);
    context.diagnostics.Add(head->key_place,
                            std::string("'") + of + "' needs '" + key + "' beside it");
  }
  BuildSteps(part, context, out);
}

void BuildStep(const Node& step, Context& context, v1::Step& out) {
  if (!step.is_map()) return;
  if (IsRequest(step)) return BuildRequestStep(step, context, *out.mutable_request());
  if (const Node* think = step.Get("think")) {
    BuildWait(think, context, *out.mutable_think());
  } else if (const Node* set = step.Get("set")) {
    BuildSet(*set, context, *out.mutable_set());
  } else if (const Node* condition = step.Get("if")) {
    v1::Step::Choice& choice = *out.mutable_choice();
    BuildCondition(*condition, context, *choice.mutable_condition());
    BuildPart(step, "if", "then", context, *choice.mutable_then());
    BuildSteps(step.Get("else"), context, *choice.mutable_otherwise());
  } else if (const Node* times = step.Get("repeat")) {
    v1::Step::Repeat& repeat = *out.mutable_repeat();
    repeat.set_times(static_cast<std::uint32_t>(Integer(times).value_or(1)));
    BuildPart(step, "repeat", "steps", context, *repeat.mutable_steps());
    if (const Node* until = step.Get("until")) {
      BuildCondition(*until, context, *repeat.mutable_until());
    }
  } else if (const Node* name = step.Get("group")) {
    v1::Step::Group& group = *out.mutable_group();
    if (name->is_scalar()) {
      CheckName(name->place, name->value, "a group", context);
      context.endpoints.push_back(name->value);
      group.set_name(name->value);
    }
    BuildPart(step, "group", "steps", context, *group.mutable_steps());
  }
}

class Namer {
 public:
  Namer(const std::string& task, Context& context) : task_(task), context_(context) {}

  void Name(Steps& steps) {
    for (v1::Step& step : steps) {
      if (step.has_request()) {
        v1::Task& request = *step.mutable_request();
        ++number_;
        if (request.name().empty()) request.set_name(task_ + " " + std::to_string(number_));
        context_.endpoints.push_back(request.name());
      } else if (step.has_choice()) {
        Name(*step.mutable_choice()->mutable_then());
        Name(*step.mutable_choice()->mutable_otherwise());
      } else if (step.has_repeat()) {
        Name(*step.mutable_repeat()->mutable_steps());
      } else if (step.has_group()) {
        Name(*step.mutable_group()->mutable_steps());
      }
    }
  }

 private:
  const std::string& task_;
  Context& context_;
  int number_ = 0;
};

}  // namespace

void NameRequests(const std::string& task, Steps& steps, Context& context) {
  Namer(task, context).Name(steps);
}

void BuildSteps(const Node* steps, Context& context, Steps& out) {
  if (steps == nullptr || !steps->is_list()) return;
  for (const Node& step : steps->children) BuildStep(step, context, *out.Add());
}

}  // namespace sfp::config
