#include "common/scenario/redirect.h"

#include <gmock/gmock.h>

namespace sfp::scenario {
namespace {

using testing::HasSubstr;

Origin At(const char* url) { return *ParseOrigin(url); }

std::string Resolved(std::string_view location, std::string_view target = "/b/c/d;p?q",
                     const char* url = "http://a") {
  const auto next = ResolveRedirect(At(url), target, location);
  return next.ok() ? *next : "error: " + Message(next.status());
}

// RFC 3986, sections 5.4.1 and 5.4.2; the path and query of each result.
TEST(RedirectTest, ResolvesTheReferencesOfRfc3986) {
  const struct {
    const char* reference;
    const char* target;
  } kCases[] = {
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"/g", "/g"},
      {"?y", "/b/c/d;p?y"},
      {"g?y", "/b/c/g?y"},
      {"#s", "/b/c/d;p?q"},
      {"g#s", "/b/c/g"},
      {"g?y#s", "/b/c/g?y"},
      {";x", "/b/c/;x"},
      {"g;x", "/b/c/g;x"},
      {"g;x?y#s", "/b/c/g;x?y"},
      {".", "/b/c/"},
      {"./", "/b/c/"},
      {"..", "/b/"},
      {"../", "/b/"},
      {"../g", "/b/g"},
      {"../..", "/"},
      {"../../", "/"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {"../../../../g", "/g"},
      {"/./g", "/g"},
      {"/../g", "/g"},
      {"g.", "/b/c/g."},
      {".g", "/b/c/.g"},
      {"g..", "/b/c/g.."},
      {"..g", "/b/c/..g"},
      {"./../g", "/b/g"},
      {"./g/.", "/b/c/g/"},
      {"g/./h", "/b/c/g/h"},
      {"g/../h", "/b/c/h"},
      {"g;x=1/./y", "/b/c/g;x=1/y"},
      {"g;x=1/../y", "/b/c/y"},
      {"g?y/./x", "/b/c/g?y/./x"},
      {"g?y/../x", "/b/c/g?y/../x"},
      {"g#s/./x", "/b/c/g"},
      {"g#s/../x", "/b/c/g"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Resolved(c.reference), c.target) << c.reference;
}

TEST(RedirectTest, AcceptsAbsoluteUrlsOfTheSameOrigin) {
  EXPECT_EQ(Resolved("http://a/x?y"), "/x?y");
  EXPECT_EQ(Resolved("http://a"), "/");
  EXPECT_EQ(Resolved("http://a?q"), "/?q");
  EXPECT_EQ(Resolved("HTTP://A:80/x"), "/x");
  EXPECT_EQ(Resolved("http://a:/x"), "/x");
  EXPECT_EQ(Resolved("//a/x"), "/x");
  EXPECT_EQ(Resolved("/x", "/", "https://h:8443"), "/x");
  EXPECT_EQ(Resolved("https://h:8443/x", "/", "https://h:8443"), "/x");
  EXPECT_EQ(Resolved("http://[::1]:8080/x/../y", "/", "http://[::1]:8080"), "/y");
  EXPECT_EQ(Resolved("http://127.0.0.1/x", "/", "http://127.0.0.1"), "/x");
}

TEST(RedirectTest, RefusesAnotherOrigin) {
  for (const char* location : {"https://a/x", "http://b/x", "http://a:81/x", "//b/x", "ftp://a/x",
                               "http://a.b/x", "mailto:x@a", "http://a@b/", "http://[::1]/"}) {
    EXPECT_THAT(Resolved(location), HasSubstr("leaves the target")) << location;
  }
  EXPECT_THAT(Resolved("http://h:443/", "/", "https://h"), HasSubstr("leaves the target"));
}

TEST(RedirectTest, RefusesWhatLeadsNowhere) {
  EXPECT_THAT(Resolved(""), HasSubstr("has no Location"));
  EXPECT_THAT(Resolved("  "), HasSubstr("has no Location"));
  EXPECT_THAT(Resolved("http:///x"), HasSubstr("leaves the target"));
  EXPECT_THAT(Resolved("http:/x"), HasSubstr("leaves the target"));
  EXPECT_THAT(Resolved("http://a:port/"), HasSubstr("leaves the target"));
  EXPECT_THAT(Resolved("http://a:99999/"), HasSubstr("leaves the target"));
}

TEST(RedirectTest, EncodesWhatAUrlHasNoPlaceFor) {
  EXPECT_EQ(Resolved(" /a b "), "/a%20b");
  EXPECT_EQ(Resolved("/stra\xc3\x9f\x65?x={y}"), "/stra%C3%9Fe?x=%7By%7D");
  EXPECT_EQ(Resolved("/x?f[a]=1"), "/x?f[a]=1");
  EXPECT_EQ(Resolved("g", "/a/[x]?f[y]=1"), "/a/g");
}

TEST(RedirectTest, ATargetThatBeginsWithTwoSlashesIsAPath) {
  EXPECT_EQ(Resolved("d", "//b/c?q"), "//b/d");
  EXPECT_EQ(Resolved("d", "//b"), "//d");
  EXPECT_EQ(Resolved("?r", "//b/c?q"), "//b/c?r");
  EXPECT_EQ(Resolved("#s", "//b:1/c?q"), "//b:1/c?q");
}

TEST(RedirectTest, NeverYieldsASecondSlashAsAnAuthority) {
  // A path of "//b" on our own host is a target that starts with "//": sent as it is, to our host.
  EXPECT_EQ(Resolved("http://a//b"), "//b");
}

}  // namespace
}  // namespace sfp::scenario
