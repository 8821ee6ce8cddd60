// Each cause of failure made for real, with real sockets, and what is found: the confusion matrix.
// The simulated API makes those that a server can make; the rest comes from certificates, limits
// and servers that misbehave.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/net/authority.h"
#include "tests/demo_api/service_thread.h"
#include "tests/integration/forensics/rig.h"
#include "tests/support/process.h"
#include "tests/support/raw_server.h"

namespace sfp::forensics {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::RawServer;

using Found = std::map<Cause, std::uint64_t>;

Found FoundBy(const Rig& rig) {
  Found found;
  for (const Row& row : rig.findings().rows) found[row.cause] += row.count;
  return found;
}

demo::ServiceOptions Quick(std::vector<std::string> faults = {}) {
  demo::ServiceOptions options;
  options.pool.service = milliseconds(2);
  options.pool.timeout = milliseconds(400);
  options.keepalive_timeout = seconds(60);
  options.faults = std::move(faults);
  return options;
}

Rig Against(const demo::ServiceOptions& options) {
  demo::ServiceThread service(options);
  return Rig(To(service.port()), {});
}

// Answers, and closes a connection that was idle for 100 ms; 3 ms pass between its decision and the
// close, as on a network or in a busy server: what is sent in them is lost.
class LateCloser {
 public:
  explicit LateCloser(int connections) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 1000), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < connections; ++i) threads_.emplace_back([this] { Serve(); });
  }
  ~LateCloser() {
    ::shutdown(listener_, SHUT_RDWR);
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void Serve() {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(fd)) {
      while (Answer(fd)) {
      }
    }
  }
  static bool Answer(int fd) {
    pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 100) <= 0) {
      std::this_thread::sleep_for(milliseconds(3));
      return false;
    }
    char buffer[4096];
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    return ::recv(fd, buffer, sizeof buffer, 0) > 0 &&
           ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL) > 0;
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
};

Rig Race() {
  LateCloser server(40);
  v1::Scenario scenario = To(server.port());
  Think(scenario, milliseconds(90), milliseconds(115));
  return Rig(scenario, {.users = 30, .time = seconds(3)});
}

// The server is killed under load and comes back.
Rig Restart() {
  const std::string port = [] {
    demo::ServiceThread any(Quick());
    return std::to_string(any.port());
  }();
  const auto begin = [&] {
    return std::make_unique<test::Process>(std::vector<std::string>{
        SFP_DEMO_API, "--port", port, "--service-time", "100ms", "--db-parallelism", "1000",
        "--pool", "1000", "--keepalive-timeout", "60s"});
  };
  auto server = begin();
  EXPECT_TRUE(test::Eventually([&] { return !server->out().empty(); }));
  bool killed = false, again = false;
  return Rig(To(static_cast<std::uint16_t>(std::stoi(port))),
             {.users = 100, .time = seconds(8), .during = [&](double second) {
                if (second > 2.3 && !killed) {
                  server->Signal(SIGKILL);
                  server->Wait(seconds(5));
                  killed = true;
                } else if (second > 4.1 && !again) {
                  server = begin();
                  again = true;
                }
              }});
}

