// Both ends of the control stream over real sockets, and strangers on the port.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "master/control/control_server.h"
#include "tests/support/call_queue.h"
#include "worker/control/control_client.h"

namespace sfp::control {
namespace {

class Master final : public ServerHandler {
 public:
  explicit Master(test::CallQueue& loop, ServerOptions options = {.address = "127.0.0.1:0"}) {
    auto listening = ControlServer::Listen(
        options, [&loop](std::function<void()> call) { loop.Post(std::move(call)); }, *this);
    EXPECT_TRUE(listening.ok()) << listening.status();
    server = std::move(*listening);
  }
  void OnConnect(ConnectionId connection, const std::string&) override { up.push_back(connection); }
  void OnMessage(ConnectionId connection, v1::WorkerMessage& message) override {
    received[connection].push_back(std::move(message));
  }
  void OnDisconnect(ConnectionId connection) override { down.push_back(connection); }

  std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }

  std::unique_ptr<ControlServer> server;
  std::vector<ConnectionId> up, down;
  std::map<ConnectionId, std::vector<v1::WorkerMessage>> received;
};

class Worker final : public ClientHandler {
 public:
  Worker(test::CallQueue& loop, const std::string& master)
      : client(
            {.master = master}, [&loop](std::function<void()> call) { loop.Post(std::move(call)); },
            *this) {
    client.Connect();
  }
  void OnConnected() override { connected = true; }
  void OnMessage(v1::MasterMessage message) override { received.push_back(std::move(message)); }
  void OnDisconnected(const std::string& why, bool) override {
    connected = false;
    reason = why;
  }

  ControlClient client;
  bool connected = false;
  std::string reason;
  std::vector<v1::MasterMessage> received;
};

int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

v1::WorkerMessage PongWith(std::int64_t number) {
  v1::WorkerMessage message;
  message.mutable_pong()->set_worker_ns(number);
  return message;
}

v1::MasterMessage AckOf(std::uint64_t sequence) {
  v1::MasterMessage message;
  message.mutable_ack()->set_sequence(sequence);
  return message;
}

TEST(Control, MessagesArriveInOrderBothWays) {
  test::CallQueue loop;
  Master master(loop);
  Worker worker(loop, master.address());
  ASSERT_TRUE(loop.RunUntil([&] { return worker.connected && master.up.size() == 1; }));
  const ConnectionId connection = master.up.front();
  for (int i = 0; i < 1000; ++i) {
    worker.client.Send(PongWith(i));
    master.server->Send(connection, AckOf(static_cast<std::uint64_t>(i)));
  }
  ASSERT_TRUE(loop.RunUntil([&] {
    return worker.received.size() == 1000 && master.received[connection].size() == 1000;
  }));
  for (int i = 0; i < 1000; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(master.received[connection][at].pong().worker_ns(), i);
    EXPECT_EQ(worker.received[at].ack().sequence(), at);
  }
}

TEST(Control, CloseDeliversWhatWasSentBefore) {
  test::CallQueue loop;
  Master master(loop);
  Worker first(loop, master.address());
  Worker second(loop, master.address());
  ASSERT_TRUE(loop.RunUntil([&] { return first.connected && second.connected; }));
  for (int i = 0; i < 100; ++i) first.client.Send(PongWith(i));
  first.client.Close();
  ASSERT_TRUE(loop.RunUntil([&] { return master.down.size() == 1; }));
  EXPECT_EQ(master.received[master.down[0]].size(), 100u);

  const ConnectionId left = master.up[0] == master.down[0] ? master.up[1] : master.up[0];
  for (std::uint64_t i = 0; i < 100; ++i) master.server->Send(left, AckOf(i));
  master.server->Close(left);
  ASSERT_TRUE(loop.RunUntil([&] { return !second.reason.empty(); }));
  EXPECT_EQ(second.received.size(), 100u);
}

TEST(Control, WorkerLearnsInOneLineWhyItCannotConnect) {
  const int closed = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(closed, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  getsockname(closed, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string nobody = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));

  for (const auto& [master, expected] : std::map<std::string, std::string>{
           {nobody, "refused"}, {"no-such-host.invalid:5557", "not found"}}) {
    test::CallQueue loop;
    Worker worker(loop, master);
    ASSERT_TRUE(loop.RunUntil([&] { return !worker.reason.empty(); }));
    EXPECT_NE(worker.reason.find(expected), std::string::npos) << worker.reason;
    EXPECT_NE(worker.reason.find(master), std::string::npos) << worker.reason;
    EXPECT_EQ(worker.reason.find('\n'), std::string::npos) << worker.reason;
  }
  close(closed);
}

TEST(Control, StrangersOnThePortDisturbNobody) {
  test::CallQueue loop;
  Master master(loop);
  std::vector<int> strangers;
  for (int i = 0; i < 300; ++i) {
    const int fd = ConnectTo(master.server->port());
    if (i % 3 == 0) {
      const char garbage[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n\0\1\2\3\377";
      EXPECT_GT(send(fd, garbage, sizeof garbage, MSG_NOSIGNAL), 0);
    }
    strangers.push_back(fd);
  }
  Worker worker(loop, master.address());
  ASSERT_TRUE(loop.RunUntil([&] { return worker.connected && !master.up.empty(); }));
  worker.client.Send(PongWith(7));
  ASSERT_TRUE(loop.RunUntil([&] { return master.received[master.up[0]].size() == 1; }));
  EXPECT_EQ(master.up.size(), 1u);
  for (const int fd : strangers) close(fd);
}

TEST(Control, SecondMasterOnTheSamePortIsRefused) {
  test::CallQueue loop;
  Master master(loop);
  const auto second = ControlServer::Listen(
      {.address = master.address()}, [&](auto call) { loop.Post(std::move(call)); }, master);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(Message(second.status()).find(master.address()), std::string::npos);
}

TEST(Control, OversizedMessageEndsOnlyItsOwnStream) {
  test::CallQueue loop;
  Master master(loop, {.address = "127.0.0.1:0", .most_message_bytes = 10'000});
  Worker large(loop, master.address());
  Worker good(loop, master.address());
  ASSERT_TRUE(loop.RunUntil([&] { return large.connected && good.connected; }));
  v1::WorkerMessage message;
  message.mutable_hello()->set_name(std::string(100'000, 'x'));
  large.client.Send(message);
  ASSERT_TRUE(loop.RunUntil([&] { return !large.reason.empty() && master.down.size() == 1; }));
  EXPECT_TRUE(master.received[master.down[0]].empty());
  good.client.Send(PongWith(1));
  EXPECT_TRUE(loop.RunUntil([&] { return master.received.size() == 2; }));
}

TEST(Control, EitherEndMayBeDestroyedAtAnyTime) {
  for (int i = 0; i < 20; ++i) {
    test::CallQueue loop;
    auto master = std::make_unique<Master>(loop);
    auto worker = std::make_unique<Worker>(loop, master->address());
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
