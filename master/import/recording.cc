#include "master/import/recording.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>

#include "common/base/percent.h"
#include "common/base/text.h"
#include "common/config/yaml.h"
#include "common/scenario/origin.h"
#include "master/import/document.h"
#include "master/import/json_text.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostBody = 100'000;
// Two characters for private use, legal in every text.
constexpr std::string_view kOpen = "\xee\x80\x80";
constexpr std::string_view kClose = "\xee\x80\x81";

bool HasDuplicates(const Pairs& pairs) {
  std::set<std::string> names;
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const auto& pair) { return !names.insert(pair.first).second; });
}

// What browsers and curl add by themselves, or what would defeat the test (caching).
bool IsAutomatic(const std::string& lower) {
  static constexpr std::array<std::string_view, 16> kNames = {"host",
                                                              "connection",
                                                              "content-length",
                                                              "transfer-encoding",
                                                              "te",
                                                              "accept-encoding",
                                                              "keep-alive",
                                                              "upgrade-insecure-requests",
                                                              "priority",
                                                              "pragma",
                                                              "cache-control",
                                                              "if-none-match",
                                                              "dnt",
                                                              "if-modified-since",
                                                              "referer",
                                                              "proxy-connection"};
  return lower.starts_with(':') || lower.starts_with("sec-") ||
         std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

// A double loses the digits of large whole numbers.
bool KeepsNumbers(const json::value& value) {
  constexpr double kExact = 9e15;
  if (const auto* number = value.if_double()) return std::abs(*number) < kExact;
  if (const auto* array = value.if_array()) {
    return std::all_of(array->begin(), array->end(), KeepsNumbers);
  }
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(),
                       [](const auto& member) { return KeepsNumbers(member.value()); });
  }
  return true;
}

std::string_view PathOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find_first_of("/?#", scheme == url.npos ? 0 : scheme + 3);
  return path == url.npos ? std::string_view() : url.substr(path, url.find('#', path) - path);
}

// The path without what looks secret in it.
std::string NameOf(std::string_view path) {
  std::string name;
  for (std::string_view rest = path.substr(0, path.find('?')); !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/', 1), rest.size());
    const std::string segment = PercentDecoded(rest.substr(1, slash - 1));
    name += '/' + (LooksSecret(segment) ? "token" : segment);
    rest.remove_prefix(slash);
  }
  return name;
}

// What may not stand in a request line, encoded; a lone '%', too.
std::string Encoded(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto u = static_cast<unsigned char>(path[i]);
    const bool escape = u == '%' && i + 2 < path.size() &&
                        std::isxdigit(static_cast<unsigned char>(path[i + 1])) &&
                        std::isxdigit(static_cast<unsigned char>(path[i + 2]));
    const bool bad = u <= ' ' || u >= 0x7f || u == '{' || u == '}' || (u == '%' && !escape);
    if (IsShellMark(path.substr(i))) {
      out += path.substr(i, kOpen.size());
      i += kOpen.size() - 1;
    } else if (bad) {
      AppendPercentEncoded(out, path.substr(i, 1));
    } else {
      out += path[i];
    }
  }
  return out;
}

}  // namespace

Pairs FormPairs(std::string_view text) {
  Pairs pairs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      pairs.emplace_back(FormDecoded(pair.substr(0, equals)),
                         FormDecoded(pair.substr(std::min(equals + 1, pair.size()))));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pairs;
}

std::string ShellVariable(std::string_view name) {
  return std::string(kOpen) + std::string(name) + std::string(kClose);
}

bool IsShellMark(std::string_view text) {
  return text.starts_with(kOpen) || text.starts_with(kClose);
}

std::string Recording::Text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find(kOpen), text.size());
    const std::size_t close = text.find(kClose, open);
    if (open == text.size() || close == text.npos) return out + Literal(text);
    out += Literal(text.substr(0, open));
    const std::string name(text.substr(open + kOpen.size(), close - open - kOpen.size()));
    if (shell_variables_.insert(name).second) draft_.variables.push_back(name);
    out += "${" + name + ":-change-me}";
    text.remove_prefix(close + kClose.size());
  }
  return out;
}

std::string Recording::Hidden(std::string_view name, std::string_view value) {
  return value.find(kOpen) != value.npos ? Text(value) : secrets_.Variable(name, value);
}

std::string Recording::Value(std::string_view name, std::string_view value) {
  const bool secret = !value.empty() && (IsSecretName(name) || LooksSecret(value));
  return secret ? Hidden(name, value) : Text(value);
}

std::string Recording::OriginOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return "";
  std::string origin =
      Lower(url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size())));
  if (const std::size_t at = origin.rfind('@'); at != origin.npos) {
    origin.erase(scheme + 3, at - scheme - 2);
  }
  if (origin.starts_with("https://") && origin.ends_with(":443")) origin.resize(origin.size() - 4);
  if (origin.starts_with("http://") && origin.ends_with(":80")) origin.resize(origin.size() - 3);
  return scenario::ParseOrigin(origin).ok() ? origin : "";
}