// Takes two connections and answers on them; the others find the queue of one full.
Rig Stingy() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const auto answer = [](int fd) {
    char buffer[4096];
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    while (::recv(fd, buffer, sizeof buffer, 0) > 0) {
      if (::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(fd);
  };
  std::thread first([&] { answer(::accept(listener, nullptr, nullptr)); });
  std::thread second([&] { answer(::accept(listener, nullptr, nullptr)); });
  v1::Scenario scenario = To(ntohs(address.sin_port));
  scenario.mutable_target()->mutable_timeouts()->set_connect_ns(300'000'000);
  Rig rig(scenario, {.users = 20, .time = seconds(2), .stop_timeout = milliseconds(10)});
  first.join();
  second.join();
  ::close(listener);
  return rig;
}

Rig NoDescriptors() {
  demo::ServiceThread service(Quick());
  rlimit limit;
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int next = ::dup(0);
  ::close(next);
  std::optional<Rig> rig;
  const rlimit low{static_cast<rlim_t>(next) + 20, limit.rlim_max};
  rig.emplace(
      To(service.port()),
      Rig::Options{.users = 60, .time = seconds(1), .during = [&, set = false](double) mutable {
                     if (!set) ::setrlimit(RLIMIT_NOFILE, &low);
                     set = true;
                   }});
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return *std::move(rig);
}

// In a network namespace with three local ports.
std::optional<Rig> NoPorts() {
  std::optional<Rig> rig;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    ::ioctl(fd, SIOCSIFFLAGS, &request);
    ::close(fd);
    if (!(std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40002" << std::flush)) {
      return;
    }
    demo::ServiceOptions options = Quick();
    options.port = 8080;
    demo::ServiceThread service(options);
    rig.emplace(To(service.port()), Rig::Options{.users = 10, .time = milliseconds(500)});
  }).join();
  return rig;
}

const net::Authority& Ours() {
  static const net::Authority authority = *net::Authority::Create({});
  return authority;
}

// Against a server with this certificate, trusting `ca`.
Rig Secure(const net::CertifiedKey& key, const std::string& ca) {
  auto tls = net::TlsContext::Server({.cert_pem = key.cert_pem, .key_pem = key.key_pem});
  RawServer server({{support::Drain()}}, {.tls = *std::move(tls)});
  v1::Scenario scenario = To(server.port(), true);
  scenario.mutable_target()->mutable_tls()->set_verify(true);
  scenario.mutable_target()->mutable_tls()->set_ca_pem(ca);
  return Rig(scenario, {.users = 5, .time = milliseconds(200)});
}

Rig Handshake(const support::Script& script) {
  RawServer server({script});
  return Rig(To(server.port(), true), {.users = 5, .time = milliseconds(200)});
}

Rig Expired() {
  const auto key = Ours().Issue({.names = {"127.0.0.1"}}, {.from = -30, .to = -2});
  return Secure(*key, Ours().own().cert_pem);
}
Rig AnotherName() {
  const auto key = Ours().Issue({.names = {"api.test"}}, {});
  return Secure(*key, Ours().own().cert_pem);
}
Rig UnknownAuthority() {
  const auto key = Ours().Issue({.names = {"127.0.0.1"}}, {});
  return Secure(*key, net::Authority::Create({})->own().cert_pem);
}

Rig Slow() {
  RawServer server({{support::ReadRequest(), support::Stall()}});
  v1::Scenario scenario = To(server.port());
  scenario.mutable_target()->mutable_timeouts()->set_total_ns(100'000'000);
  return Rig(scenario, {.users = 5, .time = milliseconds(400)});
}

Rig NobodyListens() {
  std::uint16_t port = 0;
  { port = demo::ServiceThread(Quick()).port(); }
  return Rig(To(port), {.users = 5, .time = milliseconds(200)});
}

Rig NoAddress() {
  return Rig(To(1), {.users = 5, .time = milliseconds(200), .change = [](http::Destination& to) {
                       to.addresses.clear();
                     }});
}

