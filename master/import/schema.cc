#include "master/import/schema.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "master/import/document.h"
#include "master/import/json_text.h"
#include "master/import/pattern.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr int kMostDepth = 12;
constexpr int kMostValues = 500;  // of one sample
constexpr std::size_t kMostChoices = 50;

// A member of an object, as Member, for objects.
const json::value* Get(const json::object& object, json::string_view key) {
  return object.if_contains(key);
}

// "type", of several (3.1) the first that is not null; guessed where it is left out.
std::string TypeOf(const json::object& schema) {
  const json::value* type = Get(schema, "type");
  if (type != nullptr && type->is_array()) {
    for (const json::value& one : type->get_array()) {
      if (TextOf(one) != "null") return TextOf(one);
    }
  }
  if (type != nullptr && type->is_string()) return TextOf(*type);
  if (Get(schema, "properties") != nullptr || Get(schema, "additionalProperties") != nullptr) {
    return "object";
  }
  return Get(schema, "items") != nullptr ? "array" : "string";
}

// What the document itself names: an example or a default, in the spellings of all versions.
const json::value* Given(const json::object& schema) {
  for (const char* key : {"example", "x-example"}) {
    if (const json::value* value = Get(schema, key)) return value;
  }
  for (const char* key : {"examples", "x-examples"}) {
    const json::value* examples = Get(schema, key);
    const auto* list = examples == nullptr ? nullptr : examples->if_array();
    if (list != nullptr && !list->empty()) return &list->front();
  }
  return Get(schema, "default");
}

