#include "worker/http/resolver.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>

namespace sfp::http {
namespace {

Endpoint At(const char* address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

constexpr Duration kSecond{1'000'000'000};

TEST(Resolver, TakesLiteralAddressesAsTheyAre) {
  EXPECT_EQ(*Resolve("127.0.0.2", 80, kSecond), std::vector{At("127.0.0.2", 80)});
  EXPECT_EQ(*Resolve("::1", 8080, kSecond), std::vector{At("::1", 8080)});
}

TEST(Resolver, FindsLocalhostOnceEach) {
  const auto found = Resolve("localhost", 8080, 10 * kSecond);
  ASSERT_TRUE(found.ok());
  EXPECT_NE(std::find(found->begin(), found->end(), At("127.0.0.1", 8080)), found->end());
  EXPECT_EQ(Distinct(*found), *found);
}

TEST(Resolver, SaysWhichHostHasNoAddress) {
  const auto found = Resolve("no-such-host.invalid", 80, 10 * kSecond);
  ASSERT_FALSE(found.ok());
  EXPECT_NE(Message(found.status()).find("no-such-host.invalid"), std::string::npos);
}

TEST(Resolver, LeavesOutRepetitionsAndKeepsTheOrder) {
  const std::vector<Endpoint> given = {At("::1", 1), At("10.0.0.1", 1), At("::1", 1),
                                       At("10.0.0.1", 2)};
  EXPECT_EQ(Distinct(given), (std::vector{At("::1", 1), At("10.0.0.1", 1), At("10.0.0.1", 2)}));
}

}  // namespace
}  // namespace sfp::http
