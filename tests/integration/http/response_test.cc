// What the client makes of every kind of response and of every way to break one, held against a
// server that sends exact bytes: delivered whole, byte by byte, and cut in two at each position.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/http/harness.h"
#include "tests/support/raw_server.h"

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::Phase;
using support::Drain;
using support::HalfClose;
using support::Pause;
using support::RawServer;
using support::ReadRequest;
using support::Reset;
using support::Script;
using support::Send;
using support::SendPieces;
using support::Stall;
using support::Step;

// How the server goes on behind its bytes, and whether the connection serves a second request.
enum class After { kKept, kFin, kReset, kClosedByUs };

struct Case {
  const char* name;
  std::string bytes;
  After after = After::kKept;
  FailureKind kind = FailureKind::kNone;
  std::string message = "";
  int status = 200;
  std::string body = "";
  bool head = false;
  std::size_t behind = 0;  // bytes that are no part of the response
  Phase phase = Phase::kBody;
};

constexpr char kOk[] = "HTTP/1.1 200 OK\r\n";
const std::string kOkText = kOk;

std::vector<Case> WellFormed() {
  return {
      {"ContentLength",
       kOkText + "Content-Length: 5\r\n\r\nhello",
       After::kKept,
       {},
       "",
       200,
       "hello"},
      {"ContentLengthZero", kOkText + "Content-Length: 0\r\n\r\n"},
      {"ContentLengthTwiceTheSame",
       kOkText + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
       After::kKept,
       {},
       "",
       200,
       "ab"},
      {"Chunked",
       kOkText + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
       After::kKept,
       {},
       "",
       200,
       "abcde"},
      {"ChunkedEmpty", kOkText + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"ChunkedWithTrailers",
       kOkText + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n",
       After::kKept,
       {},
       "",
       200,
       "x"},
      {"ChunkedWithExtensions",
       kOkText + "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0;c=\"d\"\r\n\r\n",
       After::kKept,
       {},
       "",
       200,
       "x"},
      {"ChunkedUpperCaseHex",
       kOkText + "Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
       After::kKept,
       {},
       "",
       200,
       "0123456789"},
      {"CloseDelimited", kOkText + "\r\nuntil the end", After::kFin, {}, "", 200, "until the end"},
      {"CloseDelimitedEmpty", kOkText + "\r\n", After::kFin},
      {"CloseDelimitedIdentityCoding",
       kOkText + "Transfer-Encoding: identity\r\n\r\nxyz",
       After::kFin,
       {},
       "",
       200,
       "xyz"},
      {"NoContent", "HTTP/1.1 204 No Content\r\n\r\n", After::kKept, {}, "", 204},
      {"NoContentWithLength",
       "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
       After::kKept,
       {},
       "",
       204},
      {"NotModified",
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n",
       After::kKept,
       {},
       "",
       304},
      {"Head", kOkText + "Content-Length: 20000\r\n\r\n", After::kKept, {}, "", 200, "", true},
      {"HeadChunked",
       kOkText + "Transfer-Encoding: chunked\r\n\r\n",
       After::kKept,
       {},
       "",
       200,
       "",
       true},
      {"HeadWithoutLength", kOkText + "\r\n", After::kKept, {}, "", 200, "", true},
      {"Continue",
       "HTTP/1.1 100 Continue\r\n\r\n" + kOkText + "Content-Length: 1\r\n\r\nx",
       After::kKept,
       {},
       "",
       200,
       "x"},
      {"EarlyHintsAndContinue",
       "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
       "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx",
       After::kKept,
       {},
       "",
       201,
       "x"},
      {"ContinueBeforeNoContent",
       "HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n\r\n",
       After::kKept,
       {},
       "",
       204},
      {"SwitchingProtocolsIsFinal",
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       After::kClosedByUs,
       {},
       "",
       101},
      {"ConnectionClose",
       kOkText + "Connection: close\r\nContent-Length: 2\r\n\r\nab",
       After::kClosedByUs,
       {},
       "",
       200,
       "ab"},
      {"ConnectionCloseAmongOthers",
       kOkText + "Connection: foo, Close\r\nContent-Length: 2\r\n\r\nab",
       After::kClosedByUs,
       {},
       "",
       200,
       "ab"},
      {"ConnectionKeepAlive",
       kOkText + "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
       After::kKept,
       {},
       "",
       200,
       "ab"},
      {"Http10",
       "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
       After::kClosedByUs,
       {},
       "",
       200,
       "ab"},
      {"Http10KeepAlive",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
       After::kKept,
       {},
       "",
       200,
       "ab"},
      {"Http10UntilTheEnd", "HTTP/1.0 200 OK\r\n\r\nab", After::kFin, {}, "", 200, "ab"},
      {"EmptyReason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
      {"ReasonOfManyWords",
       "HTTP/1.1 418 I'm a t\xc3\xa9"
       "apot\r\nContent-Length: 0\r\n\r\n",
       After::kKept,
       {},
       "",
       418},
      {"StatusOutOfTheUsual",
       "HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n",
       After::kKept,
       {},
       "",
       999},
      {"FoldedHeader", kOkText + "A: b\r\n  c\r\nContent-Length: 0\r\n\r\n"},
      {"EmptyHeaderValue", kOkText + "A:\r\nContent-Length: 0\r\n\r\n"},
      {"SpaceAroundValues",
       kOkText + "Content-Length: \t 3 \t\r\n\r\nabc",
       After::kKept,
       {},
       "",
       200,
       "abc"},
      {"JunkBehindTheResponse",
       kOkText + "Content-Length: 2\r\n\r\nabXYZ",
       After::kClosedByUs,
       {},
       "",
       200,
       "ab",
       false,
       3},
      {"SecondResponseBehindTheFirst",
       kOkText + "Content-Length: 0\r\n\r\n" + kOkText + "Content-Length: 0\r\n\r\n",
       After::kClosedByUs,
       {},
       "",
       200,
       "",
       false,
       38},
      {"BodyBehindHead",
       kOkText + "Content-Length: 2\r\n\r\nab",
       After::kClosedByUs,
       {},
       "",
       200,
       "",
       true,
       2},
      {"JunkBehindChunks",
       kOkText + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n!",
       After::kClosedByUs,
       {},
       "",
       200,
       "",
       false,
       1},
  };
}

const std::string kBare = "bare LF at a line's end";

std::vector<Case> Broken() {
  const FailureKind malformed = FailureKind::kMalformed;
  const FailureKind truncated = FailureKind::kTruncated;
  const std::string chunked = kOkText + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"NothingThenFin", "", After::kFin, FailureKind::kClosedBeforeResponse,
       "Remote end closed connection without response", 0, "", false, 0, Phase::kFirstByte},
      {"NothingThenReset", "", After::kReset, FailureKind::kReset, "Connection reset by peer", 0,
       "", false, 0, Phase::kFirstByte},
      {"FinInTheStatusLine", "HTTP/1.1 2", After::kFin, truncated,
       "Response truncated: 10 bytes of its header received", 0},
      {"FinAfterOneByte", "H", After::kFin, truncated,
       "Response truncated: 1 bytes of its header received", 0},
      {"FinAfterTheStatusLine", kOkText, After::kFin, truncated,
       "Response truncated: 17 bytes of its header received"},
      {"FinInTheHeader", kOkText + "Content-Length: 5\r\n", After::kFin, truncated,
       "Response truncated: 36 bytes of its header received"},
      {"FinInTheBody", kOkText + "Content-Length: 10\r\n\r\nhello", After::kFin, truncated,
       "Response truncated: 5 of 10 body bytes received"},
      {"FinBeforeTheBody", kOkText + "Content-Length: 10\r\n\r\n", After::kFin, truncated,
       "Response truncated: 0 of 10 body bytes received"},
      {"FinInAChunk", chunked + "5\r\nhel", After::kFin, truncated,
       "Response truncated: 3 body bytes of a chunked response received"},
      {"FinBehindAChunk", chunked + "5\r\nhello\r\n", After::kFin, truncated,
       "Response truncated: 5 body bytes of a chunked response received"},
      {"FinInTheLastChunk", chunked + "5\r\nhello\r\n0\r\n", After::kFin, truncated,
       "Response truncated: 5 body bytes of a chunked response received"},
      {"FinInTheTrailers", chunked + "5\r\nhello\r\n0\r\nA: b\r\n", After::kFin, truncated,
       "Response truncated: 5 body bytes of a chunked response received"},
      {"FinBehindContinue", "HTTP/1.1 100 Continue\r\n\r\n", After::kFin, truncated,
       "Response truncated: nothing after an interim response", 0},
      {"ResetInTheHeader", kOkText + "Content-Le", After::kReset, FailureKind::kResetInResponse,
       "Connection reset by peer in the response"},
      {"ResetInTheBody", kOkText + "Content-Length: 10\r\n\r\nhello", After::kReset,
       FailureKind::kResetInResponse, "Connection reset by peer in the response"},
      {"ResetInAChunk", chunked + "5\r\nhel", After::kReset, FailureKind::kResetInResponse,
       "Connection reset by peer in the response"},
      {"ResetInACloseDelimitedBody", kOkText + "\r\nhello", After::kReset,
       FailureKind::kResetInResponse, "Connection reset by peer in the response"},
      {"ResetBehindContinue", "HTTP/1.1 100 Continue\r\n\r\n", After::kReset,
       FailureKind::kResetInResponse, "Connection reset by peer in the response", 0},
      {"BareLineFeeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", After::kKept, malformed,
       "Malformed response: bad reason (" + kBare + ")", 0},
      {"BareLineFeedInTheHeader", kOkText + "A: b\nContent-Length: 0\r\n\r\n", After::kKept,
       malformed, "Malformed response: bad value (" + kBare + ")"},
      {"StatusLineWithoutReasonAndSpace", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", After::kKept,
       malformed, "Malformed response: bad status (status line without reason and space)", 0},
      {"BothOfThem", "HTTP/1.1 200\nContent-Length: 0\n\n", After::kKept, malformed,
       "Malformed response: bad status (" + kBare + "; status line without reason and space)", 0},
      {"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n", After::kKept, malformed,
       "Malformed response: bad version (not HTTP)", 0},
      {"TlsAlertOnAPlainConnection", std::string("\x15\x03\x01\x00\x02\x02\x46\x00", 8),
       After::kKept, malformed,
       "Malformed response: bad version (the answer is TLS: should the target be https?)", 0},
      {"Http2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", After::kKept, malformed,
       "Malformed response: bad version", 0},
      {"StatusOfTwoDigits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", After::kKept, malformed,
       "Malformed response: bad status", 0},
      {"ControlCharacterInTheReason", "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
       After::kKept, malformed, "Malformed response: bad reason", 0},
      {"SpaceInAFieldName", kOkText + "Bad Name: x\r\nContent-Length: 0\r\n\r\n", After::kKept,
       malformed, "Malformed response: bad field"},
      {"FieldWithoutColon", kOkText + "Nonsense\r\nContent-Length: 0\r\n\r\n", After::kKept,
       malformed, "Malformed response: bad field"},
      {"ContentLengthsDiffer", kOkText + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       After::kKept, malformed, "Malformed response: multiple Content-Length"},
      {"ContentLengthNegative", kOkText + "Content-Length: -1\r\n\r\n", After::kKept, malformed,
       "Malformed response: bad Content-Length"},
      {"ContentLengthWithLetters", kOkText + "Content-Length: 5x\r\n\r\nhello", After::kKept,
       malformed, "Malformed response: bad Content-Length"},
      {"ContentLengthOverflows", kOkText + "Content-Length: 99999999999999999999\r\n\r\n",
       After::kKept, malformed, "Malformed response: bad Content-Length"},
      {"LengthAndChunked",
       kOkText + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", After::kKept,
       malformed, "Malformed response: bad Transfer-Encoding"},
      {"ChunkSizeIsNoNumber", chunked + "xyz\r\nabc\r\n0\r\n\r\n", After::kKept, malformed,
       "Malformed response: bad chunk"},
      {"ChunkLongerThanItsSize", chunked + "3\r\nabcdef\r\n0\r\n\r\n", After::kKept, malformed,
       "Malformed response: bad chunk"},
      {"ChunkSizeOverflows", chunked + "fffffffffffffffff\r\nabc\r\n0\r\n\r\n", After::kKept,
       malformed, "Malformed response: bad chunk"},
      {"FinBehindAMalformedHeader", kOkText + "Bad Name: x\r\n", After::kFin, malformed,
       "Malformed response: bad field"},
      {"HeaderTooLong", kOkText + "A: " + std::string(600, 'a') + "\r\n\r\n", After::kKept,
       FailureKind::kTooLarge, "Response header larger than 512 bytes"},
      {"HeaderWithoutEnd", kOkText + "A: " + std::string(600, 'a'), After::kKept,
       FailureKind::kTooLarge, "Response header larger than 512 bytes"},
      {"BodyTooLong", kOkText + "Content-Length: 2001\r\n\r\n", After::kKept,
       FailureKind::kTooLarge, "Response body larger than 2000 bytes"},
      {"ChunksTooLong", chunked + "5\r\nhello\r\n7d0\r\n", After::kKept, FailureKind::kTooLarge,
       "Response body larger than 2000 bytes"},
      {"TrailersTooLong", chunked + "0\r\nA: " + std::string(600, 'a'), After::kKept,
       FailureKind::kTooLarge, "Response header larger than 512 bytes"},
  };
}

