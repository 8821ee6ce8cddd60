#include "master/import/names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sfp::import {
namespace {

constexpr std::size_t kLongest = 100;

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Every run of other characters becomes one '_'; none at the ends.
std::string Squeeze(std::string_view text, std::string_view also) {
  std::string out;
  for (const char c : text) {
    if (IsAlnum(c) || also.find(c) != std::string_view::npos) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
    if (out.size() == kLongest) break;
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string TaskName(std::string_view text) {
  std::string name = Squeeze(text, "_-./");
  return name.empty() ? "task" : name;
}

std::string DataName(std::string_view text) {
  std::string name = Squeeze(text, "_");
  if (name.empty()) return "value";
  return IsDigit(name[0]) ? "_" + name : name;
}

std::string VariableName(std::string_view text) {
  std::string name = Squeeze(text, "_");
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name.empty()) return "SECRET";
  return IsDigit(name[0]) ? "_" + name : name;
}

std::string UniqueNames::Take(const std::string& wanted) {
  std::string name = wanted;
  for (int k = 2; !taken_.insert(name).second; ++k) name = wanted + "_" + std::to_string(k);
  return name;
}

bool IsSecretName(std::string_view name) {
  const std::string lower = Lower(name);
  const auto contains = [&](std::string_view part) { return lower.find(part) != lower.npos; };
  static constexpr std::array<std::string_view, 14> kParts = {
      "authorization", "password", "passwd", "secret",  "api-key",    "api_key",   "apikey",
      "cookie",        "csrf",     "xsrf",   "session", "credential", "signature", "jwt"};
  // What is said about a secret is none.
  static constexpr std::array<std::string_view, 8> kAbout = {
      "_type", "_name", "_count", "_status", "_scanning", "_url", "_uri", "_at"};
  if (std::any_of(kAbout.begin(), kAbout.end(),
                  [&](std::string_view end) { return lower.ends_with(end); })) {
    return false;
  }
  if (std::any_of(kParts.begin(), kParts.end(), contains)) return true;
  if (lower == "auth" || lower == "x-auth" || lower == "pwd" || lower == "sid") return true;
  // A token is a secret unless it leads to the next page.
  static constexpr std::array<std::string_view, 5> kPages = {"page", "next", "contin", "cursor",
                                                             "tokens"};
  return contains("token") && std::none_of(kPages.begin(), kPages.end(), contains);
}

bool LooksSecret(std::string_view value) {
  const auto dots = std::count(value.begin(), value.end(), '.');
  if (value.starts_with("eyJ") && dots == 2) return true;
  static constexpr std::array<std::string_view, 9> kPrefixes = {
      "sk_live_", "sk_test_", "rk_live_", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "AKIA"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view prefix) {
    return value.starts_with(prefix) && value.size() >= prefix.size() + 8;
  });
}

std::string Secrets::Variable(std::string_view name, std::string_view value) {
  const std::string wanted = VariableName(name);
  const auto [known, is_new] = known_.try_emplace({wanted, std::string(value)});
  if (is_new) {
    known->second = unique_.Take(wanted);
    names_.push_back(known->second);
  }
  return "${" + known->second + ":-change-me}";
}

}  // namespace sfp::import
