#include "master/app/access.h"

#include <utility>

#include "common/net/secret.h"

namespace sfp::app {
namespace {

constexpr const char* kOpenListen =
    " is open to others, who could join or read the scenario: it needs --tls-dir and a join token "
    "(make both with 'sfp-master certs --out DIR --host NAME'), or --insecure if everybody is "
    "welcome";
constexpr const char* kOpenWeb =
    " needs a token, for others can reach it: give --token-file or SFP_TOKEN, or --insecure if "
    "everybody is welcome, or use 127.0.0.1";

Status CheckListen(const Access& access, const AccessFlags& flags) {
  const auto listen = ParseHostPort(access.listen);
  if (!listen.ok()) return Annotate(listen.status(), "--listen");
  if (IsLoopback(listen->host) || flags.insecure) return Ok();
  if (access.credentials && !access.token.empty()) return Ok();
  std::string missing;
  if (access.credentials) missing = " (the join token is missing: --token-file or SFP_TOKEN)";
  if (!access.token.empty()) missing = " (--tls-dir is missing)";
  return Invalid("--listen " + access.listen + kOpenListen + missing);
}

Status ResolveWeb(Access& access, const AccessFlags& flags) {
  if (flags.no_web) return Ok();
  const auto web = ParseHostPort(flags.web);
  if (!web.ok()) return Annotate(web.status(), "--web");
  access.web = *web;
  if (IsLoopback(web->host) || flags.insecure || !access.token.empty()) return Ok();
  return Invalid("--web " + flags.web + kOpenWeb);
}

}  // namespace

StatusOr<Access> ResolveAccess(const AccessFlags& flags, const char* token_variable) {
  Access access;
  if (!flags.tls_dir.empty()) {
    auto credentials = net::ReadCredentials(flags.tls_dir, net::Purpose::kServer);
    if (!credentials.ok()) return credentials.status();
    access.credentials = *std::move(credentials);
  }
  auto token = net::ChooseToken(flags.token_file, token_variable,
                                access.credentials ? access.credentials->token : "");
  if (!token.ok()) return token.status();
  access.token = *std::move(token);
  if (!flags.listen.empty()) {
    access.listen = flags.listen;
  } else if (access.credentials && !access.token.empty()) {
    access.listen = "0.0.0.0:5557";
  }
  if (Status status = CheckListen(access, flags); !status.ok()) return status;
  if (Status status = ResolveWeb(access, flags); !status.ok()) return status;
  return access;
}

}  // namespace sfp::app
