#include "worker/http/failure.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

namespace sfp::http {
namespace {

using stats::FailureKind;
using stats::Phase;

TEST(Failure, ClassifiesWhatConnectSays) {
  struct Row {
    int error;
    FailureKind kind;
    std::string message;
    bool another_address;
  };
  const std::vector<Row> rows = {
      {ECONNREFUSED, FailureKind::kRefused, "Connection refused", true},
      {ENETUNREACH, FailureKind::kUnreachable, "Network is unreachable", true},
      {EHOSTUNREACH, FailureKind::kUnreachable, "No route to host", true},
      {EAFNOSUPPORT, FailureKind::kUnreachable, "Address family not supported by protocol", true},
      {ETIMEDOUT, FailureKind::kConnectTimeout, "connect: no answer (the kernel gave up)", true},
      {EADDRNOTAVAIL, FailureKind::kOutOfPorts,
       "Cannot assign requested address (no free local port)", true},
      {EMFILE, FailureKind::kOutOfDescriptors, "Too many open files (this worker's limit)", false},
      {ENFILE, FailureKind::kOutOfDescriptors,
       "Too many open files in system (this worker's limit)", false},
      {ECONNRESET, FailureKind::kReset, "Connection reset by peer", true},
      {EIO, FailureKind::kOther, "Input/output error", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ConnectFailureKind(row.error), row.kind) << row.message;
    EXPECT_EQ(ConnectFailureMessage(row.error), row.message);
    EXPECT_EQ(WorthAnotherAddress(row.error), row.another_address) << row.message;
  }
}

TEST(Failure, PrefersTheErrorThatSaysMoreOfSeveralAddresses) {
  // ::1 of a machine without IPv6, then 127.0.0.1 with nobody listening; and the other way round.
  EXPECT_EQ(MoreTelling(EADDRNOTAVAIL, ECONNREFUSED), ECONNREFUSED);
  EXPECT_EQ(MoreTelling(ECONNREFUSED, EADDRNOTAVAIL), ECONNREFUSED);
  EXPECT_EQ(MoreTelling(EAFNOSUPPORT, ENETUNREACH), ENETUNREACH);
  EXPECT_EQ(MoreTelling(ENETUNREACH, EHOSTUNREACH), EHOSTUNREACH);  // the last of equals
  EXPECT_EQ(MoreTelling(0, EAFNOSUPPORT), EAFNOSUPPORT);
}

TEST(Failure, NamesThePhaseAndTheLimitOfATimeout) {
  struct Row {
    Phase phase;
    FailureKind kind;
    std::string message;
  };
  const std::vector<Row> rows = {
      {Phase::kConnect, FailureKind::kConnectTimeout, "connect: no answer within 2m"},
      {Phase::kTls, FailureKind::kTlsTimeout, "TLS: handshake not finished within 2m"},
      {Phase::kSend, FailureKind::kTimeout, "send: request not taken within 2m"},
      {Phase::kFirstByte, FailureKind::kTimeout, "first byte: no answer within 2m"},
      {Phase::kBody, FailureKind::kTimeout, "body: response not whole within 2m"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(TimeoutKind(row.phase), row.kind);
    EXPECT_EQ(TimeoutMessage(row.phase, std::chrono::minutes(2)), row.message);
  }
}

}  // namespace
}  // namespace sfp::http
