// Mutual TLS between master and workers, and strangers on the port, over real sockets.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "master/control/control_server.h"
#include "tests/support/call_queue.h"
#include "tests/support/raw_server.h"
#include "worker/control/control_client.h"

namespace sfp::control {
namespace {

using net::Authority;
using net::Credentials;
using net::Purpose;
using ::testing::HasSubstr;

class Master final : public ServerHandler {
 public:
  Master(test::CallQueue& loop, ServerOptions options) {
    options.address = "127.0.0.1:0";
    auto listening = ControlServer::Listen(
        options, [&loop](std::function<void()> call) { loop.Post(std::move(call)); }, *this);
    EXPECT_TRUE(listening.ok()) << listening.status();
    server = std::move(*listening);
  }
  void OnConnect(ConnectionId connection, const std::string& peer) override {
    up.push_back(connection);
    peers.push_back(peer);
  }
  void OnMessage(ConnectionId connection, v1::WorkerMessage&) override { ++received[connection]; }
  void OnDisconnect(ConnectionId connection) override { down.push_back(connection); }

  std::unique_ptr<ControlServer> server;
  std::vector<ConnectionId> up, down;
  std::vector<std::string> peers;
  std::map<ConnectionId, int> received;
};

class Worker final : public ClientHandler {
 public:
  Worker(test::CallQueue& loop, const std::string& host, int port,
         std::optional<Credentials> credentials)
      : client(
            {.master = host + ":" + std::to_string(port), .credentials = std::move(credentials)},
            [&loop](std::function<void()> call) { loop.Post(std::move(call)); }, *this) {
    client.Connect();
  }
  void OnConnected() override { connected = true; }
  void OnMessage(v1::MasterMessage) override { ++received; }
  void OnDisconnected(const std::string& why, bool for_good) override {
    connected = false;
    reason = why;
    refused = for_good;
  }