Script Play(const Case& c, const std::vector<Step>& delivery) {
  Script script = {ReadRequest()};
  script.insert(script.end(), delivery.begin(), delivery.end());
  switch (c.after) {
    case After::kFin:
      script.insert(script.end(), {HalfClose(), Drain()});
      break;
    case After::kReset:
      // The client has read what came before: a moment keeps RST from overtaking nothing.
      script.insert(script.end(), {Pause(), Reset()});
      break;
    case After::kClosedByUs:
      script.push_back(Drain());
      break;
    case After::kKept:
      script.insert(script.end(), {ReadRequest(), Send("HTTP/1.1 204 \r\n\r\n"), Drain()});
      break;
  }
  return script;
}

class ResponseTable : public testing::TestWithParam<Case> {
 protected:
  static Destination Limited(std::uint16_t port) {
    Destination destination = To("127.0.0.1", port);
    destination.limits = {512, 2000};
    return destination;
  }

  void Expect(const Case& c, const std::vector<Step>& delivery, bool whole) {
    RawServer server({Play(c, delivery), {ReadRequest(), Send("HTTP/1.1 204 \r\n\r\n"), Drain()}});
    Harness harness(Limited(server.port()));
    auto connection = harness.Connect();
    const std::string request =
        c.head ? "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" : std::string(kGet);
    const Outcome outcome =
        harness.Run(*connection, {.bytes = request, .head = c.head, .keep_body = true});
    ASSERT_EQ(outcome.count, 1);
    EXPECT_EQ(outcome.failure.message, c.message);
    EXPECT_EQ(outcome.failure.kind, c.kind) << stats::Name(outcome.failure.kind);
    EXPECT_EQ(outcome.sample.bytes_sent, request.size());
    EXPECT_FALSE(outcome.sample.reconnected);
    if (c.kind == FailureKind::kNone) {
      EXPECT_EQ(outcome.sample.status, c.status);
      EXPECT_EQ(outcome.body, c.body);
      EXPECT_EQ(outcome.sample.bytes_received, c.bytes.size() - c.behind);
      // Whether bytes behind a response are seen depends on when they come.
      if (whole) {
        EXPECT_EQ(harness.counters().left_over, c.behind > 0 ? 1u : 0u);
      }
    } else {
      EXPECT_EQ(outcome.failure.phase, c.phase) << stats::Name(outcome.failure.phase);
      EXPECT_EQ(outcome.failure.evidence.reset, c.after == After::kReset);
      EXPECT_EQ(outcome.failure.evidence.bytes_sent, request.size());
      if (whole) {
        EXPECT_EQ(outcome.sample.bytes_received, c.bytes.size());
        EXPECT_EQ(outcome.sample.status, c.status);
      }
    }
    EXPECT_EQ(harness.client().spare_buffers(),
              c.after == After::kReset && c.bytes.empty() ? 1u : 1u);

    // What lies behind a response ends its connection as soon as it is seen.
    const Counters& counters = harness.counters();
    EXPECT_TRUE(harness.RunUntil(
        [&] { return c.behind == 0 || counters.left_over + counters.unsolicited > 0; }));
    const Outcome second = harness.Get(*connection);
    EXPECT_TRUE(second.ok()) << second.failure.message;
    EXPECT_EQ(second.sample.status, 204);
    const bool kept = c.kind == FailureKind::kNone && c.after == After::kKept;
    EXPECT_EQ(server.accepted(), kept ? 1 : 2);
    if (whole) {
      EXPECT_FALSE(second.sample.reconnected);
    }
  }
};

