#include "worker/http/destination.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sfp::http {
namespace {

TEST(Destination, TakesLimitsFromTheTarget) {
  v1::Target target;
  target.mutable_timeouts()->set_connect_ns(1);
  target.mutable_timeouts()->set_tls_ns(2);
  target.mutable_timeouts()->set_send_ns(3);
  target.mutable_timeouts()->set_first_byte_ns(4);
  target.mutable_timeouts()->set_body_ns(5);
  target.set_max_header_bytes(1000);
  target.set_max_body_bytes(2000);
  target.set_decompress(true);
  const auto destination = MakeDestination(target, {false, "api.test", 80, "api.test"});
  ASSERT_TRUE(destination.ok());
  EXPECT_EQ(destination->phases.connect, Duration(1));
  EXPECT_EQ(destination->phases.tls, Duration(2));
  EXPECT_EQ(destination->phases.send, Duration(3));
  EXPECT_EQ(destination->phases.first_byte, Duration(4));
  EXPECT_EQ(destination->phases.body, Duration(5));
  EXPECT_EQ(destination->limits.header_bytes, 1000u);
  EXPECT_EQ(destination->limits.body_bytes, 2000u);
  EXPECT_TRUE(destination->decompress);
  EXPECT_FALSE(destination->tls);
}

TEST(Destination, HasLimitsOfItsOwnWhereTheTargetHasNone) {
  const auto destination = MakeDestination(v1::Target(), {false, "api.test", 80, "api.test"});
  ASSERT_TRUE(destination.ok());
  EXPECT_EQ(destination->limits.header_bytes, Limits().header_bytes);
  EXPECT_EQ(destination->limits.body_bytes, Limits().body_bytes);
}

TEST(Destination, VerifiesTheHostUnlessAnotherNameIsGiven) {
  v1::Target target;
  EXPECT_EQ(MakeDestination(target, {true, "api.test", 443, "api.test"})->server_name, "api.test");
  target.mutable_tls()->set_server_name("inner.test");
  const auto destination = MakeDestination(target, {true, "api.test", 443, "api.test"});
  EXPECT_EQ(destination->server_name, "inner.test");
  EXPECT_TRUE(destination->tls);
}

TEST(Destination, SaysWhichPemTextIsWrong) {
  v1::Target target;
  target.mutable_tls()->set_verify(true);
  target.mutable_tls()->set_ca_pem("nonsense");
  EXPECT_EQ(Message(MakeDestination(target, {true, "api.test", 443, "api.test"}).status()),
            "target.tls: ca: no certificate in the PEM text");
}

TEST(Destination, IsPreparedWithItsAddresses) {
  const auto destination = PrepareDestination(v1::Target(), {false, "127.0.0.1", 8080, ""});
  ASSERT_TRUE(destination.ok());
  ASSERT_EQ((*destination)->addresses.size(), 1u);
  EXPECT_EQ((*destination)->addresses[0].port(), 8080);
}

}  // namespace
}  // namespace sfp::http
