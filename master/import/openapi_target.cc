#include <algorithm>
#include <boost/json.hpp>

#include "common/scenario/origin.h"
#include "master/import/document.h"
#include "master/import/openapi.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

constexpr std::string_view kNowhere = "http://localhost:8080";

// "{region}" replaced by the variable's default.
std::string FillIn(OpenApi& api, const json::value& server) {
  const std::string url = TextIn(&server, "url");
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const std::size_t end = url[i] == '{' ? url.find('}', i) : std::string::npos;
    if (end == std::string::npos) {
      out += url[i];
      continue;
    }
    const std::string name = url.substr(i + 1, end - i - 1);
    const std::string value = TextIn(Member(Member(&server, "variables"), name), "default");
    api.draft.notes.Add("the server's URL has variables; their defaults are used",
                        name + "=" + value);
    out += value;
    i = end;
  }
  return out;
}

// A base path as the configuration wants it: "/v1", or nothing.
std::string BasePath(OpenApi& api, std::string path) {
  const std::size_t end = path.find_first_of("?# ");
  if (end != std::string::npos || path.find("{{") != std::string::npos) {
    api.draft.notes.Add("the base path holds more than a path; this is cut off", path);
    path.resize(std::min(path.size(), std::min(end, path.find("{{"))));
  }
  while (path.ends_with('/')) path.pop_back();
  return path.empty() || path[0] == '/' ? path : "/" + path;
}

// False if this is no URL to send requests to.
bool TakeUrl(OpenApi& api, const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return false;
  const std::size_t path = std::min(url.find('/', scheme + 3), url.size());
  const std::string origin = url.substr(0, path);
  if (!scenario::ParseOrigin(origin).ok()) return false;
  api.draft.url = origin;
  api.draft.base_path = BasePath(api, url.substr(path));
  return true;
}

void Server2(OpenApi& api) {
  const std::string host = TextIn(&api.root, "host");
  std::string scheme = "https";
  if (const json::array* schemes = ArrayIn(&api.root, "schemes")) {
    const auto has = [&](std::string_view name) {
      return std::any_of(schemes->begin(), schemes->end(), [&](const json::value& one) {
        return one.is_string() && one.get_string() == json::string_view(name.data(), name.size());
      });
    };
    if (!has("https") && has("http")) scheme = "http";
    if (has("ws") || has("wss")) api.draft.notes.Add("WebSockets (schemes) are not load-tested");
  }
  const std::string base = TextIn(&api.root, "basePath");
  if (host.empty() || !TakeUrl(api, scheme + "://" + host)) {
    api.draft.url = kNowhere;
    api.draft.notes.Add("the document names no host to send to; --host or target.url says where",
                        host);
  }
  api.draft.base_path = BasePath(api, base);
}

void Server3(OpenApi& api) {
  const json::array* servers = ArrayIn(&api.root, "servers");
  const json::value* first =
      servers == nullptr || servers->empty() ? nullptr : Follow(api.root, servers->front());
  const std::string url = first == nullptr ? "/" : FillIn(api, *first);
  if (!TakeUrl(api, url)) {
    api.draft.url = kNowhere;
    api.draft.base_path = url.find("://") == std::string::npos ? BasePath(api, url) : "";
    api.draft.notes.Add("the document names no host to send to; --host or target.url says where",
                        url == "/" ? "" : url);
  }
  for (std::size_t i = 1; servers != nullptr && i < servers->size() && i < 10; ++i) {
    const std::string about = TextIn(&(*servers)[i], "description");
    api.draft.url_about.push_back("Or " + TextIn(&(*servers)[i], "url") +
                                  (about.empty() ? "" : " (" + about + ")"));
  }
}

// The scheme of this name, wherever this version keeps it.
const json::value* SchemeOf(const OpenApi& api, std::string_view name) {
  const json::value* home = api.v2 ? Member(&api.root, "securityDefinitions")
                                   : Member(Member(&api.root, "components"), "securitySchemes");
  const json::value* scheme = Member(home, name);
  return scheme == nullptr ? nullptr : Follow(api.root, *scheme);
}

// "clientCredentials at https://…/token", the first flow that names a token endpoint.
std::string TokenEndpoint(const json::value& scheme) {
  const std::string url = TextIn(&scheme, "tokenUrl");
  if (!url.empty()) return TextIn(&scheme, "flow") + " flow at " + url;
  const json::object* flows = ObjectIn(&scheme, "flows");
  if (flows == nullptr) return "";
  for (const auto& flow : *flows) {
    const std::string at = TextIn(&flow.value(), "tokenUrl");
    if (!at.empty()) return std::string(flow.key().data(), flow.key().size()) + " flow at " + at;
  }
  return "";
}