bool Recording::Add(const Recorded& recorded) {
  const std::string origin = OriginOf(recorded.url);
  if (origin.empty()) {
    draft_.notes.Add("what is not http or https is left out",
                     recorded.url.substr(0, std::min<std::size_t>(recorded.url.find(':'), 20)));
    return false;
  }
  if (draft_.url.empty()) draft_.url = origin;
  if (origin != draft_.url) {
    draft_.notes.Add("requests to other hosts than " + draft_.url + " are left out", origin);
    return false;
  }
  static constexpr std::array<std::string_view, 7> kMethods = {"GET",    "POST", "PUT",    "PATCH",
                                                               "DELETE", "HEAD", "OPTIONS"};
  if (std::find(kMethods.begin(), kMethods.end(), recorded.method) == kMethods.end()) {
    draft_.notes.Add("sfp sends no " + recorded.method + " requests: left out");
    return false;
  }
  Task task;
  const std::string_view path = PathOf(recorded.url);
  task.name = names_.Take(TaskName(Lower(recorded.method) + NameOf(path)));
  task.about = recorded.about;
  task.think_ms = recorded.think_ms;
  Request& request = task.request;
  request.method = recorded.method;
  request.statuses = recorded.statuses;
  request.follow = recorded.follow;
  request.timeout = recorded.timeout;
  SetPath(recorded.url, request);
  SetHeaders(recorded, task.name, request);
  SetBody(recorded, task.name, request);
  draft_.tasks.push_back(std::move(task));
  first_ = false;
  return true;
}

void Recording::SetPath(std::string_view url, Request& request) {
  const std::string_view whole = PathOf(url);
  const std::size_t mark = std::min(whole.find('?'), whole.size());
  std::string path;
  for (std::string_view rest = whole.substr(0, mark); !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/', 1), rest.size());
    const std::string_view segment = rest.substr(rest.starts_with('/') ? 1 : 0, slash - 1);
    const std::string text =
        LooksSecret(segment) ? secrets_.Variable("path_token", segment) : Text(Encoded(segment));
    path += '/' + text;
    rest.remove_prefix(slash);
  }
  if (path.empty() && mark == whole.size()) path = "/";
  // Parameters that hide something go into `query`, the others stay as they were written.
  char separator = '?';
  std::string_view rest = whole.substr(std::min(mark + 1, whole.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const Pairs decoded = FormPairs(pair);
    const bool hide = !decoded.empty() && !decoded[0].second.empty() &&
                      (IsSecretName(decoded[0].first) || LooksSecret(decoded[0].second));
    const bool twice =
        hide && std::any_of(request.query.begin(), request.query.end(),
                            [&](const auto& field) { return field.first == decoded[0].first; });
    if (hide && !twice) {
      request.query.emplace_back(decoded[0].first, Hidden(decoded[0].first, decoded[0].second));
    } else if (!hide) {
      path += separator + Text(Encoded(pair));
      separator = '&';
    }
  }
  request.path = path.empty() ? "/" : path;
}

bool Recording::SetAuthorization(std::string_view value) {
  const std::string lower = Lower(value.substr(0, 7));
  const bool basic = lower.starts_with("basic ");
  if (!basic && lower != "bearer ") return false;
  if (authorization_.empty() && draft_.auth.empty()) {
    if (!first_) {
      draft_.notes.Add("credentials are sent from the first request on; in the source later");
    }
    authorization_ = value;
    if (basic) {
      draft_.auth = {{"user", secrets_.Variable("api_user")},
                     {"password", secrets_.Variable("api_password")}};
    } else {
      draft_.auth = {{"bearer", Hidden("api_token", value.substr(7))}};
    }
  }
  return authorization_ == value;
}

void Recording::SetUser(std::string_view user, std::string_view password) {
  if (!first_) {
    draft_.notes.Add("credentials are sent from the first request on; in the source later");
  }
  authorization_ = "Basic " + Base64(std::string(user) + ":" + std::string(password));
  if (!draft_.auth.empty()) return;
  draft_.auth = {{"user", Hidden("api_user", user)},
                 {"password", Hidden("api_password", password)}};
}

void Recording::SetCookies(std::string_view cookies, const std::string& task, Request& request) {
  std::string header;
  bool in_jar = false;
  Pairs before;
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view pair = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.empty()) continue;
    const std::string name(pair.substr(0, equals));
    if (jar_.contains(name)) {
      in_jar = true;
    } else {
      before.emplace_back(name, pair.substr(std::min(equals + 1, pair.size())));
    }
  }
  for (const auto& [name, value] : before) {
    if (in_jar) {
      draft_.notes.Add("a cookie that no response of the recording set is left out", task);
      continue;
    }
    header += (header.empty() ? "" : "; ") + Text(name) + "=" + Hidden("cookie_" + name, value);
  }
  if (!header.empty()) request.headers.emplace_back("Cookie", header);
}

