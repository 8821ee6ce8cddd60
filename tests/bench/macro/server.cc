#include "tests/bench/macro/server.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/net/authority.h"
#include "tests/bench/macro/machine.h"
#include "tests/demo_api/api.h"

namespace sfp::bench {
namespace {

constexpr std::size_t kSmallBody = 100;

constexpr char kHttp[] = R"(
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  tcp_nodelay on;
  sendfile on;
  open_file_cache max=100;
  open_file_cache_valid 3600s;
  ssl_protocols TLSv1.3;
)";

constexpr char kApi[] = R"(
    default_type application/vnd.api+json;
    location = /v1/staff-fee-privilege {
      if ($arg_term) { rewrite ^ /by_term last; }
      if ($arg_osuId) { rewrite ^ /by_osu_id last; }
      return 400 '{"errors":[{"status":"400","detail":"term or osuId is required"}]}';
    }
    location /v1/staff-fee-privilege/ { rewrite ^ /by_id last; }
)";

// The answers that the demo API would give, for a term and a person that it knows.
std::map<std::string, std::string> ApiFiles() {
  const demo::Records records(0, "/v1/staff-fee-privilege");
  std::map<std::string, std::string> files;
  records.AppendByTerm(files["by_term"], "201701");
  const std::string& list = files["by_term"];
  const std::size_t id = list.find("-201701\"");
  if (id == std::string::npos || id < 9) throw std::runtime_error("nobody is known in 201701");
  const std::string person = list.substr(id - 9, 9);
  records.AppendByOsuId(files["by_osu_id"], person);
  records.AppendById(files["by_id"], person, "201701");
  return files;
}

test::NginxSetup SetupOf(const ServerSetup& setup) {
  // With less than a sixteenth of its connections free nginx closes idle ones.
  test::NginxSetup out{.http = kHttp, .connections = setup.connections * 9 / 8 + 200};
  if (setup.api) out.files = ApiFiles();
  const std::string body(setup.body_bytes, 'x');
  out.server = "    location = /.counts { stub_status; }\n";
  if (setup.body_bytes <= kSmallBody) {
    // Without a file the server is faster than the generators: what they can do is measured, not
    // what falling asleep costs them.
    out.server += "    location = / { default_type text/plain; return 200 " + body + "; }\n";
  } else {
    out.files["index.html"] = body;
  }
  if (setup.api) out.server += kApi;
  if (setup.tls) {
    const auto key = *net::GenerateSelfSigned(std::vector<std::string>{"127.0.0.1"});
    out.cert_pem = key.cert_pem;
    out.key_pem = key.key_pem;
  }
  return out;
}

}  // namespace

Server::Server(const ServerSetup& setup) : tls_(setup.tls) {
  const At at(Place::kServer);
  nginx_ = std::make_unique<test::Nginx>(SetupOf(setup));
  probe_ = std::make_unique<support::Probe>(nginx_->port());
  not_theirs_ = counts().connections;
}

Server::Counts Server::counts() {
  const auto reply = probe_->Ask("GET", "/.counts");
  unsigned long long accepted = 0, handled = 0, requests = 0;
  if (!reply || std::sscanf(reply->body.c_str(),
                            "Active connections: %*u server accepts handled "
                            "requests %llu %llu %llu",
                            &accepted, &handled, &requests) != 3) {
    throw std::runtime_error("nginx does not tell its counts");
  }
  ++asked_;
  return {requests - asked_, accepted - not_theirs_};
}

void Server::Freeze(double seconds) {
  nginx_->process().Signal(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  nginx_->process().Signal(SIGCONT);
}

}  // namespace sfp::bench
