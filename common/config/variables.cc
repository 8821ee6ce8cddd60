#include "common/config/variables.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/config/values.h"
#include "common/config/yaml.h"

namespace sfp::config {
namespace {

constexpr std::string_view kStars = "***";

bool IsVariableName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

// Fills one scalar in; value and shown grow side by side.
class Filler {
 public:
  Filler(Node& node, const Environment& environment, Diagnostics& diagnostics)
      : node_(node), environment_(environment), diagnostics_(diagnostics) {}

  void Fill() {
    std::string_view rest = node_.value;
    while (!rest.empty()) {
      const std::size_t dollar = std::min(rest.find('$'), rest.size());
      Both(rest.substr(0, dollar));
      rest.remove_prefix(dollar);
      if (rest.empty()) break;
      if (rest.starts_with("${")) {
        rest.remove_prefix(Variable(rest));
      } else {
        Both("$");
        rest.remove_prefix(rest.starts_with("$$") ? 2 : 1);
      }
    }
    if (!node_.variables.empty()) {
      node_.shown = std::move(shown_);
    }
    node_.value = std::move(value_);
  }
  bool failed() const { return failed_; }

 private:
  void Both(std::string_view text) {
    value_ += text;
    shown_ += text;
  }

  // Returns how much of `text` the variable takes.
  std::size_t Variable(std::string_view text) {
    const std::size_t end = text.find('}');
    const bool failed_before = std::exchange(failed_, true);
    if (end == std::string_view::npos) {
      diagnostics_.AddWithin(node_, text.substr(0, 2),
                             "'${' is not closed by '}' (write '$$' for a plain dollar)");
      return text.size();
    }
    const std::string_view whole = text.substr(0, end + 1);
    const std::string_view inside = text.substr(2, end - 2);
    const std::size_t colon = inside.find(":-");
    const std::string_view name = inside.substr(0, colon);
    if (!IsVariableName(name)) {
      diagnostics_.AddWithin(node_, whole,
                             "a variable is written ${NAME} or ${NAME:-default} (and '$$' is a "
                             "plain dollar)");
      return whole.size();
    }
    failed_ = failed_before;
    const auto value = environment_ ? environment_(name) : std::nullopt;
    const bool has_default = colon != std::string_view::npos;
    if (value && !(value->empty() && has_default)) {
      if (FindNonText(*value) != std::string_view::npos) {
        failed_ = true;
        diagnostics_.AddWithin(node_, whole,
                               "variable '" + std::string(name) + "' does not hold UTF-8 text");
        return whole.size();
      }
      value_ += *value;
      if (!value->empty()) shown_ += kStars;
      node_.variables.push_back(*value);
    } else if (has_default) {
      Both(inside.substr(colon + 2));
    } else {
      diagnostics_.AddWithin(node_, whole,
                             "variable '" + std::string(name) + "' is not set (${" +
                                 std::string(name) + ":-default} would give it a default)");
      failed_ = true;
    }
    return whole.size();
  }

