#include <algorithm>
#include <boost/json.hpp>

#include "common/base/text.h"
#include "master/import/document.h"
#include "master/import/json_text.h"
#include "master/import/openapi.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostBody = 20'000;
constexpr std::size_t kMostValue = 1000;

std::string KeyOf(const json::key_value_pair& member) {
  return {member.key().data(), member.key().size()};
}

// The data source of a parameter; the same values under the same name are one source.
std::string SourceOf(OpenApi& api, const std::string& parameter, const Samples& samples) {
  Source source;
  source.range = samples.range;
  source.about = samples.given ? "" : samples.about;
  for (std::string value : samples.values) {
    if (value.size() > kMostValue) {
      value.resize(kMostValue);
      api.draft.notes.Add("a very long example is cut off", parameter);
    }
    if (std::find(source.values.begin(), source.values.end(), value) == source.values.end()) {
      source.values.push_back(std::move(value));
    }
  }
  const std::string wanted = DataName(parameter);
  for (const std::string& name : api.sources[wanted]) {
    const auto known = std::find_if(api.draft.data.begin(), api.draft.data.end(),
                                    [&](const Source& one) { return one.name == name; });
    if (known->SameValues(source)) return name;
  }
  source.name = api.source_names.Take(wanted);
  api.sources[wanted].push_back(source.name);
  api.draft.data.push_back(std::move(source));
  return api.draft.data.back().name;
}

// The value to send for a parameter: a secret's variable, or {{source}}.
std::string ValueOf(OpenApi& api, const std::string& name, const Samples& samples) {
  return IsSecretName(name) ? api.secrets.Variable(name) : Use(SourceOf(api, name, samples));
}

// Literal text of a path: what may not stand in a request line is percent-encoded.
std::string PathText(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto u = static_cast<unsigned char>(text[i]);
    const bool escape = u == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2]));
    const bool bad = u <= ' ' || u >= 0x7f || u == '#' || u == '{' || u == '}' || u == '"' ||
                     u == '<' || u == '>' || u == '\\' || u == '^' || u == '`' || u == '|' ||
                     (u == '%' && !escape);
    if (bad) {
      AppendPercentEncoded(out, text.substr(i, 1));
    } else {
      out += text[i];
    }
  }
  return Literal(out);
}

using Parameters = std::map<std::string, const json::value*>;  // by "in name"

class RequestBuilder {
 public:
  RequestBuilder(OpenApi& api, const Operation& operation, Task& task)
      : api_(api), operation_(operation), task_(task), request_(task.request) {}

  void Build() {
    request_.method = operation_.method;
    CollectParameters(operation_.item);
    CollectParameters(operation_.value);
    BuildPath();
    for (const std::string& key : order_) Place(*parameters_[key]);
    for (const auto& [name, value] : api_.key_query) request_.query.emplace_back(name, value);
    if (api_.v2) {
      Body2();
    } else {
      Body3();
    }
    BuildResponses();
    if (!optional_.empty()) task_.about.push_back("Optional, not sent: " + optional_);
  }

 private:
  void Note(std::string_view what, std::string_view detail = {}) {
    api_.draft.notes.Add(what, task_.name + (detail.empty() ? "" : " " + std::string(detail)));
  }

  // Those of the operation replace those of the path.
  void CollectParameters(const json::value* home) {
    const json::array* list = ArrayIn(home, "parameters");
    if (list == nullptr) return;
    for (const json::value& entry : *list) {
      const json::value* parameter = Follow(api_.root, entry);
      if (parameter == nullptr || TextIn(parameter, "name").empty()) {
        Note("a parameter without a name, or whose reference leads nowhere, is left out",
             TextIn(&entry, "$ref"));
        continue;
      }
      const std::string key = TextIn(parameter, "in") + " " + TextIn(parameter, "name");
      if (parameters_.insert_or_assign(key, parameter).second) order_.push_back(key);
    }
  }

  void BuildPath() {
    const std::string& path = operation_.path;
    std::size_t at = 0;
    while (at < path.size()) {
      const std::size_t open = std::min(path.find('{', at), path.size());
      const std::size_t close = path.find('}', open);
      request_.path += PathText(path.substr(at, open - at));
      if (close == std::string::npos) {
        request_.path += PathText(path.substr(open));
        return;
      }
      const std::string name = path.substr(open + 1, close - open - 1);
      const auto known = parameters_.find("path " + name);
      if (known == parameters_.end()) Note("a part of the path is not described", name);
      static const json::value kNothing = json::object();
      const json::value& parameter = known == parameters_.end() ? kNothing : *known->second;
      request_.path += ValueOf(api_, name, api_.schemas.Parameter(parameter, task_.name));
      at = close + 1;
    }
  }

