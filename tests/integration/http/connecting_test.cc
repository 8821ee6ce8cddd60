// Which address a connection goes to, and what is said when it does not come about.

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/http/harness.h"
#include "tests/integration/http/peers.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::kNotMeasured;
using stats::Phase;
using support::Drain;
using support::RawServer;
using support::ReadRequest;
using support::Script;
using support::Send;

TEST(Connecting, SaysWhyItCouldNotConnect) {
  const std::uint16_t nobody = FreePort();
  struct Row {
    std::vector<Endpoint> addresses;
    FailureKind kind;
    std::string message;
    Phase phase;
    int error;
  };
  const std::vector<Row> rows = {
      {{At("127.0.0.1", nobody)},
       FailureKind::kRefused,
       "Connection refused",
       Phase::kConnect,
       ECONNREFUSED},
      {{}, FailureKind::kDns, "no address for host 'gone.test'", Phase::kDns, 0},
      {{At("255.255.255.255", 80)},
       FailureKind::kUnreachable,
       "Network is unreachable",
       Phase::kConnect,
       ENETUNREACH},
      {{At("127.0.0.1", nobody), At("255.255.255.255", 80)},
       FailureKind::kRefused,
       "Connection refused",
       Phase::kConnect,
       ECONNREFUSED},
  };
  for (const Row& row : rows) {
    Destination destination;
    destination.host = "gone.test";
    destination.addresses = row.addresses;
    Harness harness(destination);
    auto connection = harness.Connect();
    for (int i = 0; i < 2; ++i) {  // and again, from the start
      const Outcome outcome = harness.Get(*connection);
      EXPECT_EQ(outcome.count, 1);
      EXPECT_EQ(outcome.failure.kind, row.kind) << stats::Name(outcome.failure.kind);
      EXPECT_EQ(outcome.failure.message, row.message);
      EXPECT_EQ(outcome.failure.phase, row.phase);
      EXPECT_EQ(outcome.failure.evidence.error, row.error);
      EXPECT_FALSE(outcome.failure.evidence.reused);
      EXPECT_EQ(outcome.phase(Phase::kConnect), kNotMeasured);
      EXPECT_EQ(outcome.sample.bytes_sent, 0u);
    }
  }
}

TEST(Connecting, FallsThroughToTheNextAddressWithinTheSameExchange) {
  RawServer server({{ReadRequest(), Send("HTTP/1.0 204 \r\n\r\n"), Drain()}},
                   {.address = "127.0.0.2"});
  Destination destination = To("127.0.0.1", server.port());
  destination.addresses = {At("127.0.0.1", server.port()), At("255.255.255.255", 80),
                           At("127.0.0.2", server.port())};
  Harness harness(destination);
  auto connection = harness.Connect(0);
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = harness.Get(*connection);
    EXPECT_TRUE(outcome.ok()) << outcome.failure.message;
    EXPECT_FALSE(outcome.sample.reconnected);
  }
  EXPECT_EQ(server.accepted(), 3);
}

TEST(Connecting, SpreadsUsersOverTheAddresses) {
  const Script script = {ReadRequest(), Send(kOk), Drain()};
  RawServer one({script});
  RawServer two({script}, {.address = "127.0.0.2"});
  Destination destination;
  destination.addresses = {At("127.0.0.1", one.port()), At("127.0.0.2", two.port())};
  Harness harness(destination);
  std::vector<std::unique_ptr<engine::Connection>> connections;
  for (std::uint64_t user = 0; user < 6; ++user) {
    connections.push_back(harness.Connect(user));
    EXPECT_TRUE(harness.Get(*connections.back()).ok());
  }
  EXPECT_EQ(one.accepted(), 3);
  EXPECT_EQ(two.accepted(), 3);
}

TEST(Connecting, SpeaksIpv6) {
  const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool has_it =
      probe >= 0 && bind(probe, reinterpret_cast<sockaddr*>(&loopback), sizeof(loopback)) == 0;
  if (probe >= 0) close(probe);
  if (!has_it) GTEST_SKIP() << "this machine has no ::1";
  RawServer server({{ReadRequest(), Send(kOk), Drain()}}, {.address = "::1"});
  Harness harness(To("::1", server.port()));
  auto connection = harness.Connect();
  EXPECT_TRUE(harness.Get(*connection).ok());
}

TEST(Connecting, SaysThatDescriptorsAreUsedUp) {
  RawServer server({{ReadRequest(), Send(kOk), Drain()}});
  Harness harness(server.port());
  auto connection = harness.Connect();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = dup(0);  // the lowest free one
  close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Outcome outcome = harness.Get(*connection);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(outcome.failure.kind, FailureKind::kOutOfDescriptors);
  EXPECT_EQ(outcome.failure.message, "Too many open files (this worker's limit)");
  EXPECT_TRUE(harness.Get(*connection).ok());
}

// Makes epoll_ctl fail with ENOSPC on this thread, as it does once a user watches as many
// descriptors as the machine allows. False where the system has no seccomp.
bool RefuseToWatch() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = std::size(code), .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(Connecting, SaysThatTheSystemRefusesToWatch) {
  RawServer server({{ReadRequest(), Send(kOk), Drain()}});
  Outcome refused, again;
  bool possible = false;
  std::thread([&] {
    Harness harness(server.port());
    auto connection = harness.Connect();
    possible = RefuseToWatch();
    if (!possible) return;
    refused = harness.Get(*connection);
    again = harness.Get(*connection);
  }).join();
  if (!possible) GTEST_SKIP() << "this system has no seccomp";
  for (const Outcome& outcome : {refused, again}) {
    EXPECT_EQ(outcome.count, 1);
    EXPECT_EQ(outcome.failure.kind, FailureKind::kOutOfDescriptors);
    EXPECT_EQ(outcome.failure.phase, Phase::kConnect);
    EXPECT_EQ(outcome.failure.evidence.error, ENOSPC);
    EXPECT_EQ(outcome.failure.message,
              "Too many watched sockets (this machine's fs.epoll.max_user_watches)");
  }
}

}  // namespace
}  // namespace sfp::http
