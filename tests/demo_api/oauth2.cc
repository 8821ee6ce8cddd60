#include "tests/demo_api/oauth2.h"

#include <absl/strings/str_format.h>

#include "common/base/rng.h"
#include "common/base/text.h"

namespace sfp::demo {
namespace {

constexpr std::size_t kMostTokens = 100'000;

}  // namespace

OAuth2::OAuth2(const OAuth2Options& options, const ApiOptions& api)
    : options_(options), id_(api.user), secret_(api.password), state_(api.seed) {}

Answer OAuth2::Refuse(int status, std::string_view error, std::string_view why) {
  ++refused_;
  Answer answer;
  answer.status = status;
  answer.body = absl::StrFormat(R"({"error":"%s","error_description":"%s"})", error, why);
  if (status == 401) answer.fields = "WWW-Authenticate: Basic realm=\"tokens\"\r\n";
  return answer;
}

Answer OAuth2::Grant(std::string_view authorization, std::string_view form, Time now) {
  if (FormField(form, "grant_type") != "client_credentials") {
    return Refuse(400, "unsupported_grant_type", "Only client_credentials is granted here.");
  }
  // RFC 6749, 2.3.1: both are form-encoded before they are joined.
  std::string id, secret;
  AppendPercentEncoded(id, id_);
  AppendPercentEncoded(secret, secret_);
  const bool in_header = authorization == "Basic " + Base64(id + ":" + secret);
  const bool in_form = authorization.empty() && FormField(form, "client_id") == id_ &&
                       FormField(form, "client_secret") == secret_;
  if (!in_header && !in_form) {
    return Refuse(401, "invalid_client", "Unknown client, or a wrong secret.");
  }
  if (tokens_.size() >= kMostTokens) {
    std::erase_if(tokens_, [&](const auto& token) { return token.second <= now; });
  }
  Rng rng(state_++);
  const std::string token = absl::StrFormat("%016x%016x", rng.Next(), rng.Next());
  tokens_[token] = now + options_.lifetime;
  ++granted_;
  Answer answer;
  answer.body = absl::StrFormat(R"({"access_token":"%s","token_type":"Bearer","expires_in":%d})",
                                token, static_cast<std::int64_t>(Seconds(options_.lifetime)));
  answer.fields = "Cache-Control: no-store\r\n";
  return answer;
}

bool OAuth2::Accepts(std::string_view authorization, Time now) {
  static constexpr std::string_view kScheme = "Bearer ";
  if (!authorization.starts_with(kScheme)) return false;
  const auto token = tokens_.find(std::string(authorization.substr(kScheme.size())));
  if (token == tokens_.end()) return false;
  if (token->second > now) return true;
  ++expired_;
  return false;
}

std::string OAuth2::Json() const {
  return absl::StrFormat(R"({"granted":%d,"refused":%d,"expired":%d})", granted_, refused_,
                         expired_);
}

}  // namespace sfp::demo
