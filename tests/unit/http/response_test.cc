// The reader alone: every cut of a response into pieces gives the same outcome, and buffers are
// held only while they hold something.

#include "worker/http/response.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using Progress = Response::Progress;

Progress Feed(Response& response, std::string_view bytes) {
  Progress progress = Progress::kMore;
  while (!bytes.empty() && progress == Progress::kMore) {
    const std::span<char> space = response.Space();
    const std::size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    bytes.remove_prefix(n);
    progress = response.Received(n);
  }
  return progress;
}

const std::vector<std::string> kMessages = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: "
    "u\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
};

TEST(Response, IsTheSameInThreePiecesWhereverTheyAreCut) {
  BufferPool pool;
  const Limits limits;
  for (const std::string& message : kMessages) {
    for (std::size_t i = 1; i < message.size(); ++i) {
      for (std::size_t j = i; j < message.size(); ++j) {
        Response response(pool, limits);
        response.Begin(false, true, false);
        ASSERT_EQ(Feed(response, message.substr(0, i)), Progress::kMore);
        ASSERT_EQ(Feed(response, message.substr(i, j - i)), Progress::kMore);
        ASSERT_EQ(Feed(response, message.substr(j)), Progress::kDone) << i << ' ' << j;
        ASSERT_EQ(response.content().body, "hello");
        ASSERT_EQ(response.content().status, 200);
        ASSERT_EQ(response.bytes(), message.size());
        ASSERT_TRUE(response.keep_alive());
      }
    }
  }
}

TEST(Response, HoldsNoBufferOnceEverythingIsRead) {
  BufferPool pool;
  const Limits limits;
  Response response(pool, limits);
  response.Begin(false, false, false);
  EXPECT_EQ(Feed(response, "HTTP/1.1 200 OK\r\nContent-Len"), Progress::kMore);
  response.ReleaseIfEmpty();
  EXPECT_EQ(pool.spare(), 0u);
  EXPECT_EQ(Feed(response, "gth: 4\r\n\r\nab"), Progress::kMore);
  response.ReleaseIfEmpty();
  EXPECT_EQ(pool.spare(), 1u);
  EXPECT_EQ(Feed(response, "cd"), Progress::kDone);
  response.Release();
  EXPECT_EQ(pool.spare(), 1u);
}