// Puts one scheme into the draft; false if sfp has nothing for it.
bool TakeScheme(OpenApi& api, const std::string& name, const json::value& scheme) {
  Draft& draft = api.draft;
  const std::string type = Lower(TextIn(&scheme, "type"));
  const std::string http = Lower(TextIn(&scheme, "scheme"));
  const bool free = draft.auth.empty();
  if (type == "basic" || (type == "http" && http == "basic")) {
    if (!free) return false;
    draft.auth = {{"user", api.secrets.Variable("api_user")},
                  {"password", api.secrets.Variable("api_password")}};
    return true;
  }
  if (type == "apikey") {
    const std::string key = TextIn(&scheme, "name");
    const std::string in = TextIn(&scheme, "in");
    const std::string value = api.secrets.Variable(key);
    if (in == "header" && Lower(key) == "authorization" && !free) return false;
    if (in == "header") draft.headers.emplace_back(key, value);
    if (in == "query") api.key_query.emplace_back(key, value);
    if (in == "cookie") draft.headers.emplace_back("Cookie", key + "=" + value);
    return in == "header" || in == "query" || in == "cookie";
  }
  if (type == "mutualtls") {
    draft.notes.Add("mutual TLS: write tls: {cert: FILE, key: FILE} under target", name);
    return true;
  }
  const bool oauth = type == "oauth2" || type == "openidconnect";
  if (!free || !(oauth || (type == "http" && http == "bearer"))) return false;
  draft.auth = {{"bearer", api.secrets.Variable("api_token")}};
  if (oauth) {
    std::string at = TokenEndpoint(scheme);
    if (at.empty()) at = TextIn(&scheme, "openIdConnectUrl");
    draft.auth_about.push_back("A token of '" + name + "' (" + type +
                               (at.empty() ? "" : ", " + at) + ").");
  }
  return true;
}

// {"a": [], "b": []}: both are needed.
std::string NamesIn(const json::value& requirement) {
  std::string names;
  if (!requirement.is_object()) return names;
  for (const auto& member : requirement.get_object()) {
    names += (names.empty() ? "" : " and ") + std::string(member.key().data(), member.key().size());
  }
  return names;
}

bool IsKnown(const OpenApi& api, const json::value& requirement) {
  if (!requirement.is_object() || requirement.get_object().empty()) return false;
  for (const auto& member : requirement.get_object()) {
    const json::value* scheme =
        SchemeOf(api, std::string_view(member.key().data(), member.key().size()));
    if (scheme == nullptr) return false;
    const std::string type = Lower(TextIn(scheme, "type"));
    const std::string http = Lower(TextIn(scheme, "scheme"));
    if (type == "http" && http != "basic" && http != "bearer") return false;
  }
  return true;
}

}  // namespace

void BuildServers(OpenApi& api) {
  if (api.v2) {
    Server2(api);
  } else {
    Server3(api);
  }
}

void BuildSecurity(OpenApi& api, const std::vector<Operation>& operations) {
  // The document's own requirement, or the first that an operation states.
  const json::array* alternatives = ArrayIn(&api.root, "security");
  for (const Operation& operation : operations) {
    if (alternatives != nullptr && !alternatives->empty()) break;
    const json::array* own = ArrayIn(operation.value, "security");
    if (own != nullptr && !own->empty()) alternatives = own;
  }
  if (alternatives == nullptr || alternatives->empty()) return;
  auto chosen = std::find_if(alternatives->begin(), alternatives->end(),
                             [&](const json::value& one) { return IsKnown(api, one); });
  for (const json::value& one : *alternatives) {
    const std::string names = NamesIn(one);
    if (chosen != alternatives->end() && &one == &*chosen) continue;
    if (names.empty()) continue;
    if (chosen == alternatives->end()) {
      api.draft.notes.Add("sfp has nothing for this kind of security; requests go without", names);
    } else {
      api.draft.auth_about.push_back("The API also takes '" + names + "'.");
    }
  }
  if (chosen == alternatives->end()) return;
  for (const auto& member : chosen->get_object()) {
    const std::string name(member.key().data(), member.key().size());
    const json::value* scheme = SchemeOf(api, name);
    if (scheme != nullptr && TakeScheme(api, name, *scheme)) continue;
    api.draft.notes.Add("this part of the security could not be combined with the rest", name);
  }
  for (const Operation& operation : operations) {
    const json::array* own = ArrayIn(operation.value, "security");
    if (own == nullptr) continue;
    if (own->empty()) {
      api.draft.notes.Add("credentials are sent where the API asks for none, too",
                          operation.method + " " + operation.path);
    } else if (std::none_of(own->begin(), own->end(), [&](const json::value& one) {
                 return NamesIn(one) == NamesIn(*chosen) || NamesIn(one).empty();
               })) {
      api.draft.notes.Add(
          "these ask for other security than the one that is sent (" + NamesIn(*chosen) + ")",
          operation.method + " " + operation.path);
    }
  }
}

}  // namespace sfp::import
