// The HTTP server over real sockets: what it accepts, what it refuses, how connections end.

#include "common/net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "common/net/authority.h"
#include "common/net/tls.h"
#include "tests/support/probe.h"

namespace sfp::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::Probe;
using ::testing::HasSubstr;

// A server on a thread of its own. What is observed is read through At(), on the server's thread.
class Running final : public HttpObserver {
 public:
  Running(HttpServerOptions options, HttpHandler handler)
      : work_(loop_.get_executor()), server_(loop_, std::move(options), std::move(handler), this) {
    EXPECT_TRUE(server_.Listen("127.0.0.1", 0).ok());
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Running() {
    loop_.stop();
    thread_.join();
  }

  template <typename F>
  auto At(F function) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto result = task.get_future();
    boost::asio::post(loop_, std::move(task));
    return result.get();
  }
  std::uint16_t port() const { return server_.port(); }
  HttpServer& server() { return server_; }
  boost::asio::io_context& loop() { return loop_; }

  // Until the connection's end has been observed.
  HttpCloseReason CloseReason() {
    for (;;) {
      const auto reason = At([this] { return closed_; });
      if (reason) return *reason;
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  std::vector<HttpExchange> Exchanges() {
    return At([this] { return exchanges_; });
  }
  std::uint64_t StrayBytes() {
    return At([this] { return stray_; });
  }

 private:
  void OnAccept(std::uint64_t) override {}
  void OnExchange(const HttpExchange& exchange) override { exchanges_.push_back(exchange); }
  void OnClose(std::uint64_t, HttpCloseReason reason, std::uint64_t stray_bytes) override {
    closed_ = reason;
    stray_ += stray_bytes;
  }

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::optional<HttpCloseReason> closed_;
  std::vector<HttpExchange> exchanges_;
  std::uint64_t stray_ = 0;
  HttpServer server_;
  std::thread thread_;
};

// Says back what it was asked.
void Echo(const HttpRequest& request, const Responder& responder) {
  responder.Send({.content_type = "text/plain",
                  .body = std::string(request.method) + " " + std::string(request.target) + " " +
                          std::string(request.Field("x-name")) + " " + std::string(request.body)});
}

TEST(HttpServerTest, GivesTheHandlerWhatWasSent) {
  Running server({}, Echo);
  Probe probe(server.port());
  EXPECT_EQ(probe.Ask("GET", "/a?b=c", "X-NAME: v\r\n")->body, "GET /a?b=c v ");
  EXPECT_EQ(probe.Ask("PUT", "/a", "", "body")->body, "PUT /a  body");
  probe.Send(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;e=f\r\ndefg\r\n0\r\nX-Name: trailer\r\n\r\n");
  EXPECT_EQ(probe.Read()->body, "POST /c  abcdefg");
  EXPECT_EQ(probe.Ask("GET", "/again")->body, "GET /again  ");
}

TEST(HttpServerTest, TakesARequestInPiecesOfOneByte) {
  Running server({}, Echo);
  Probe probe(server.port());
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
    probe.Send({&c, 1});
  }
  EXPECT_EQ(probe.Read()->body, "POST /x  abc");
}

TEST(HttpServerTest, AnswersHeadWithoutABody) {
  Running server({}, Echo);
  Probe probe(server.port());
  EXPECT_EQ(probe.Ask("HEAD", "/abc")->Field("Content-Length"), "11");
  EXPECT_EQ(probe.Ask("GET", "/next")->status, 200);
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrderEvenIfTheFirstAnswersLate) {
  std::vector<Responder> waiting;
  Running server({}, [&](const HttpRequest& request, const Responder& responder) {
    if (request.target != "/late") return Echo(request, responder);
    waiting.push_back(responder);
  });
  Probe probe(server.port());
  probe.Send("GET /late HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
  while (server.At([&] { return waiting.empty(); })) std::this_thread::yield();
  EXPECT_TRUE(server.At([&] { return waiting[0].Send({.body = "late"}); }));
  EXPECT_EQ(probe.Read()->body, "late");
  EXPECT_EQ(probe.Read()->body, "GET /b  ");
  EXPECT_EQ(probe.Read()->body, "GET /c  ");
  EXPECT_FALSE(server.At([&] { return waiting[0].Send({.body = "twice"}); }));
}

TEST(HttpServerTest, EndsTheConnectionWhenTheClientWantsIt) {
  for (const char* request :
       {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    Running server({}, Echo);
    Probe probe(server.port());
    probe.Send(request);
    const auto reply = probe.Read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->Field("Connection"), "close");
    EXPECT_EQ(probe.ReadToEnd(), "");
    EXPECT_EQ(probe.end(), Probe::End::kFin);
  }
}

TEST(HttpServerTest, AsksForABodyThatWaitsForIt) {
  Running server({}, Echo);
  Probe probe(server.port());
  probe.Send("POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(probe.Read()->status, 100);
  probe.Send("abc");
  EXPECT_EQ(probe.Read()->body, "POST /  abc");
}

struct Refusal {
  std::string name;
  std::string bytes;
  int status;
};

TEST(HttpServerTest, RefusesWhatIsNoRequestAndEndsTheConnection) {
  for (const Refusal& expected : {
           Refusal{"no HTTP", "hello\r\n\r\n", 400},
           Refusal{"wrong version", "GET / HTTP/3.0\r\n\r\n", 400},
           Refusal{"space in a name", "GET / HTTP/1.1\r\nA b: c\r\n\r\n", 400},
           Refusal{"folded field", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400},
           Refusal{"two lengths",
                   "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
           Refusal{"length and chunks",
                   "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                   400},
           Refusal{"bad chunk", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", 400},
           Refusal{
               "endless chunk header",
               "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(20'000, 'a'),
               400},
           Refusal{"large head", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", 431},
           Refusal{"endless head", "GET /" + std::string(20'000, 'a'), 431},
           Refusal{"large body", "GET / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413},
           Refusal{"large chunk", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
                   413},
       }) {
    HttpServerOptions options;
    options.most_body_bytes = 1000;
    Running server(options, Echo);
    Probe probe(server.port());
    probe.Send(expected.bytes);
    const auto reply = probe.Read();
    ASSERT_TRUE(reply) << expected.name;
    EXPECT_EQ(reply->status, expected.status) << expected.name;
    EXPECT_EQ(probe.ReadToEnd(), "") << expected.name;
    EXPECT_EQ(probe.end(), Probe::End::kFin) << expected.name;
    probe.Close();
    EXPECT_EQ(server.CloseReason(), HttpCloseReason::kServer) << expected.name;
    ASSERT_EQ(server.Exchanges().size(), 1u) << expected.name;
    EXPECT_EQ(server.Exchanges()[0].index, 0u) << expected.name;
    EXPECT_EQ(server.Exchanges()[0].bytes_received + server.StrayBytes(), expected.bytes.size())
        << expected.name;
  }
}

TEST(HttpServerTest, DoesNotWaitForASlowRequestForever) {
  HttpServerOptions options;
  options.read_timeout = milliseconds(50);
  Running server(options, Echo);
  Probe probe(server.port());
  probe.Send("GET / HTTP/1.1\r\nX-Slow");
  EXPECT_EQ(probe.Read()->status, 408);
  EXPECT_EQ(probe.ReadToEnd(), "");
  probe.Close();
  EXPECT_EQ(server.CloseReason(), HttpCloseReason::kReadTimeout);
}

TEST(HttpServerTest, EndsIdleConnectionsSilently) {
  HttpServerOptions options;
  options.idle_timeout = milliseconds(50);
  Running server(options, Echo);
  Probe probe(server.port());
  EXPECT_EQ(probe.Ask("GET", "/")->status, 200);
  EXPECT_EQ(probe.ReadToEnd(), "");
  EXPECT_EQ(probe.end(), Probe::End::kFin);
  EXPECT_EQ(server.CloseReason(), HttpCloseReason::kIdle);
}

TEST(HttpServerTest, ALateLoopAnswersWhatLiesInTheSocketInsteadOfEndingTheConnectionAsIdle) {
  // One turn of the loop learns of 128 sockets, and of all time limits.
  constexpr int kConnections = 200;
  HttpServerOptions options;
  options.idle_timeout = milliseconds(1500);  // longer than all this takes
  std::promise<void> held;
  std::promise<void> release;
  Running server(options, [&](const HttpRequest& request, const Responder& responder) {
    if (request.target == "/hold") {
      held.set_value();
      release.get_future().wait();
    }
    Echo(request, responder);
  });
  Probe holder(server.port());
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < kConnections; ++i) {
    probes.push_back(std::make_unique<Probe>(server.port()));
  }
  for (auto& probe : probes) ASSERT_EQ(probe->Ask("GET", "/first")->status, 200);
  holder.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  held.get_future().wait();
  std::this_thread::sleep_for(options.idle_timeout);  // until all have been idle for too long
  for (auto& probe : probes) probe->Send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
  release.set_value();
  int answered = 0;
  for (auto& probe : probes) answered += probe->Read().has_value();
  EXPECT_EQ(answered, kConnections);
}

TEST(HttpServerTest, ConnectionsAboveTheLimitWaitForTheirTurn) {
  HttpServerOptions options;
  options.most_connections = 1;
  Running server(options, Echo);
  auto first = std::make_unique<Probe>(server.port());
  EXPECT_EQ(first->Ask("GET", "/1")->status, 200);
  Probe second(server.port());
  second.Send("GET /2 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(server.At([&] { return server.server().connections(); }), 1u);
  EXPECT_EQ(first->Ask("GET", "/3")->status, 200);
  first.reset();
  EXPECT_EQ(second.Read()->body, "GET /2  ");
}

TEST(HttpServerTest, ALargeAnswerReachesASlowClientWhole) {
  const std::string body(20'000'000, 'x');
  for (const bool tls : {false, true}) {
    const std::string names[] = {"localhost"};
    const auto key = GenerateSelfSigned(names);
    const auto context = TlsContext::Server({.cert_pem = key->cert_pem, .key_pem = key->key_pem});
    HttpServerOptions options;
    if (tls) options.tls = context->native();
    Running server(options, [&](const HttpRequest&, const Responder& responder) {
      responder.Send({.body = body});
    });
    Probe probe(server.port(), tls);
    probe.Send("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(probe.Read()->body.size(), body.size());
    EXPECT_EQ(probe.Read()->body.size(), body.size());
    EXPECT_EQ(server.Exchanges().back().bytes_sent * 2, probe.bytes_received());
  }
}

TEST(HttpServerTest, DropsAClientThatDoesNotTakeItsAnswer) {
  const std::string body(50'000'000, 'x');
  HttpServerOptions options;
  options.write_timeout = milliseconds(50);
  Running server(options, [&](const HttpRequest&, const Responder& responder) {
    responder.Send({.body = body});
  });
  Probe probe(server.port());
  probe.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(server.CloseReason(), HttpCloseReason::kWriteTimeout);
  EXPECT_FALSE(server.Exchanges().back().complete);
}

TEST(HttpServerTest, StreamsAndEnds) {
  Running server({}, [&](const HttpRequest&, const Responder& responder) {
    responder.StartStream({.content_type = "text/event-stream", .body = "data: 1\n\n"});
    boost::asio::post(server.loop(), [responder] {
      EXPECT_TRUE(responder.Write("data: 2\n\n"));
      EXPECT_TRUE(responder.End());
      EXPECT_FALSE(responder.Write("data: 3\n\n"));
    });
  });
  Probe probe(server.port());
  for (int i = 0; i < 2; ++i) {
    const auto reply = probe.Ask("GET", "/events");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->Field("Transfer-Encoding"), "chunked");
    EXPECT_EQ(reply->body, "data: 1\n\ndata: 2\n\n");
  }
  Probe old(server.port());
  old.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read()->body, "data: 1\n\ndata: 2\n\n");
}

TEST(HttpServerTest, DropsAStreamsSlowReader) {
  std::vector<Responder> streams;
  Running server({}, [&](const HttpRequest&, const Responder& responder) {
    responder.StartStream({.content_type = "text/event-stream"});
    streams.push_back(responder);
  });
  Probe probe(server.port());
  probe.Send("GET / HTTP/1.1\r\n\r\n");
  while (server.At([&] { return streams.empty(); })) std::this_thread::yield();
  const std::string piece(100'000, 'x');
  int written = 0;
  while (server.At([&] { return streams[0].Write(piece); })) ASSERT_LT(++written, 10'000);
  EXPECT_EQ(server.CloseReason(), HttpCloseReason::kSlowReader);
}

TEST(HttpServerTest, TellsAHandlerThatItsClientHasGone) {
  std::vector<Responder> waiting;
  bool gone = false;
  Running server({}, [&](const HttpRequest&, const Responder& responder) {
    responder.OnGone([&] { gone = true; });
    waiting.push_back(responder);
  });
  {
    Probe probe(server.port());
    probe.Send("GET / HTTP/1.1\r\n\r\n");
    while (server.At([&] { return waiting.empty(); })) std::this_thread::yield();
  }
  EXPECT_EQ(server.CloseReason(), HttpCloseReason::kPeer);
  EXPECT_TRUE(server.At([&] { return gone; }));
  EXPECT_FALSE(server.At([&] { return waiting[0].Send({}); }));
}

TEST(HttpServerTest, StopsAfterTheLastAnswer) {
  std::vector<Responder> waiting;
  Running server(
      {}, [&](const HttpRequest&, const Responder& responder) { waiting.push_back(responder); });
  Probe idle(server.port());
  Probe busy(server.port());
  busy.Send("GET / HTTP/1.1\r\n\r\n");
  while (server.At([&] { return waiting.empty(); })) std::this_thread::yield();
  std::promise<void> stopped;
  server.At([&] {
    server.server().Stop(seconds(20), [&] { stopped.set_value(); });
    return true;
  });
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_TRUE(server.At([&] { return waiting[0].Send({.body = "last"}); }));
  EXPECT_EQ(busy.Read()->body, "last");
  busy.Close();
  EXPECT_EQ(stopped.get_future().wait_for(seconds(20)), std::future_status::ready);
}

TEST(HttpServerTest, StopsWhenTheGraceIsOver) {
  Running server({}, [](const HttpRequest&, const Responder&) {});
  Probe probe(server.port());
  probe.Send("GET / HTTP/1.1\r\n\r\n");
  std::promise<void> stopped;
  server.At([&] {
    server.server().Stop(milliseconds(20), [&] { stopped.set_value(); });
    return true;
  });
  EXPECT_EQ(stopped.get_future().wait_for(seconds(20)), std::future_status::ready);
  EXPECT_FALSE(probe.Read());
}

TEST(HttpServerTest, SaysWhyItCannotListen) {
  Running server({}, Echo);
  boost::asio::io_context loop{1};
  HttpServer second(loop, {}, Echo);
  EXPECT_THAT(Message(second.Listen("127.0.0.1", server.port())),
              HasSubstr("Address already in use"));
  EXPECT_FALSE(second.Listen("no.such.host.invalid", 0).ok());
}

TEST(HttpServerTest, PlainBytesOnATlsPortAreAFailedHandshake) {
  const std::string names[] = {"localhost"};
  const auto key = GenerateSelfSigned(names);
  const auto context = TlsContext::Server({.cert_pem = key->cert_pem, .key_pem = key->key_pem});
  HttpServerOptions options;
  options.tls = context->native();
  Running server(options, Echo);
  Probe probe(server.port());
  probe.Send("GET / HTTP/1.1\r\n\r\n");
  probe.ReadToEnd();
  EXPECT_EQ(server.CloseReason(), HttpCloseReason::kHandshake);
  EXPECT_EQ(Probe(server.port(), true).Ask("GET", "/tls")->body, "GET /tls  ");
}

}  // namespace
}  // namespace sfp::net