  ControlClient client;
  bool connected = false;
  bool refused = false;
  std::string reason;
  int received = 0;
};

v1::WorkerMessage Pong() {
  v1::WorkerMessage message;
  message.mutable_pong()->set_worker_ns(1);
  return message;
}

// A peer that says what it is told to and hears what comes.
class Stranger {
 public:
  explicit Stranger(int port, std::string_view says = "") {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (!says.empty()) {
      EXPECT_EQ(send(fd_, says.data(), says.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(says.size()));
    }
  }
  ~Stranger() { close(fd_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  // All that comes until the end; "(no end)" if there is none.
  std::string Heard() const {
    std::string all;
    char block[4096];
    for (;;) {
      const ssize_t n = recv(fd_, block, sizeof block, 0);
      if (n == 0 || (n < 0 && errno == ECONNRESET)) return all;
      if (n < 0) return all + "(no end)";
      all.append(block, static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_ = -1;
};

// What was logged while it lives: everything goes to stderr.
class Log {
 public:
  Log() { testing::internal::CaptureStderr(); }
  ~Log() {
    if (!taken_) testing::internal::GetCapturedStderr();
  }
  std::string Take() {
    taken_ = true;
    return testing::internal::GetCapturedStderr();
  }

 private:
  bool taken_ = false;
};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class SecurityTest : public ::testing::Test {
 protected:
  Credentials Made(Purpose purpose, const Authority& authority, const std::string& folder,
                   net::Validity validity = {}, std::vector<std::string> names = {"127.0.0.1"}) {
    const auto key = *authority.Issue({std::move(names), purpose}, validity);
    return {.folder = folder,
            .ca_pem = authority.own().cert_pem,
            .cert_pem = key.cert_pem,
            .key_pem = key.key_pem};
  }
  Credentials ForMaster() { return Made(Purpose::kServer, ours_, "certs/master"); }
  Credentials ForWorker() { return Made(Purpose::kClient, ours_, "certs/worker"); }

  // How a meeting of the two ends, that must not succeed: what each of them says.
  struct Refusal {
    std::string worker, master;
    bool for_good = false;
  };
  Refusal Meet(std::optional<Credentials> master_has, std::optional<Credentials> worker_has,
               const std::string& host = "127.0.0.1") {
    Log log;
    Refusal refusal;
    {
      test::CallQueue loop;
      Master master(loop, {.credentials = std::move(master_has)});
      Worker worker(loop, host, master.server->port(), std::move(worker_has));
      EXPECT_TRUE(loop.RunUntil([&] { return !worker.reason.empty(); }));
      EXPECT_TRUE(master.up.empty());
      refusal.worker = worker.reason;
      refusal.for_good = worker.refused;
      // The line about it may come a moment after the worker knows.
      Stranger last(master.server->port(), "DELETE / HTTP/1.1\r\n\r\n");
      last.Heard();
    }
    refusal.master = log.Take();
    return refusal;
  }

  Authority ours_ = *Authority::Create({});
  Authority theirs_ = *Authority::Create({});
};

TEST_F(SecurityTest, ACertificateOfTheClusterLetsIn) {
  test::CallQueue loop;
  Master master(loop, {.credentials = ForMaster()});
  Worker worker(loop, "127.0.0.1", master.server->port(), ForWorker());
  ASSERT_TRUE(loop.RunUntil([&] { return worker.connected && master.up.size() == 1; }))
      << worker.reason;
  EXPECT_THAT(master.peers[0], HasSubstr("127.0.0.1:"));
  for (int i = 0; i < 300; ++i) worker.client.Send(Pong());
  v1::MasterMessage large;
  large.mutable_goodbye()->set_reason(std::string(3'000'000, 'x'));
  for (int i = 0; i < 3; ++i) master.server->Send(master.up[0], large);
  ASSERT_TRUE(
      loop.RunUntil([&] { return master.received[master.up[0]] == 300 && worker.received == 3; }));
  worker.client.Close();
  ASSERT_TRUE(loop.RunUntil([&] { return master.down.size() == 1 && !worker.reason.empty(); }));
  EXPECT_FALSE(worker.refused);
}

TEST_F(SecurityTest, WhatWasSentBeforeTheServersEndArrives) {
  test::CallQueue loop;
  auto master = std::make_unique<Master>(loop, ServerOptions{.credentials = ForMaster()});
  Worker worker(loop, "127.0.0.1", master->server->port(), ForWorker());
  ASSERT_TRUE(loop.RunUntil([&] { return worker.connected && master->up.size() == 1; }));
  v1::MasterMessage large;
  large.mutable_goodbye()->set_reason(std::string(1'000'000, 'x'));
  for (int i = 0; i < 5; ++i) master->server->Send(master->up[0], large);
  master.reset();
  ASSERT_TRUE(loop.RunUntil([&] { return !worker.reason.empty(); }));
  EXPECT_EQ(worker.received, 5);
}

TEST_F(SecurityTest, PlainTextToATlsPortIsToldSo) {
  const Refusal refusal = Meet(ForMaster(), std::nullopt);
  EXPECT_THAT(refusal.worker, HasSubstr(" speaks TLS: give this worker --tls-dir"));
  EXPECT_THAT(refusal.master, HasSubstr("it speaks plain text, this port TLS: give that worker"));
  EXPECT_TRUE(refusal.for_good);
}

TEST_F(SecurityTest, TlsToAPlainTextPortIsToldSo) {
  const Refusal refusal = Meet(std::nullopt, ForWorker());
  EXPECT_THAT(refusal.worker, HasSubstr(" speaks plain text, this worker TLS: start the master"));
  EXPECT_THAT(refusal.master, HasSubstr("it speaks TLS, this master plain text"));
  EXPECT_TRUE(refusal.for_good);
}

TEST_F(SecurityTest, AnotherAuthorityIsRefusedByBothSides) {
  const Refusal refusal = Meet(ForMaster(), Made(Purpose::kClient, theirs_, "other/worker"));
  EXPECT_THAT(refusal.worker, HasSubstr("is not signed by the authority in other/worker/ca.pem"));
  EXPECT_THAT(refusal.master, HasSubstr("it does not trust this master's certificate"));
  EXPECT_TRUE(refusal.for_good);
}

TEST_F(SecurityTest, AForeignCertificateIsRefusedByTheMaster) {
  Credentials foreign = Made(Purpose::kClient, theirs_, "mixed");
  foreign.ca_pem = ours_.own().cert_pem;
  const Refusal refusal = Meet(ForMaster(), foreign);
  EXPECT_THAT(refusal.worker, HasSubstr(" does not trust this worker's certificate in mixed"));
  EXPECT_THAT(refusal.master, HasSubstr("its certificate is not signed by the authority in "
                                        "certs/master/ca.pem: give that worker --tls-dir"));
  EXPECT_TRUE(refusal.for_good);
}

TEST_F(SecurityTest, ExpiredCertificatesAreNamedWithTheirDate) {
  const net::Validity past{.from = -10, .to = -2};
  Refusal refusal = Meet(ForMaster(), Made(Purpose::kClient, ours_, "old", past));
  EXPECT_THAT(refusal.worker, HasSubstr("says that this worker's certificate in old has expired"));
  EXPECT_THAT(refusal.master, HasSubstr("its certificate expired on 20"));
  refusal = Meet(Made(Purpose::kServer, ours_, "old", past), ForWorker());
  EXPECT_THAT(refusal.worker, HasSubstr(" expired on 20"));
  EXPECT_THAT(refusal.worker, HasSubstr("'sfp-master certs --force'"));
  EXPECT_THAT(refusal.master, HasSubstr("it says that this master's certificate has expired"));
}

TEST_F(SecurityTest, AWrongNameIsToldWithTheRightOnes) {
  const Refusal refusal =
      Meet(Made(Purpose::kServer, ours_, "m", {}, {"m1.example", "10.0.0.1"}), ForWorker());
  EXPECT_THAT(refusal.worker,
              HasSubstr("is for m1.example, 10.0.0.1, not for 127.0.0.1: give --master one of"));
  EXPECT_THAT(refusal.master, HasSubstr("which is for m1.example, 10.0.0.1: did it connect to "
                                        "another name?"));
  EXPECT_TRUE(refusal.for_good);
}

TEST_F(SecurityTest, AWorkersCertificateCannotPoseAsTheMaster) {
  const Refusal refusal = Meet(Made(Purpose::kClient, ours_, "stolen"), ForWorker());
  EXPECT_THAT(refusal.worker, HasSubstr("shows a certificate that is not a master's"));
}

TEST_F(SecurityTest, AMastersCertificateIsNoWorkers) {
  const Refusal refusal = Meet(ForMaster(), Made(Purpose::kServer, ours_, "swapped"));
  EXPECT_THAT(refusal.worker, HasSubstr("rejects this worker's certificate in swapped"));
  EXPECT_THAT(refusal.master, HasSubstr("its certificate is not a worker's"));
}

TEST_F(SecurityTest, AWorkerWithoutCertificateIsRefused) {
  Log log;
  {
    test::CallQueue loop;
    Master master(loop, {.credentials = ForMaster()});
    Credentials bare = ForWorker();
    bare.cert_pem = bare.key_pem = "";
    Worker worker(loop, "127.0.0.1", master.server->port(), bare);
    ASSERT_TRUE(loop.RunUntil([&] { return !worker.reason.empty(); }));
    EXPECT_THAT(worker.reason, HasSubstr(" demands a certificate: give this worker --tls-dir"));
    EXPECT_TRUE(worker.refused);
  }
  EXPECT_THAT(log.Take(), HasSubstr("it shows no certificate: give that worker --tls-dir"));
}

TEST_F(SecurityTest, AWebServerIsNotTakenForAMaster) {
  support::RawServer web({{support::ReadBytes(4), support::Send("HTTP/1.1 400 Bad Request\r\n\r\n"),
                           support::Drain()}});
  test::CallQueue loop;
  Worker worker(loop, "127.0.0.1", web.port(), std::nullopt);
  ASSERT_TRUE(loop.RunUntil([&] { return !worker.reason.empty(); }));
  EXPECT_THAT(worker.reason, HasSubstr("a web server answers at 127.0.0.1:"));
  EXPECT_FALSE(worker.refused);
}

TEST_F(SecurityTest, OwnWorkersEnterByTheLocalDoor) {
  test::CallQueue loop;
  Master master(loop, {.credentials = ForMaster(), .local_door = true});
  ASSERT_NE(master.server->local_port(), 0);
  Worker own(loop, "127.0.0.1", master.server->local_port(), std::nullopt);
  EXPECT_TRUE(loop.RunUntil([&] { return own.connected && master.up.size() == 1; }));
}

TEST_F(SecurityTest, StrangersAreSaidOnceAndSentAway) {
  for (const bool tls : {false, true}) {
    Log log;
    {
      test::CallQueue loop;
      Master master(loop, tls ? ServerOptions{.credentials = ForMaster()} : ServerOptions{});
      const int port = master.server->port();
      Worker worker(loop, "127.0.0.1", port, tls ? std::optional(ForWorker()) : std::nullopt);
      ASSERT_TRUE(loop.RunUntil([&] { return worker.connected; }));
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(Stranger(port, std::string("\x07\xff\x00garbage", 10)).Heard(), "");
        const std::string answer = Stranger(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").Heard();
        EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
        EXPECT_THAT(answer, HasSubstr("This is the port for sfp-worker."));
        EXPECT_THAT(answer, ::testing::Not(HasSubstr("(no end)")));
        // The right beginning, and nonsense behind it.
        const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(100, '\xee');
        EXPECT_THAT(Stranger(port, preface).Heard(), ::testing::Not(HasSubstr("(no end)")));
      }
      worker.client.Send(Pong());
      EXPECT_TRUE(loop.RunUntil([&] { return master.received[1] == 1; }));
      EXPECT_EQ(master.up.size(), 1u);
      EXPECT_TRUE(master.down.empty());
    }
    const std::string said = log.Take();
    EXPECT_EQ(Count(said, "what it sent is not what a worker says"), 1) << said;
    EXPECT_EQ(Count(said, "it speaks HTTP/1 to the workers' port"), 1) << said;
    EXPECT_EQ(Count(said, "\n"), tls ? 3 : 2) << said;
  }
}

TEST_F(SecurityTest, AThousandSilentConnectionsKeepNobodyOut) {
  for (const bool tls : {false, true}) {
    Log log;
    {
      test::CallQueue loop;
      Master master(loop, tls ? ServerOptions{.credentials = ForMaster()} : ServerOptions{});
      const int port = master.server->port();
      std::vector<std::unique_ptr<Stranger>> silent;
      for (int i = 0; i < 1000; ++i) silent.push_back(std::make_unique<Stranger>(port));
      Worker worker(loop, "127.0.0.1", port, tls ? std::optional(ForWorker()) : std::nullopt);
      ASSERT_TRUE(loop.RunUntil([&] { return worker.connected && master.up.size() == 1; }))
          << worker.reason;
      // The oldest made room.
      EXPECT_EQ(silent.front()->Heard(), "");
    }
    EXPECT_EQ(Count(log.Take(), "it has said nothing yet, and others wait"), 1);
  }
}

TEST_F(SecurityTest, WhoStopsHalfwayIsSentAway) {
  for (const char* first : {"", "P", "\x16\x03"}) {
    test::CallQueue loop;
    Master master(loop,
                  {.credentials = ForMaster(), .handshake_limit = std::chrono::milliseconds(300)});
    EXPECT_EQ(Stranger(master.server->port(), first).Heard(), "") << first;
  }
  // A ClientHello that is never finished.
  test::CallQueue loop;
  Master master(loop,
                {.credentials = ForMaster(), .handshake_limit = std::chrono::milliseconds(300)});
  const Stranger half(master.server->port(), std::string("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_EQ(half.Heard(), "");
}

TEST_F(SecurityTest, AConnectionWithoutAStreamIsClosed) {
  test::CallQueue loop;
  Master master(loop, {.idle_limit = std::chrono::seconds(1)});
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
  const Stranger idle(master.server->port(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings);
  EXPECT_THAT(idle.Heard(), ::testing::Not(HasSubstr("(no end)")));
}

TEST_F(SecurityTest, AMessageAboveTheBoundIsSaidOnBothSides) {
  Log log;
  {
    test::CallQueue loop;
    Master master(loop, {.credentials = ForMaster(), .most_message_bytes = 10'000});
    Worker large(loop, "127.0.0.1", master.server->port(), ForWorker());
    Worker good(loop, "127.0.0.1", master.server->port(), ForWorker());
    ASSERT_TRUE(loop.RunUntil([&] { return large.connected && good.connected; }));
    v1::WorkerMessage message;
    message.mutable_hello()->set_name(std::string(15'000, 'x'));
    large.client.Send(message);
    ASSERT_TRUE(loop.RunUntil([&] { return !large.reason.empty(); }));
    EXPECT_THAT(large.reason, HasSubstr("10000 are allowed"));
    EXPECT_FALSE(large.refused);
    good.client.Send(Pong());
    EXPECT_TRUE(loop.RunUntil([&] { return master.received.size() == 1; }));
  }
  EXPECT_EQ(Count(log.Take(), "10000 are allowed"), 1);
}

TEST_F(SecurityTest, AWorkerThatNeverReadsIsCutOff) {
  const ServerOptions bounds[] = {{.most_outbox_bytes = 10'000'000},
                                  {.most_write_time = std::chrono::milliseconds(100)}};
  for (ServerOptions options : bounds) {
    for (const bool tls : {false, true}) {
      Log log;
      {
        test::CallQueue loop, stuck;
        if (tls) options.credentials = ForMaster();
        Master master(loop, options);
        const auto shown = tls ? std::optional(ForWorker()) : std::nullopt;
        Worker deaf(stuck, "127.0.0.1", master.server->port(), shown);
        ASSERT_TRUE(stuck.RunUntil([&] { return deaf.connected; }));  // and never again
        Worker good(loop, "127.0.0.1", master.server->port(), shown);
        ASSERT_TRUE(loop.RunUntil([&] { return good.connected && master.up.size() == 2; }));
        v1::MasterMessage large;
        large.mutable_goodbye()->set_reason(std::string(1'000'000, 'x'));
        const auto answered = [&] {
          master.server->Send(1, large);
          good.client.Send(Pong());
          return !master.down.empty();
        };
        EXPECT_TRUE(loop.RunUntil(answered));
        EXPECT_EQ(master.down, std::vector<ConnectionId>{1});
        EXPECT_TRUE(good.connected);
      }
      EXPECT_EQ(Count(log.Take(), "it does not read what it is sent"), 1);
    }
  }
}

TEST_F(SecurityTest, EitherEndMayBeDestroyedAtAnyTime) {
  for (int i = 0; i < 20; ++i) {
    test::CallQueue loop;
    auto master = std::make_unique<Master>(loop, ServerOptions{.credentials = ForMaster()});
    auto worker = std::make_unique<Worker>(loop, "127.0.0.1", master->server->port(), ForWorker());
    if (i % 2 == 0) {
      ASSERT_TRUE(loop.RunUntil([&] { return worker->connected; }));
    }
    if (i % 4 < 2) {
      worker.reset();
      master.reset();
    } else {
      master.reset();
      ASSERT_TRUE(loop.RunUntil([&] { return !worker->reason.empty(); }));
    }
  }
}

}  // namespace
}  // namespace sfp::control
