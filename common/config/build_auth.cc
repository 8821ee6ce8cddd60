#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/text.h"
#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/oauth2.h"
#include "common/scenario/origin.h"

namespace sfp::config {
namespace {

constexpr std::size_t kMostPemBytes = 1 << 20;

bool IsControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f;
}

std::string ReadPem(const Node* file, std::string_view kind, Context& context) {
  if (file == nullptr || !file->is_scalar() || file->value.empty()) return "";
  const std::string path = context.PathOf(*file);
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    context.Add(*file, "can't read " + Quote(*file) + ": " + std::strerror(errno));
    return "";
  }
  if (!S_ISREG(status.st_mode)) {
    context.Add(*file, "can't read " + Quote(*file) + ": it is not a file");
    return "";
  }
  const auto text = ReadFile(path, kMostPemBytes);
  if (!text.ok()) {
    context.Add(*file, "can't read " + Quote(*file) + ": it is larger than 1 MiB or not readable");
    return "";
  }
  if (text->find("-----BEGIN ") == std::string::npos ||
      text->find(std::string(kind) + "-----") == std::string::npos) {
    context.Add(*file, Quote(*file) + " is not a PEM file with a " + std::string(kind));
    return "";
  }
  return *text;
}

void BuildBasic(const Node& basic, Context& context, v1::Auth::Basic& to) {
  const Node* user = basic.Get("user");
  to.set_user(Text(user).value_or(""));
  to.set_password(Text(basic.Get("password")).value_or(""));
  if (to.user().find(':') != std::string::npos) {
    context.Add(*user, "the user of basic auth holds ':', which would end the name");
  }
}

void BuildBearer(const Node& bearer, Context& context, v1::Auth& to) {
  if (!bearer.is_scalar()) return;
  to.set_bearer(bearer.value);
  if (bearer.value.find("{{") != std::string::npos) return CheckTemplate(bearer, context);
  if (bearer.value.empty() || std::any_of(bearer.value.begin(), bearer.value.end(),
                                          [](char c) { return c == ' ' || IsControl(c); })) {
    context.Add(bearer, "a bearer token is not empty and holds no spaces or line ends");
  }
}

// Without settings of its own a token URL on the target's host has the target's.
void BuildOAuth2(const Node& oauth2, const v1::Target& target, Context& context,
                 v1::Auth::OAuth2& to) {
  const Node* url = oauth2.Get("token_url");
  to.set_token_url(Text(url).value_or(""));
  to.set_client_id(Text(oauth2.Get("client_id")).value_or(""));
  to.set_client_secret(Text(oauth2.Get("client_secret")).value_or(""));
  to.set_scope(Text(oauth2.Get("scope")).value_or(""));
  to.set_audience(Text(oauth2.Get("audience")).value_or(""));
  to.set_in_body(Text(oauth2.Get("in")).value_or("") == "body");
  BuildTls(oauth2.Get("tls"), context, *to.mutable_tls());
  if (url == nullptr || !url->is_scalar()) return;
  const auto source = scenario::MakeTokenSource(to);
  if (!source.ok()) return context.Add(*url, Message(source.status()));
  const auto origin = scenario::ParseOrigin(target.url());
  if (oauth2.Get("tls") == nullptr && origin.ok() && origin->host == source->origin.host) {
    *to.mutable_tls() = target.tls();
  }
}

void BuildApiKey(const Node& key, Context& context, v1::Auth::ApiKey& to) {
  const Node* header = key.Get("header");
  const Node* query = key.Get("query");
  const Node* name = header != nullptr ? header : query;
  to.set_name(Text(name).value_or(""));
  to.set_in_query(header == nullptr);
  if (name != nullptr && name->is_scalar()) {
    if (header != nullptr && !IsHeaderName(name->value)) {
      context.Add(*name, Quote(*name) + " is not the name of a header");
    } else if (name->value.empty()) {
      context.Add(*name, "a query parameter needs a name");
    }
  }
  const Node* value = key.Get("value");
  if (value == nullptr || !value->is_scalar()) return;
  to.set_value(value->value);
  CheckTemplate(*value, context);
  if (value->value.empty() || std::any_of(value->value.begin(), value->value.end(), IsControl)) {
    context.Add(*value, "an API key is not empty and holds no control characters");
  }
}

}  // namespace

void BuildAuth(const Node* auth, const v1::Target& target, Context& context, v1::Auth& out) {
  if (auth == nullptr) return;
  if (const Node* basic = auth->Get("basic")) BuildBasic(*basic, context, *out.mutable_basic());
  if (const Node* bearer = auth->Get("bearer")) BuildBearer(*bearer, context, out);
  if (const Node* oauth2 = auth->Get("oauth2")) {
    BuildOAuth2(*oauth2, target, context, *out.mutable_oauth2());
  }
  if (const Node* key = auth->Get("api_key")) BuildApiKey(*key, context, *out.mutable_api_key());
}

void BuildTls(const Node* tls, Context& context, v1::Tls& to) {
  to.set_verify(true);
  if (tls == nullptr) return;
  to.set_verify(Bool(tls->Get("verify")).value_or(true));
  to.set_no_resumption(!Bool(tls->Get("resume")).value_or(true));
  to.set_ca_pem(ReadPem(tls->Get("ca"), "CERTIFICATE", context));
  to.set_cert_pem(ReadPem(tls->Get("cert"), "CERTIFICATE", context));
  to.set_key_pem(ReadPem(tls->Get("key"), "PRIVATE KEY", context));
  const Node* name = tls->Get("server_name");
  if (const auto text = Text(name)) {
    to.set_server_name(*text);
    const bool good = !text->empty() && std::all_of(text->begin(), text->end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '.' || c == '_';
    });
    if (!good) context.Add(*name, "server_name is a host name, not " + Quote(*name));
  }
}

void BuildCertificate(const Node& tls, const v1::Target& target, Context& context, v1::Tls& to) {
  const Node* cert = tls.Get("cert");
  to.set_cert_pem(ReadPem(cert, "CERTIFICATE", context));
  to.set_key_pem(ReadPem(tls.Get("key"), "PRIVATE KEY", context));
  if (target.url().starts_with("http://")) {
    context.diagnostics.Add(tls.key_place, "a client certificate needs a target with https");
  }
  if (target.connections().shared() > 0) {
    context.diagnostics.Add(tls.key_place,
                            "users with a certificate of their own can't share connections with "
                            "others (target.connections.shared)");
  }
}

}  // namespace sfp::config