void Recording::SetHeaders(const Recorded& recorded, const std::string& task, Request& request) {
  std::set<std::string> seen;
  for (const auto& [name, value] : recorded.headers) {
    const std::string lower = Lower(name);
    if (lower == "content-type") continue;  // with the body
    if (lower == "accept-encoding" && value.find("gzip") != std::string::npos) {
      draft_.decompress = true;
      continue;
    }
    if (IsAutomatic(lower)) {
      draft_.notes.Add(
          "headers that a browser sets by itself, or that are about its cache, are left out",
          seen.insert(lower).second ? name : std::string_view());
      continue;
    }
    if (!seen.insert(lower).second) {
      draft_.notes.Add("a header that stands twice is sent once", task + " " + name);
      continue;
    }
    if (lower == "cookie") {
      SetCookies(value, task, request);
    } else if (lower != "authorization" || !SetAuthorization(value)) {
      request.headers.emplace_back(name, Value(name, value));
    }
  }
}

void Recording::SetForm(const Pairs& fields, Request& request) {
  request.body = Request::Body::kForm;
  for (const auto& [name, value] : fields) request.form.emplace_back(name, Value(name, value));
}

void Recording::SetBody(const Recorded& recorded, const std::string& task, Request& request) {
  const std::string bare = Lower(recorded.type.substr(0, recorded.type.find(';')));
  for (const std::string& file : recorded.files) {
    draft_.notes.Add("files in forms are not sent", task + " " + file);
  }
  if (bare == "multipart/form-data" || !recorded.parts.empty()) {
    if (bare == "multipart/form-data") {
      draft_.notes.Add("multipart/form-data is sent as an ordinary form", task);
    }
    if (HasDuplicates(recorded.parts)) {
      draft_.notes.Add("of fields with the same name the last is sent", task);
    }
    Pairs last;
    for (const auto& part : recorded.parts) {
      std::erase_if(last, [&](const auto& other) { return other.first == part.first; });
      last.push_back(part);
    }
    return SetForm(last, request);
  }
  if (recorded.body.empty()) return;
  if (recorded.body.size() > kMostBody) {
    return draft_.notes.Add("a body larger than 100 kB is left out", task);
  }
  if (json::error_code error; bare.ends_with("json")) {
    const json::value body = json::parse(recorded.body, error);
    const bool variables = recorded.body.find(kOpen) != recorded.body.npos;
    if (!error) {
      if (!KeepsNumbers(body)) draft_.notes.Add("large numbers of a body lose digits", task);
      SetJson(request, body,
              [&](std::string_view name, std::string_view text) { return Value(name, text); });
    } else {
      request.body = variables ? Request::Body::kJson : Request::Body::kText;
      request.text = Text(recorded.body);
      draft_.notes.Add("a body that is no JSON stands as it was; does it hold a secret?", task);
    }
    if (bare == "application/json" && request.body == Request::Body::kJson) return;
  } else if (bare == "application/x-www-form-urlencoded") {
    const Pairs fields = FormPairs(recorded.body);
    if (!HasDuplicates(fields)) return SetForm(fields, request);
    std::string text;
    for (const auto& [name, value] : fields) {
      std::string key, encoded;
      AppendPercentEncoded(key, name);
      AppendPercentEncoded(encoded, value);
      const bool secret = IsSecretName(name) || LooksSecret(value);
      text +=
          (text.empty() ? "" : "&") + key + "=" + (secret ? Hidden(name, value) : Text(encoded));
    }
    request.body = Request::Body::kText;
    request.text = text;
  } else {
    request.body = Request::Body::kText;
    request.text = Text(recorded.body);
    draft_.notes.Add(
        "a body that is neither JSON nor a form stands as it was; does it hold a secret?", task);
  }
  if (!recorded.type.empty()) request.headers.emplace_back("Content-Type", Text(recorded.type));
}

Draft Recording::Take() {
  std::vector<Task>& tasks = draft_.tasks;
  if (tasks.size() > 1) {
    const Fields candidates = tasks.front().request.headers;
    for (const auto& header : candidates) {
      const auto has = [&](const Task& task) {
        const Fields& headers = task.request.headers;
        return std::find(headers.begin(), headers.end(), header) != headers.end();
      };
      if (header.first == "Content-Type" || !std::all_of(tasks.begin(), tasks.end(), has)) continue;
      draft_.headers.push_back(header);
      for (Task& task : tasks) std::erase(task.request.headers, header);
    }
  }
  for (const std::string& name : secrets_.names()) draft_.variables.push_back(name);
  return std::move(draft_);
}

}  // namespace sfp::import