TEST(Response, ReadsAHeaderLongerThanABuffer) {
  BufferPool pool;
  const Limits limits{100'000, 1000};
  Response response(pool, limits);
  response.Begin(false, true, true);
  const std::string value(50'000, 'v');
  const std::string message =
      "HTTP/1.1 302 Found\r\nLocation: " + value + "\r\nContent-Length: 2\r\n\r\nok";
  ASSERT_GT(message.size(), 2 * BufferPool::kSize);
  EXPECT_EQ(Feed(response, message), Progress::kDone);
  EXPECT_EQ(response.content().location, value);
  EXPECT_EQ(response.content().body, "ok");
  response.Release();
  EXPECT_EQ(pool.spare(), 0u);  // the larger one is not kept
}

TEST(Response, TakesAHeaderOfExactlyTheLimitInOneOrManyPieces) {
  BufferPool pool;
  const std::string message = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: bcdefgh\r\n\r\n";
  for (const std::size_t piece : {message.size(), std::size_t{7}, std::size_t{1}}) {
    for (const int below : {0, 1}) {
      const Limits limits{static_cast<std::uint32_t>(message.size()) - below, 10};
      Response response(pool, limits);
      response.Begin(false, false, false);
      Progress progress = Progress::kMore;
      for (std::size_t at = 0; at < message.size() && progress == Progress::kMore; at += piece) {
        progress = Feed(response, message.substr(at, piece));
      }
      EXPECT_EQ(progress, below == 0 ? Progress::kDone : Progress::kFailed) << piece;
      if (below != 0) {
        EXPECT_EQ(response.fault().kind, FailureKind::kTooLarge);
      }
    }
  }
}

TEST(Response, NamesTheFirstFaultWithinTheLimitWhateverThePieces) {
  const Limits limits{100, 1000};
  const std::string filler(100, 'x');
  const struct {
    std::string message;
    FailureKind kind;
    std::string_view fault;
  } kCases[] = {
      {"HTTP/9 OK\r\nA: " + filler + "\r\n\r\n", FailureKind::kMalformed,
       "Malformed response: bad version"},
      {"HTTP/1.1HTTP/1.1 200 OK\nA: b\r\n\r\n", FailureKind::kMalformed,
       "Malformed response: bad version"},
      {"HTTP/1.1 200 OK\r\nA: " + filler + "\nB: c\r\n\r\n", FailureKind::kTooLarge,
       "Response header larger than 100 bytes"},
      {"HTTP/1.1 200 " + filler, FailureKind::kTooLarge, "Response header larger than 100 bytes"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: " + filler + "\r\n\r\n",
       FailureKind::kTooLarge, "Response header larger than 100 bytes"},
  };
  BufferPool pool;
  for (const auto& c : kCases) {
    for (const std::size_t piece : {c.message.size(), std::size_t{9}, std::size_t{1}}) {
      Response response(pool, limits);
      response.Begin(false, true, true);
      Progress progress = Progress::kMore;
      for (std::size_t at = 0; at < c.message.size() && progress == Progress::kMore; at += piece) {
        progress = Feed(response, std::string_view(c.message).substr(at, piece));
      }
      EXPECT_EQ(progress, Progress::kFailed) << c.message << piece;
      EXPECT_EQ(response.fault().kind, c.kind) << c.message << piece;
      EXPECT_EQ(response.fault().message, c.fault) << c.message << piece;
    }
  }
}

TEST(Response, KeepsWhatWasAskedForAndNothingElse) {
  BufferPool pool;
  const Limits limits;
  const std::string message =
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nLocation: /x\r\nLocation: /y\r\nset-cookie: b=2\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: trailer=3\r\n\r\n";
  for (const bool keep : {false, true}) {
    Response response(pool, limits);
    response.Begin(false, keep, keep);
    ASSERT_EQ(Feed(response, message), Progress::kDone);
    const ResponseContent& content = response.content();
    EXPECT_EQ(content.body, keep ? "ok" : "");
    EXPECT_EQ(content.body_bytes, 2u);
    EXPECT_EQ(content.location, keep ? "/x" : "");
    EXPECT_EQ(content.cookie_text, keep ? "a=1b=2" : "");
    EXPECT_EQ(content.cookie_ends,
              keep ? (std::vector<std::size_t>{3, 6}) : std::vector<std::size_t>{});
  }
}

// One that is used again and again remembers a header; a new one has none to remember.
TEST(Response, ReadsOneBehindAnotherAsEachByItself) {
  BufferPool pool;
  const Limits limits;
  const std::vector<std::string> messages = {
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
      "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\nHTTP/1.1 404 Not Found",
      "HTTP/1.1 404 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
  };
  Response again(pool, limits);
  Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string& message = messages[rng.Below(messages.size())];
    const bool head = rng.Below(4) == 0, body = rng.Below(2) == 0, headers = rng.Below(3) == 0;
    Response fresh(pool, limits);
    for (Response* response : {&again, &fresh}) {
      response->Release();
      response->Begin(head, body, headers);
      ASSERT_EQ(Feed(*response, message), Progress::kDone);
    }
    const ResponseContent &one = again.content(), &other = fresh.content();
    ASSERT_EQ(one.status, other.status) << message;
    ASSERT_EQ(one.body, other.body) << message;
    ASSERT_EQ(one.body_bytes, other.body_bytes) << message;
    ASSERT_EQ(one.coding, other.coding) << message;
    ASSERT_EQ(one.cookie_text, other.cookie_text) << message;
    ASSERT_EQ(again.keep_alive(), fresh.keep_alive()) << message;
    ASSERT_EQ(again.left_over(), fresh.left_over()) << message;
    ASSERT_EQ(again.bytes(), fresh.bytes()) << message;
  }
}

TEST(Response, ReadsABodyOfManyBuffers) {
  BufferPool pool;
  const Limits limits{1000, 1'000'000};
  const std::string body(1'000'000, 'b');
  Response response(pool, limits);
  response.Begin(false, true, false);
  EXPECT_EQ(Feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + body),
            Progress::kDone);
  EXPECT_EQ(response.content().body, body);
}

}  // namespace
}  // namespace sfp::http
