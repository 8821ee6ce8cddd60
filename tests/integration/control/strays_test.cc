// Peers that speak the protocol, but not as they may: a real coordinator behind real sockets, one
// honest worker, and strays. Each stray is told why it is sent away; the honest one's run goes on.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/base/log.h"
#include "common/base/text.h"
#include "master/control/control_server.h"
#include "master/coordinator/coordinator.h"
#include "tests/support/call_queue.h"
#include "worker/control/control_client.h"

namespace sfp::control {
namespace {

constexpr std::uint64_t kRun = 77;

class NoJournal final : public coordinator::Journal {
 public:
  void Append(const v1::JournalRecord&) override { ++appended_; }
  std::uint64_t appended() const override { return appended_; }
  std::uint64_t safe() const override { return appended_; }
  std::string trouble() const override { return ""; }
  bool Flush(Duration) override { return true; }

 private:
  std::uint64_t appended_ = 0;
};

class Master final : ServerHandler, coordinator::CoordinatorShell {
 public:
  explicit Master(test::CallQueue& loop) : coordinator_(*this, {}), loop_(loop) {
    auto listening = ControlServer::Listen(
        {.address = "127.0.0.1:0"},
        [&loop](std::function<void()> call) { loop.Post(std::move(call)); }, *this);
    EXPECT_TRUE(listening.ok()) << listening.status();
    server_ = *std::move(listening);
    coordinator::RunSpec spec;
    spec.run = kRun;
    spec.shape = plan::Constant{.users = 10, .spawn_rate = 1000};
    spec.endpoints.emplace_back().set_name("a");
    EXPECT_TRUE(coordinator_.StartRun(std::move(spec), std::make_unique<NoJournal>(), Now()).ok());
    ticking_ = std::thread([this] {
      while (!done_) {
        loop_.Post([this] { coordinator_.Tick(Now()); });
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }
  ~Master() {
    done_ = true;
    ticking_.join();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  const coordinator::Coordinator& coordinator() const { return coordinator_; }

 private:
  void OnConnect(ConnectionId connection, const std::string& peer) override {
    coordinator_.OnConnect(connection, peer, Now());
  }
  void OnMessage(ConnectionId connection, v1::WorkerMessage& message) override {
    coordinator_.OnMessage(connection, message, Now());
  }
  void OnDisconnect(ConnectionId connection) override {
    coordinator_.OnDisconnect(connection, Now());
  }
  void Send(coordinator::ConnectionId connection, const v1::MasterMessage& message) override {
    server_->Send(connection, message);
  }
  void Close(coordinator::ConnectionId connection) override { server_->Close(connection); }
  std::string WallClock(Time) override { return ""; }
  void OnRunFinished(const coordinator::Outcome& outcome) override {
    ADD_FAILURE() << "the run ended: " << outcome.why;
  }

  coordinator::Coordinator coordinator_;
  test::CallQueue& loop_;
  std::unique_ptr<ControlServer> server_;
  std::atomic<bool> done_ = false;
  std::thread ticking_;
};

// Joins, prepares and starts as it should; what else it says is the test's.
class Peer final : ClientHandler {
 public:
  Peer(test::CallQueue& loop, const Master& master, std::uint64_t session)
      : session_(session),
        client_(
            {.master = master.address()},
            [&loop](std::function<void()> call) { loop.Post(std::move(call)); }, *this) {
    client_.Connect();
  }

  void Hello() {
    v1::WorkerMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_protocol(coordinator::kProtocol);
    hello.set_version(std::string(Version()));
    hello.set_session(session_);
    hello.set_name("peer");
    hello.set_threads(1);
    client_.Send(message);
  }
  void Say(const v1::WorkerMessage& message) { client_.Send(message); }
  void Prepared() {
    v1::WorkerMessage message;
    message.mutable_prepared()->set_run(kRun);
    client_.Send(message);
  }
  // So many requests were started and succeeded.
  v1::WorkerMessage Snapshot(std::uint64_t sequence, std::uint64_t begun,
                             std::uint64_t succeeded) const {
    stats::Interval interval;
    interval.index = static_cast<std::uint32_t>(sequence - 1);
    interval.endpoints.resize(1);
    stats::EndpointStats& endpoint = interval.endpoints[0];
    endpoint.started = begun;
    endpoint.succeeded = succeeded;
    for (std::uint64_t i = 0; i < succeeded; ++i) {
      endpoint.response.Record(std::chrono::milliseconds(5));
    }
    v1::WorkerMessage message;
    stats::ToProto(interval, *message.mutable_snapshot());
    message.mutable_snapshot()->set_run(kRun);
    message.mutable_snapshot()->set_session(session_);
    message.mutable_snapshot()->set_sequence(sequence);
    return message;
  }

  bool connected = false, welcome = false, invited = false, started = false;
  std::uint64_t acknowledged = 0;
  std::string refused;
  bool answers_pings = true;

 private:
  void OnConnected() override { connected = true; }
  void OnDisconnected(const std::string&, bool) override { connected = false; }
  void OnMessage(v1::MasterMessage message) override {
    welcome = welcome || message.has_welcome();
    invited = invited || message.has_prepare();
    started = started || message.has_start();
    if (message.has_ack()) acknowledged = message.ack().sequence();
    if (message.has_refused()) refused = message.refused().reason();
    if (!message.has_ping() || !answers_pings) return;
    v1::WorkerMessage pong;
    pong.mutable_pong()->set_master_ns(message.ping().master_ns());
    pong.mutable_pong()->set_worker_ns(Now().time_since_epoch().count());
    client_.Send(pong);
  }

  const std::uint64_t session_;
  ControlClient client_;
};

class StraysTest : public testing::Test {
 protected:
  StraysTest() : master(loop), honest(loop, master, 1) { SetLogLevel(LogLevel::kError); }

  void Until(const std::function<bool()>& condition) { ASSERT_TRUE(loop.RunUntil(condition)); }
  void Begin(Peer& peer) {
    Until([&] { return peer.connected; });
    peer.Hello();
    Until([&] { return peer.invited; });
    peer.Prepared();
    Until([&] { return peer.started; });
  }
  // The honest worker delivers its next snapshot as if there was nobody else.
  void Deliver() {
    honest.Say(honest.Snapshot(++delivered, 7, 6));
    Until([&] { return honest.acknowledged == delivered; });
  }
  void ExpectRefused(Peer& stray, const std::string& reason) {
    Until([&] { return !stray.connected; });
    EXPECT_NE(stray.refused.find(reason), std::string::npos) << stray.refused;
    Deliver();
  }

  test::CallQueue loop;
  Master master;
  Peer honest;
  std::uint64_t delivered = 0;
};

TEST_F(StraysTest, EachIsToldWhyAndNobodyElseNotices) {
  Begin(honest);
  Deliver();
  std::uint64_t session = 100;
  const auto stray = [&](bool greets) {
    auto peer = std::make_unique<Peer>(loop, master, ++session);
    peer->answers_pings = false;  // so that it gets no users
    EXPECT_TRUE(loop.RunUntil([&] { return peer->connected; }));
    if (greets) {
      peer->Hello();
      EXPECT_TRUE(loop.RunUntil([&] { return peer->invited; }));
    }
    return peer;
  };
  {
    const auto peer = stray(false);
    peer->Say(peer->Snapshot(1, 1, 1));
    ExpectRefused(*peer, "the first message must be Hello");
  }
  {
    const auto peer = stray(true);
    peer->Hello();
    ExpectRefused(*peer, "a second Hello");
    // And it stays outside.
    Peer again(loop, master, session);
    Until([&] { return again.connected; });
    again.Hello();
    ExpectRefused(again, "an impossible message before");
  }
  {
    const auto peer = stray(true);
    peer->Say(peer->Snapshot(1, 1, 1));
    ExpectRefused(*peer, "a run that it has not started");
  }
  {
    const auto peer = stray(true);
    peer->Say({});
    ExpectRefused(*peer, "an empty message");
  }
  {
    const auto peer = stray(true);
    v1::WorkerMessage message;
    message.mutable_finished()->set_run(kRun);
    message.mutable_finished()->set_snapshots(3);
    peer->Say(message);
    ExpectRefused(*peer, "finished after 3 snapshots, of which 0 came");
  }
  EXPECT_EQ(master.coordinator().results()->Total().succeeded, 6 * delivered);
}

TEST_F(StraysTest, WhoTakesPartAndLiesIsCutOffWithItsLie) {
  Begin(honest);
  struct Lie {
    std::function<void(Peer&)> tell;
    std::string told;
  };
  const Lie lies[] = {
      {[](Peer& peer) { peer.Say(peer.Snapshot(3, 1, 1)); }, "snapshot 3 came after 0"},
      {[](Peer& peer) { peer.Say(peer.Snapshot(1, 1, 5)); },
       "more requests completed than started"},
      {[](Peer& peer) {
         v1::WorkerMessage message = peer.Snapshot(1, 1, 1);
         message.mutable_snapshot()->set_session(1);  // the honest one's
         peer.Say(message);
       },
       "a snapshot of another session"},
      {[](Peer& peer) {
         v1::WorkerMessage message = peer.Snapshot(1, 1, 1);
         message.mutable_snapshot()->mutable_endpoints(0)->set_endpoint(9);
         peer.Say(message);
       },
       "unknown endpoint 9"},
  };
  std::uint64_t session = 200;
  for (const Lie& lie : lies) {
    Peer liar(loop, master, ++session);
    Begin(liar);
    lie.tell(liar);
    ExpectRefused(liar, lie.told);
  }
  EXPECT_EQ(master.coordinator().results()->Total().succeeded, 6 * delivered);
  EXPECT_FALSE(master.coordinator().results()->workers().at(0).lost);
}

}  // namespace
}  // namespace sfp::control