  Node& node_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  std::string value_;
  std::string shown_;
  bool failed_ = false;
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool NamesSecret(std::string_view key) {
  static constexpr std::array<std::string_view, 17> kNames = {"password",
                                                              "passwd",
                                                              "bearer",
                                                              "token",
                                                              "secret",
                                                              "authorization",
                                                              "cookie",
                                                              "x-api-key",
                                                              "api-key",
                                                              "apikey",
                                                              "api_key",
                                                              "x-auth-token",
                                                              "access_token",
                                                              "id_token",
                                                              "client_secret",
                                                              "refresh_token",
                                                              "proxy-authorization"};
  return std::find(kNames.begin(), kNames.end(), Lower(key)) != kNames.end();
}

bool IsAuth(std::string_view key) {
  static const std::vector<std::string> kAuth = {"auth"};
  return key.starts_with("auth") || Likely(key, kAuth).has_value();
}

bool IsAuthKeyword(std::string_view key) {
  static constexpr std::string_view kWords[] = {
      "basic",         "bearer",   "user", "password", "oauth2",  "client_id", "scope", "token_url",
      "client_secret", "audience", "in",   "tls",      "api_key", "header",    "query", "value"};
  return std::find(std::begin(kWords), std::end(kWords), key) != std::end(kWords);
}

bool HasUrlCredentials(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority =
      text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3);
  return authority.find('@') != std::string_view::npos;
}

// Names of data are no secret, what they stand for is elsewhere.
bool IsTemplateOnly(std::string_view text) {
  for (const std::string_view scheme : {"Bearer ", "Token "}) {
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  }
  if (text.empty()) return false;
  while (!text.empty()) {
    const std::size_t end = text.find("}}");
    if (!text.starts_with("{{") || end == std::string_view::npos) return false;
    const std::string_view name = text.substr(2, end - 2);
    if (name.find_first_of("(\"'{") != std::string_view::npos) return false;
    text.remove_prefix(end + 2);
  }
  return true;
}

// Of what stands under `auth`, what says where and how.
bool IsHarmless(std::string_view parent, std::string_view key) {
  static constexpr std::string_view kOAuth2[] = {"token_url", "client_id", "scope",
                                                 "audience",  "in",        "tls"};
  if (parent == "oauth2")
    return std::find(std::begin(kOAuth2), std::end(kOAuth2), key) != std::end(kOAuth2);
  return parent == "api_key" && (key == "header" || key == "query");
}

class Marker {
 public:
  explicit Marker(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void Mark(Node& root) {
    Collect(root);
    std::sort(places_.begin(), places_.end());
    Walk(root, "", 0, false);
  }

 private:
  // Where anything begins, to know where a secret ends at the latest.
  void Collect(const Node& node) {
    places_.emplace_back(node.place.line, node.place.column);
    if (node.key_place.line > 0) places_.emplace_back(node.key_place.line, node.key_place.column);
    for (const Node& child : node.children) Collect(child);
  }

  void Hide(const Place& place) {
    const auto next =
        std::upper_bound(places_.begin(), places_.end(), std::pair(place.line, place.column));
    diagnostics_.Hide(place,
                      next == places_.end() ? Place() : Place{{}, next->first, next->second});
  }

  void Walk(Node& node, std::string_view parent, int depth, bool under_auth) {
    if (depth == 1) in_users_ = node.key == "users";
    const bool may_be_auth = depth <= 2 || (depth == 3 && in_users_);
    const bool auth = under_auth ? !IsHarmless(parent, node.key)
                                 : may_be_auth && !node.key.empty() && IsAuth(node.key) &&
                                       !IsUserMap(node, depth);
    node.secret = auth;
    if (under_auth && node.kind == Node::Kind::kNull && !IsAuthKeyword(node.key)) {
      // "user:password" without a space is a key, too.
      Hide(node.key_place);
    }
    if (node.is_scalar()) {
      node.secret = HasUrlCredentials(node.value) ||
                    ((auth || NamesSecret(node.key)) && !IsTemplateOnly(node.value));
      if (node.secret) {
        node.shown = kStars;
        Hide(node.place);
      }
    }
    for (Node& child : node.children) Walk(child, node.key, depth + 1, auth);
  }

  // A class or data source of that name is no credential.
  static bool IsUserMap(const Node& node, int depth) {
    return depth == 2 && (node.Get("tasks") != nullptr || node.Get("values") != nullptr ||
                          node.Get("csv") != nullptr || node.Get("jsonl") != nullptr ||
                          node.Get("collected") != nullptr || node.Get("range") != nullptr);
  }

  Diagnostics& diagnostics_;
  bool in_users_ = false;
  std::vector<std::pair<int, int>> places_;
};

}  // namespace

void Substitute(Node& node, const Environment& environment, Diagnostics& diagnostics) {
  if (node.is_scalar() && node.place.option.empty() && node.value.find('$') != std::string::npos) {
    Filler filler(node, environment, diagnostics);
    filler.Fill();
    if (filler.failed()) node.kind = Node::Kind::kBroken;
    for (const std::string& value : node.variables) {
      if (value.size() >= 5) diagnostics.HideText(value);
    }
  }
  for (Node& child : node.children) Substitute(child, environment, diagnostics);
}

void MarkSecrets(Node& root, Diagnostics& diagnostics) { Marker(diagnostics).Mark(root); }

}  // namespace sfp::config
