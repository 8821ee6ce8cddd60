#include "common/scenario/origin.h"

#include <gmock/gmock.h>

namespace sfp::scenario {
namespace {

TEST(OriginTest, ReadsSchemeHostAndPort) {
  const struct {
    const char* url;
    bool tls;
    const char* host;
    int port;
    const char* authority;
  } kCases[] = {
      {"https://localhost:8080", true, "localhost", 8080, "localhost:8080"},
      {"http://api.example", false, "api.example", 80, "api.example"},
      {"https://api.example/", true, "api.example", 443, "api.example"},
      {"HTTP://API.Example:80", false, "api.example", 80, "api.example"},
      {"https://h:80", true, "h", 80, "h:80"},
      {"http://[::1]", false, "::1", 80, "[::1]"},
      {"https://[FE80::1]:8443", true, "fe80::1", 8443, "[fe80::1]:8443"},
      {"http://127.0.0.1:1", false, "127.0.0.1", 1, "127.0.0.1:1"},
  };
  for (const auto& c : kCases) {
    const auto origin = ParseOrigin(c.url);
    ASSERT_TRUE(origin.ok()) << c.url << ": " << Message(origin.status());
    EXPECT_EQ(origin->tls, c.tls) << c.url;
    EXPECT_EQ(origin->host, c.host) << c.url;
    EXPECT_EQ(origin->port, c.port) << c.url;
    EXPECT_EQ(origin->authority, c.authority) << c.url;
  }
}

TEST(OriginTest, RefusesWhatIsNoOrigin) {
  for (const char* url :
       {"", "localhost:8080", "ftp://h", "https://", "http://:80", "http://h:", "http://h:0",
        "http://h:65536", "http://h:8x", "http://h/path", "http://h?q", "http://h#f", "http://a b",
        "http://stra\xc3\x9f\x65", "http://[::1", "http://[]", "http://[g::1]", "http://[::1]x"}) {
    EXPECT_FALSE(ParseOrigin(url).ok()) << url;
  }
}

TEST(OriginTest, KeepsCredentialsOutOfItsErrors) {
  const auto origin = ParseOrigin("http://user:secret@h");
  ASSERT_FALSE(origin.ok());
  EXPECT_THAT(Message(origin.status()), testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace sfp::scenario