// Resets new connections as soon as it has taken them.
TEST(Forensics, FindTheCauseOfAtLeast95PercentOfTheFailures) {
  const auto fault = [](const char* name) { return Against(Quick({std::string(name) + ":5%"})); };
  std::vector<std::pair<Cause, Rig>> runs;
  const auto add = [&](Cause cause, Rig rig) { runs.emplace_back(cause, std::move(rig)); };
  add(Cause::kKeepAliveRace, Race());
  add(Cause::kKilledInFlight, fault("stall"));
  add(Cause::kResetBeforeHeaders, fault("reset"));
  add(Cause::kClosedBeforeHeaders, fault("close"));
  add(Cause::kServerRestart, Restart());
  add(Cause::kAcceptOverflow, Stingy());
  add(Cause::kResetInBody, fault("reset-body"));
  add(Cause::kTruncatedBody, fault("truncate"));
  add(Cause::kMalformed, fault("malformed"));
  add(Cause::kStatus, fault("error500"));
  add(Cause::kTlsExpired, Expired());
  add(Cause::kTlsAuthority, UnknownAuthority());
  add(Cause::kTlsName, AnotherName());
  add(Cause::kTlsProtocol,
      Handshake({support::Send("HTTP/1.1 400 Bad Request\r\n\r\n"), support::Drain()}));
  add(Cause::kTlsClosed, Handshake({support::Reset()}));
  add(Cause::kRefused, NobodyListens());
  add(Cause::kDns, NoAddress());
  add(Cause::kOutOfDescriptors, NoDescriptors());
  if (auto rig = NoPorts()) add(Cause::kOutOfPorts, *std::move(rig));
  add(Cause::kResponseTimeout, Slow());

  std::uint64_t all = 0, right = 0;
  std::string matrix;
  for (const auto& [cause, rig] : runs) {
    Found found = FoundBy(rig);
    const std::string name(Name(cause));
    matrix += name + std::string(24 - std::min<std::size_t>(23, name.size()), ' ');
    for (const auto& [as, count] : found) {
      matrix += " " + std::string(Name(as)) + " " + std::to_string(count);
      EXPECT_NE(as, Cause::kOther) << name;
    }
    matrix += "\n";
    EXPECT_GT(rig.failed(), 0u) << name;
    EXPECT_GE(static_cast<double>(found[cause]), 0.9 * static_cast<double>(rig.failed())) << name;
    all += rig.failed();
    right += found[cause];
  }
  std::printf("made                     found\n%s%lu of %lu right\n", matrix.c_str(), right, all);
  EXPECT_GE(static_cast<double>(right), 0.95 * static_cast<double>(all));
}

TEST(Forensics, TellFaultsOfOneRunApartAsTheServerCountedThem) {
  // Shares of all requests; nobody is idle for long and the socket timeout is far.
  const Rig rig =
      Against(Quick({"reset:2%", "close:2%", "stall:2%", "truncate:2%", "reset-body:2%"}));
  Found found = FoundBy(rig);
  const double each = static_cast<double>(rig.results().Total().requests()) * 0.02;
  std::uint64_t other = rig.failed();
  for (const Cause cause : {Cause::kResetBeforeHeaders, Cause::kClosedBeforeHeaders,
                            Cause::kKilledInFlight, Cause::kTruncatedBody, Cause::kResetInBody}) {
    EXPECT_NEAR(static_cast<double>(found[cause]), each, 4 * std::sqrt(each)) << Name(cause);
    other -= found[cause];
  }
  // A fault that strikes anybody looks like a victim of a limit if hardly anybody was idle, or
  // waited, for as long: with 1 % probability (Survivors::kRare), which those two that have a time
  // can meet.
  const double rare = 0.01 * 2 * each;
  EXPECT_LE(static_cast<double>(other), rare + 4 * std::sqrt(rare)) << rig.failed();
}

TEST(Forensics, InferTheTimeoutsOfTheServer) {
  const Rig race = Race();
  const Limit* keep = race.LimitOf("keepalive_timeout_s");
  ASSERT_NE(keep, nullptr);
  EXPECT_NEAR(keep->value, 0.1, 0.1);
  const Rig stalled = Against(Quick({"stall:5%"}));
  const Limit* kill = stalled.LimitOf("socket_timeout_s");
  ASSERT_NE(kill, nullptr);
  EXPECT_NEAR(kill->value, 0.4, 0.1);
  EXPECT_EQ(stalled.findings().limits.size(), 1u);
}

// The two errors of 2018, word for word.
TEST(Forensics, TheOldErrorsKeepTheirWording) {
  for (const auto& [fault, message] : {std::pair("reset", "Connection reset by peer"),
                                       std::pair("close",
                                                 "Remote end closed connection without "
                                                 "response")}) {
    const Rig rig = Against(Quick({std::string(fault) + ":5%"}));
    for (const Row& row : rig.findings().rows) EXPECT_EQ(row.message, message);
  }
}

}  // namespace
}  // namespace sfp::forensics