TEST_P(ResponseTable, ComesWhole) { Expect(GetParam(), {Send(GetParam().bytes)}, true); }

TEST_P(ResponseTable, ComesByteByByte) {
  Expect(GetParam(), {SendPieces(GetParam().bytes, 1)}, false);
}

std::vector<Case> Short(std::vector<Case> cases) {
  std::erase_if(cases, [](const Case& c) { return c.bytes.size() < 2 || c.bytes.size() > 120; });
  return cases;
}

std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(WellFormed, ResponseTable, testing::ValuesIn(WellFormed()), NameOf);
INSTANTIATE_TEST_SUITE_P(Broken, ResponseTable, testing::ValuesIn(Broken()), NameOf);

class CutInTwo : public ResponseTable {};

TEST_P(CutInTwo, AtEachPosition) {
  const Case& c = GetParam();
  for (std::size_t at = 1; at < c.bytes.size(); ++at) {
    SCOPED_TRACE(at);
    Expect(c, {Send(c.bytes.substr(0, at)), Pause(1), Send(c.bytes.substr(at))}, false);
  }
}

INSTANTIATE_TEST_SUITE_P(WellFormed, CutInTwo, testing::ValuesIn(Short(WellFormed())), NameOf);
INSTANTIATE_TEST_SUITE_P(Broken, CutInTwo, testing::ValuesIn(Short(Broken())), NameOf);

}  // namespace
}  // namespace sfp::http
