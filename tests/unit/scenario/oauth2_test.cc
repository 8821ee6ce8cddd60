#include "common/scenario/oauth2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace sfp::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Auth::OAuth2 Auth(const std::string& url) {
  v1::Auth::OAuth2 auth;
  auth.set_token_url(url);
  auth.set_client_id("my id");
  auth.set_client_secret("a:b+c");
  auth.set_scope("read write");
  return auth;
}

TokenSource Source() { return *MakeTokenSource(Auth("https://idp.example/t")); }

TEST(OAuth2, AsksAsRfc6749HasIt) {
  const auto source = MakeTokenSource(Auth("https://IDP.example:8443/realms/x/token?tenant=1"));
  ASSERT_TRUE(source.ok()) << Message(source.status());
  EXPECT_EQ(source->origin.host, "idp.example");
  EXPECT_EQ(source->origin.port, 8443);
  EXPECT_THAT(source->request, HasSubstr("POST /realms/x/token?tenant=1 HTTP/1.1\r\n"
                                         "Host: idp.example:8443\r\n"));
  // Both are form-encoded before they are joined (2.3.1).
  EXPECT_THAT(source->request,
              HasSubstr("Authorization: Basic " + Base64("my+id:a%3Ab%2Bc") + "\r\n"));
  EXPECT_THAT(source->request, HasSubstr("Content-Length: 46\r\n"));
  EXPECT_THAT(source->request, EndsWith("\r\n\r\ngrant_type=client_credentials&scope=read+write"));
}

TEST(OAuth2, TheClientMayStandInTheForm) {
  v1::Auth::OAuth2 auth = Auth("http://127.0.0.1:80");
  auth.set_in_body(true);
  auth.set_audience("https://api");
  auth.clear_scope();
  const auto source = MakeTokenSource(auth);
  EXPECT_THAT(source->request, HasSubstr("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"));
  EXPECT_THAT(source->request, Not(HasSubstr("Authorization")));
  EXPECT_THAT(source->request, EndsWith("&client_id=my+id&client_secret=a%3Ab%2Bc"
                                        "&audience=https%3A%2F%2Fapi"));
}

TEST(OAuth2, RefusesWhatIsNoTokenUrlWithoutRepeatingIt) {
  for (const char* url : {"", "idp/token", "ftp://idp/token", "https://", "https://user:pw@idp/t",
                          "https://idp/a b", "https://idp/t#x"}) {
    const auto source = MakeTokenSource(Auth(url));
    ASSERT_FALSE(source.ok()) << url;
    EXPECT_THAT(Message(source.status()), HasSubstr("the token URL"));
    EXPECT_THAT(Message(source.status()), Not(HasSubstr("pw")));
  }
}

TEST(OAuth2, ReadsTheTokenAndHowLongItLives) {
  const auto read = [](const char* body) { return ReadGrant(Source(), 200, body); };
  const auto usual =
      read(R"({"access_token":"abc.d-e_f~","token_type":"Bearer","expires_in":3600,"x":[]})");
  ASSERT_TRUE(usual.ok()) << Message(usual.status());
  EXPECT_EQ(usual->token, "abc.d-e_f~");
  EXPECT_EQ(usual->life, seconds(3600));
  EXPECT_EQ(read(R"({"access_token":"a","expires_in":"60"})")->life, seconds(60));
  EXPECT_EQ(read(R"({"access_token":"a","expires_in":1.5})")->life, milliseconds(1500));
  for (const char* body :
       {R"({"access_token":"a","token_type":"bearer"})", R"({"access_token":"a","expires_in":0})",
        R"({"access_token":"a","expires_in":"soon"})",
        R"({"access_token":"a","expires_in":null})"}) {
    EXPECT_EQ(read(body)->life, std::nullopt) << body;
  }
}

TEST(OAuth2, SaysWhatIsWrongWithAnAnswerWithoutTheSecret) {
  const auto read = [](int status, const std::string& body) {
    const auto grant = ReadGrant(Source(), status, body);
    return grant.ok() ? "" : Message(grant.status());
  };
  EXPECT_EQ(read(401, R"({"error":"invalid_client","error_description":"not a:b+c\n!"})"),
            "HTTP 401, invalid_client: not *** !");
  EXPECT_EQ(read(400, R"({"error":"invalid_scope"})"), "HTTP 400, invalid_scope");
  EXPECT_EQ(read(503, "<html>"), "HTTP 503");
  EXPECT_EQ(read(302, ""), "HTTP 302");
  EXPECT_EQ(read(200, "access_token=a"), "the answer is not a JSON object");
  EXPECT_EQ(read(200, "[]"), "the answer is not a JSON object");
  EXPECT_EQ(read(200, "{}"), "the answer holds no access_token");
  EXPECT_EQ(read(200, R"({"access_token":7})"), "the answer holds no access_token");
  EXPECT_EQ(read(200, R"({"access_token":"a\r\nX: y"})"),
            "the access_token is no text for a header");
  EXPECT_EQ(read(200, R"({"access_token":"a","token_type":"mac"})"),
            "the token_type is 'mac', not Bearer");
  EXPECT_LT(read(400, R"({"error":")" + std::string(5000, 'x') + "\"}").size(), 200U);
}

TEST(OAuth2, RenewsAtFourFifthsAndTriesAgainEverMoreSlowly) {
  EXPECT_EQ(RenewAfter(seconds(3600)), seconds(2880));
  EXPECT_EQ(RenewAfter(seconds(2)), milliseconds(1600));
  EXPECT_EQ(RetryAfter(seconds(2), 1), milliseconds(100));
  EXPECT_EQ(RetryAfter(seconds(2), 2), milliseconds(200));
  EXPECT_EQ(RetryAfter(seconds(10), 1), milliseconds(500));
  EXPECT_EQ(RetryAfter(seconds(3600), 1), seconds(1));
  EXPECT_EQ(RetryAfter(std::nullopt, 5), seconds(16));
  EXPECT_EQ(RetryAfter(std::nullopt, 6), seconds(30));
  EXPECT_EQ(RetryAfter(std::nullopt, 4'000'000'000U), seconds(30));
}

}  // namespace
}  // namespace sfp::scenario