std::optional<double> Number(const json::object& schema, json::string_view key) {
  const json::value* value = Get(schema, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

struct Limits {
  std::optional<double> least, most;
};

Limits LimitsOf(const json::object& schema, double step) {
  Limits limits{Number(schema, "minimum"), Number(schema, "maximum")};
  const auto exclusive = [&](const char* key, std::optional<double>& limit, double by) {
    if (const auto bound = Number(schema, key)) {
      limit = *bound + by;  // 3.1: a number of its own
    } else if (const json::value* flag = Get(schema, key);
               flag != nullptr && flag->is_bool() && flag->get_bool() && limit) {
      *limit += by;
    }
  };
  exclusive("exclusiveMinimum", limits.least, step);
  exclusive("exclusiveMaximum", limits.most, -step);
  return limits;
}

// From 1 if that is allowed: ids and pages begin there.
std::int64_t FirstInteger(const Limits& limits) {
  constexpr double kFar = 1e15;
  double value = 1;
  if (limits.most && *limits.most < value) value = std::floor(*limits.most);
  if (limits.least && *limits.least > value) value = std::ceil(*limits.least);
  return static_cast<std::int64_t>(std::clamp(value, -kFar, kFar));
}

std::string Sized(std::string text, const json::object& schema) {
  const auto least = Number(schema, "minLength");
  const auto most = Number(schema, "maxLength");
  constexpr double kLongest = 1000;
  while (least && static_cast<double>(text.size()) < std::min(*least, kLongest)) text += 'x';
  if (most && *most >= 0 && static_cast<double>(text.size()) > *most) {
    text.resize(static_cast<std::size_t>(*most));
  }
  return text;
}

}  // namespace

void Schemas::Merge(const json::value& schema, json::object& into, int depth) {
  const json::value* followed = Follow(root_, schema);
  if (followed == nullptr) {
    notes_.Add("a reference that leads nowhere or into another document is taken for any value",
               TextIn(&schema, "$ref"));
    return;
  }
  // 3.1 allows keys beside a reference; those written here come first.
  const auto* own = schema.if_object();
  const auto* target = followed->if_object();
  if (own == nullptr || target == nullptr) return;
  for (const json::object* part : {own, target}) {
    for (const auto& member : *part) {
      if (member.key() == "properties" && member.value().is_object()) {
        json::value& properties = into["properties"];
        if (!properties.is_object()) properties = json::object();
        for (const auto& property : member.value().get_object()) {
          properties.get_object().emplace(property.key(), property.value());
        }
      } else if (member.key() == "required" && member.value().is_array()) {
        json::value& required = into["required"];
        if (!required.is_array()) required = json::array();
        for (const json::value& name : member.value().get_array()) {
          required.get_array().push_back(name);
        }
      } else if (member.key() != "$ref") {
        into.emplace(member.key(), member.value());
      }
    }
    if (own == target) break;
  }
  if (depth >= kMostDepth) return;
  const json::object& last = *target;
  for (const char* key : {"allOf", "oneOf", "anyOf"}) {
    const json::value* parts = Get(last, key);
    if (parts == nullptr || !parts->is_array()) continue;
    for (const json::value& part : parts->get_array()) {
      if (part.is_object() && TextIn(&part, "type") == "null") continue;
      Merge(part, into, depth + 1);
      if (std::string_view(key) != "allOf") break;
    }
  }
}

json::object Schemas::Whole(const json::value& schema) {
  json::object whole;
  Merge(schema, whole, 0);
  return whole;
}

json::value Schemas::Body(const json::value& schema, const std::string& where,
                          std::vector<std::string>& left_out) {
  where_ = where;
  budget_ = kMostValues;
  open_.clear();
  left_out_ = &left_out;
  return Sample(schema, 0);
}

json::value Schemas::Sample(const json::value& schema, int depth) {
  const json::value* followed = Follow(root_, schema);
  if (--budget_ < 0 || depth > kMostDepth || followed == nullptr ||
      std::find(open_.begin(), open_.end(), followed) != open_.end()) {
    return nullptr;
  }
  open_.push_back(followed);
  const json::object whole = Whole(schema);
  json::value sample;
  const std::string type = TypeOf(whole);
  if (const json::value* given = Given(whole)) {
    sample = *given;
  } else if (const json::value* constant = Get(whole, "const")) {
    sample = *constant;
  } else if (const json::value* choices = Get(whole, "enum");
             choices != nullptr && choices->is_array() && !choices->get_array().empty()) {
    sample = choices->get_array().front();
  } else if (type == "object") {
    sample = Object(whole, depth);
  } else if (type == "array") {
    sample = json::array();
    const json::value* items = Get(whole, "items");
    if (items != nullptr && Number(whole, "minItems").value_or(1) > 0) {
      json::value item = Sample(*items, depth + 1);
      if (!item.is_null()) sample.get_array().push_back(std::move(item));
    }
  } else {
    sample = Scalar(whole, type);
  }
  open_.pop_back();
  return sample;
}

json::value Schemas::Object(const json::object& schema, int depth) {
  json::object object;
  const json::value* properties = Get(schema, "properties");
  if (properties == nullptr || !properties->is_object()) return object;
  std::vector<std::string> required;
  if (const json::value* names = Get(schema, "required"); names != nullptr && names->is_array()) {
    for (const json::value& name : names->get_array()) required.push_back(TextOf(name));
  }
  std::vector<std::pair<std::string, const json::value*>> optional;
  for (const auto& property : properties->get_object()) {
    const std::string name(property.key().data(), property.key().size());
    const json::object whole = Whole(property.value());
    if (IsTrue(&property.value(), "readOnly") ||
        (Get(whole, "readOnly") != nullptr && *Get(whole, "readOnly") == json::value(true))) {
      continue;
    }
    const bool needed = std::find(required.begin(), required.end(), name) != required.end();
    if (needed || Given(whole) != nullptr) {
      object[property.key()] = Sample(property.value(), depth + 1);
    } else {
      optional.emplace_back(name, &property.value());
    }
  }
  if (object.empty() && depth == 0) {
    for (auto& [name, property] : optional) {
      const json::object whole = Whole(*property);
      const std::string type = TypeOf(whole);
      if (type == "object" || type == "array") continue;
      object[name] = Sample(*property, depth + 1);
      property = nullptr;
    }
  }
  if (depth == 0 && left_out_ != nullptr) {
    for (const auto& [name, property] : optional) {
      if (property != nullptr) left_out_->push_back(name);
    }
  }
  return object;
}

json::value Schemas::Scalar(const json::object& schema, const std::string& type) {
  if (type == "boolean") return true;
  if (type == "null") return nullptr;
  if (type == "integer") return FirstInteger(LimitsOf(schema, 1));
  if (type == "number") {
    const Limits limits = LimitsOf(schema, 0.5);
    double value = 1.5;
    if (limits.most && *limits.most < value) value = *limits.most;
    if (limits.least && *limits.least > value) value = *limits.least;
    return value;
  }
  return json::string(Text(schema));
}

std::string Schemas::Text(const json::object& schema) {
  static constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
      {"date", "2026-01-31"},
      {"date-time", "2026-01-31T12:00:00Z"},
      {"time", "12:00:00Z"},
      {"duration", "PT1H"},
      {"uuid", "00000000-0000-4000-8000-000000000001"},
      {"email", "user@example.com"},
      {"hostname", "host.example.com"},
      {"ipv4", "192.0.2.1"},
      {"ipv6", "2001:db8::1"},
      {"uri", "https://example.com/"},
      {"url", "https://example.com/"},
      {"byte", "c2FtcGxl"}};
  const json::value* pattern = Get(schema, "pattern");
  if (pattern != nullptr && pattern->is_string()) {
    const auto text = SampleOf(TextOf(*pattern));
    const auto least = Number(schema, "minLength").value_or(0);
    if (text && static_cast<double>(text->size()) >= least && Sized(*text, schema) == *text) {
      return *text;
    }
    notes_.Add("no text could be made for a pattern; 'sample' stands in its place", where_);
  }
  const json::value* format = Get(schema, "format");
  if (format != nullptr && format->is_string()) {
    for (const auto& [name, text] : kFormats) {
      if (TextOf(*format) == name) return std::string(text);
    }
  }
  return Sized("sample", schema);
}