  void Place(const json::value& parameter) {
    const std::string in = TextIn(&parameter, "in");
    const std::string name = TextIn(&parameter, "name");
    if (in == "path" || in == "body" || in == "formData") return;
    const std::string lower = Lower(name);
    if (in == "header" && (lower == "accept" || lower == "content-type")) return;
    if (in != "query" && in != "header" && in != "cookie") {
      return Note("a parameter in an unknown place is left out", in + " " + name);
    }
    if (IsThere(in, name)) return;  // by the security already
    if (in == "header" && (lower == "content-length" || lower == "transfer-encoding")) return;
    const json::value* schema = Member(&parameter, "schema");
    const json::object whole = api_.schemas.Whole(schema != nullptr ? *schema : parameter);
    const json::value* type = whole.if_contains("type");
    const bool object = (type != nullptr && *type == json::value("object")) ||
                        Member(&parameter, "content") != nullptr;
    const Samples samples = api_.schemas.Parameter(parameter, task_.name);
    const bool required = IsTrue(&parameter, "required");
    if (object && required) return Object(parameter, name, in);
    if (!required && !(samples.given && !object)) {
      optional_ += (optional_.empty() ? "" : ", ") + (in == "query" ? "?" : in + " ") + name +
                   " (" + (object ? "object" : samples.about) + ")";
      return;
    }
    const std::string value = ValueOf(api_, name, samples);
    if (in == "query") request_.query.emplace_back(name, value);
    if (in == "header") request_.headers.emplace_back(name, value);
    if (in == "cookie") AddCookie(name + "=" + value);
  }

  bool IsThere(const std::string& in, const std::string& name) const {
    const auto same = [&](const auto& field) { return Lower(field.first) == Lower(name); };
    if (in == "query") {
      return std::any_of(api_.key_query.begin(), api_.key_query.end(), same);
    }
    const Fields& headers = api_.draft.headers;
    const bool auth = Lower(name) == "authorization" && !api_.draft.auth.empty();
    return in == "header" && (auth || std::any_of(headers.begin(), headers.end(), same));
  }

  // A required object in the query: as JSON, or as name[key]=value.
  void Object(const json::value& parameter, const std::string& name, const std::string& in) {
    if (in != "query") return Note("an object in a header or cookie is left out", name);
    const json::object* content = ObjectIn(&parameter, "content");
    const json::value* schema = content == nullptr || content->empty()
                                    ? Member(&parameter, "schema")
                                    : Member(&content->begin()->value(), "schema");
    std::vector<std::string> left_out;
    static const json::value kNothing = json::object();
    const json::value sample =
        api_.schemas.Body(schema == nullptr ? kNothing : *schema, task_.name, left_out);
    if (content != nullptr) {
      request_.query.emplace_back(name, Literal(json::serialize(sample)));
    } else {
      Flatten(name, sample, request_.query);
    }
  }

  void AddCookie(const std::string& pair) {
    for (auto& [name, value] : request_.headers) {
      if (name == "Cookie") {
        value += "; " + pair;
        return;
      }
    }
    request_.headers.emplace_back("Cookie", pair);
  }