Samples Schemas::Parameter(const json::value& parameter, const std::string& where) {
  where_ = where;
  budget_ = kMostValues;
  open_.clear();
  left_out_ = nullptr;
  Samples samples;
  const json::value* inner = Member(&parameter, "schema");
  json::object whole = Whole(inner != nullptr ? *inner : parameter);
  const auto add = [&](const json::value& value) {
    const auto* list = value.if_array();
    if (list == nullptr) return samples.values.push_back(TextOf(value));
    for (const json::value& item : *list) samples.values.push_back(TextOf(item));
  };
  // Of OpenAPI 3 a parameter has examples by name.
  if (const json::object* examples = ObjectIn(&parameter, "examples")) {
    for (const auto& example : *examples) {
      const json::value* followed = Follow(root_, example.value());
      if (const json::value* value = Member(followed, "value")) add(*value);
    }
  }
  if (samples.values.empty()) {
    const json::value* given = parameter.is_object() ? Given(parameter.get_object()) : nullptr;
    if (given == nullptr) given = Given(whole);
    if (given != nullptr && !given->is_null()) add(*given);
  }
  samples.given = !samples.values.empty();
  std::string type = TypeOf(whole);
  if (type == "array") {
    const json::value* items = Get(whole, "items");
    whole = items == nullptr ? json::object() : Whole(*items);
    type = "list of " + TypeOf(whole);
    if (samples.values.empty() && Given(whole) != nullptr) add(*Given(whole));
  }
  samples.about = type;
  const json::value* choices = Get(whole, "enum");
  if (choices != nullptr && choices->is_array()) {
    samples.about = "one of";
    for (const json::value& choice : choices->get_array()) {
      if (samples.about.size() < 60) samples.about += " " + TextOf(choice);
      if (!samples.given && samples.values.size() < kMostChoices) add(choice);
    }
  }
  if (!samples.values.empty()) return samples;
  const std::string of = TypeOf(whole);
  if (of == "integer") {
    const Limits limits = LimitsOf(whole, 1);
    const std::int64_t first = FirstInteger(limits);
    std::int64_t last = first + 99;
    if (limits.most) last = std::min(last, static_cast<std::int64_t>(std::min(*limits.most, 1e15)));
    samples.range = {first, std::max(first, last)};
  } else if (of == "boolean") {
    samples.values = {"true", "false"};
  } else {
    add(Scalar(whole, of == "object" ? "string" : of));
  }
  return samples;
}

}  // namespace sfp::import