  // a[b][0]=c, as most frameworks read forms and queries.
  void Flatten(const std::string& name, const json::value& value, Fields& out) {
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) {
        const std::string key = KeyOf(member);
        Flatten(name.empty() ? key : name + "[" + key + "]", member.value(), out);
      }
    } else if (const auto* array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        Flatten(name + "[" + std::to_string(i) + "]", (*array)[i], out);
      }
    } else if (!value.is_null()) {
      const std::string text = TextOf(value);
      out.emplace_back(name, IsSecretName(name) || LooksSecret(text)
                                 ? api_.secrets.Variable(name, text)
                                 : Literal(text));
    }
  }

  void SetForm(const json::value& sample) {
    request_.body = Request::Body::kForm;
    Flatten("", sample, request_.form);
  }

  void Body2() {
    std::vector<std::string> types;
    const json::array* consumes = ArrayIn(operation_.value, "consumes");
    if (consumes == nullptr) consumes = ArrayIn(&api_.root, "consumes");
    if (consumes != nullptr) {
      for (const json::value& type : *consumes) types.push_back(TextOf(type));
    }
    json::object form;
    bool any_field = false;
    for (const std::string& key : order_) {
      const json::value& parameter = *parameters_[key];
      const std::string in = TextIn(&parameter, "in");
      if (in == "body") {
        const json::value* schema = Member(&parameter, "schema");
        static const json::value kNothing = json::object();
        SetBody(PickType(types, "application/json"), schema == nullptr ? kNothing : *schema,
                nullptr);
      }
      if (in != "formData") continue;
      any_field = true;
      const Samples samples = api_.schemas.Parameter(parameter, task_.name);
      const std::string name = TextIn(&parameter, "name");
      if (TextIn(&parameter, "type") == "file") {
        Note("files in forms are not sent", name);
      } else if (!IsTrue(&parameter, "required") && !samples.given) {
        optional_ += (optional_.empty() ? "form " : ", form ") + name + " (" + samples.about + ")";
      } else {
        request_.form.emplace_back(name, ValueOf(api_, name, samples));
      }
    }
    if (!any_field) return;
    request_.body = Request::Body::kForm;
    const std::string type = PickType(types, "application/x-www-form-urlencoded");
    if (type.starts_with("multipart/")) {
      Note("multipart/form-data is sent as an ordinary form");
    }
  }

  // JSON if it is offered, then forms, then whatever comes first.
  static std::string PickType(const std::vector<std::string>& types, const std::string& fallback) {
    static constexpr std::string_view kLiked[] = {"application/json", "+json",
                                                  "application/x-www-form-urlencoded"};
    for (const std::string_view liked : kLiked) {
      for (const std::string& type : types) {
        if (type.substr(0, type.find(';')).find(liked) != std::string::npos) return type;
      }
    }
    if (std::find(types.begin(), types.end(), "*/*") != types.end()) return fallback;
    return types.empty() ? fallback : types.front();
  }

  void Body3() {
    const json::value* body = Member(operation_.value, "requestBody");
    if (body == nullptr) return;
    body = Follow(api_.root, *body);
    const json::object* content = ObjectIn(body, "content");
    if (content == nullptr || content->empty()) {
      return Note("a body that is not described is left out");
    }
    std::vector<std::string> types;
    for (const auto& member : *content) types.push_back(KeyOf(member));
    const std::string type = PickType(types, "application/json");
    const auto media = content->find(type);
    const json::value& chosen =
        media == content->end() ? content->begin()->value() : media->value();
    const json::value* schema = Member(&chosen, "schema");
    static const json::value kNothing = json::object();
    SetBody(type, schema == nullptr ? kNothing : *schema, ExampleOf(chosen));
  }

  const json::value* ExampleOf(const json::value& media) const {
    if (const json::value* example = Member(&media, "example")) return example;
    const json::object* examples = ObjectIn(&media, "examples");
    if (examples == nullptr) return nullptr;
    for (const auto& example : *examples) {
      const json::value* followed = Follow(api_.root, example.value());
      if (const json::value* value = Member(followed, "value")) return value;
    }
    return nullptr;
  }

  void SetBody(const std::string& type, const json::value& schema, const json::value* example) {
    std::vector<std::string> left_out;
    const json::value sample =
        example != nullptr ? *example : api_.schemas.Body(schema, task_.name, left_out);
    const std::string bare = Lower(type.substr(0, type.find(';')));
    const bool is_json = bare.ends_with("json");
    if (bare.starts_with("multipart/")) {
      Note("multipart/form-data is sent as an ordinary form");
      SetForm(sample);
    } else if (bare == "application/x-www-form-urlencoded") {
      SetForm(sample);
    } else if (is_json) {
      SetJson(request_, sample, HideSecrets(api_.secrets));
      if (bare != "application/json") request_.headers.emplace_back("Content-Type", type);
    } else {
      if (!sample.is_string()) Note("a body of this type has no example and is 'sample'", type);
      request_.body = Request::Body::kText;
      request_.text = sample.is_string() ? Literal(TextOf(sample)) : "sample";
      request_.headers.emplace_back("Content-Type", type == "*/*" ? "text/plain" : type);
    }
    if (request_.text.size() > kMostBody) {
      Note("an example larger than 20 kB is left out");
      request_.text = is_json ? "{}" : "sample";
    }
    for (const std::string& name : left_out) {
      optional_ += (optional_.empty() ? "body " : ", body ") + name;
    }
  }

  void BuildResponses() {
    const json::object* responses = ObjectIn(operation_.value, "responses");
    if (responses == nullptr) return;
    std::string others;
    bool redirects = false;
    for (const auto& response : *responses) {
      const std::string code = Lower(KeyOf(response));
      const bool number = code.size() == 3 && code[0] >= '1' && code[0] <= '5';
      if (!number) continue;
      if (code[0] == '2' || code[0] == '3') request_.statuses.push_back(code);
      redirects |= code[0] == '3' && code != "304";
      if (code[0] >= '4') others += (others.empty() ? "" : ", ") + code;
    }
    if (request_.statuses.empty() && !others.empty()) {
      Note("no successful status is described; 200-399 is expected");
    }
    request_.follow = !redirects;
    if (!others.empty()) task_.about.push_back("May also answer " + others + ".");
  }

  OpenApi& api_;
  const Operation& operation_;
  Task& task_;
  Request& request_;
  Parameters parameters_;
  std::vector<std::string> order_;
  std::string optional_;
};

}  // namespace

void BuildRequest(OpenApi& api, const Operation& operation, Task& task) {
  RequestBuilder(api, operation, task).Build();
}

}  // namespace sfp::import
