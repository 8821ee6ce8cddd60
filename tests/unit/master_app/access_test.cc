#include "master/app/access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/net/secret.h"
#include "master/app/certs.h"
#include "tests/support/process.h"

namespace sfp::app {
namespace {

class AccessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new test::TemporaryFolder;
    testing::internal::CaptureStdout();
    EXPECT_EQ(RunCerts({.out = folder_->path() / "c", .hosts = {"m1.example", "127.0.0.1"}}), 0);
    said_ = testing::internal::GetCapturedStdout();
    std::filesystem::copy(Dir("master"), Dir("tokenless"));
    std::filesystem::remove(Dir("tokenless") + "/token");
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string Dir(const std::string& which) {
    return (folder_->path() / "c" / which).string();
  }
  static std::string Error(const AccessFlags& flags, const char* token = nullptr) {
    return Message(ResolveAccess(flags, token).status());
  }

  static inline test::TemporaryFolder* folder_ = nullptr;
  static inline std::string said_;
};

TEST_F(AccessTest, LoopbackNeedsNothing) {
  const auto access = ResolveAccess({}, nullptr);
  ASSERT_TRUE(access.ok());
  EXPECT_EQ(access->listen, "127.0.0.1:5557");
  EXPECT_EQ(access->web->host, "127.0.0.1");
  EXPECT_FALSE(access->credentials);
  for (const char* loopback : {"localhost:1", "[::1]:1", "127.3.2.1:1", "LOCALHOST:1"}) {
    EXPECT_TRUE(ResolveAccess({.listen = loopback, .web = loopback}, nullptr).ok()) << loopback;
  }
}

TEST_F(AccessTest, CertificatesAndTokenOpenTheDefaultAddress) {
  const auto access = ResolveAccess({.tls_dir = Dir("master")}, nullptr);
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->listen, "0.0.0.0:5557");
  EXPECT_EQ(access->web->host, "127.0.0.1");
  EXPECT_TRUE(access->credentials);
  EXPECT_EQ(access->token.size(), 64u);
  // A token or certificates alone leave it on loopback.
  EXPECT_EQ(ResolveAccess({}, "0123456789")->listen, "127.0.0.1:5557");
  EXPECT_EQ(ResolveAccess({.tls_dir = Dir("tokenless")}, nullptr)->listen, "127.0.0.1:5557");
  EXPECT_EQ(ResolveAccess({.tls_dir = Dir("tokenless")}, "0123456789")->listen, "0.0.0.0:5557");
}

TEST_F(AccessTest, OpenAddressesWithoutCredentialsAreRefusedWithTheRemedy) {
  for (const char* open : {"0.0.0.0:5557", "[::]:5557", "10.0.0.1:5557", "127.example.org:1"}) {
    const std::string error = Error({.listen = open});
    EXPECT_EQ(error.find(std::string("--listen ") + open + " is open to others"), 0u) << error;
    EXPECT_NE(error.find("sfp-master certs"), std::string::npos) << error;
    EXPECT_NE(error.find("--insecure"), std::string::npos) << error;
    EXPECT_TRUE(ResolveAccess({.listen = open, .insecure = true}, nullptr).ok()) << open;
    const std::string web = Error({.web = open});
    EXPECT_EQ(web.find(std::string("--web ") + open + " needs a token"), 0u) << web;
    EXPECT_TRUE(ResolveAccess({.web = open}, "0123456789").ok());
  }
  EXPECT_NE(Error({.listen = "0.0.0.0:1", .tls_dir = Dir("tokenless")}).find("token is missing"),
            std::string::npos);
  EXPECT_NE(Error({.listen = "0.0.0.0:1"}, "0123456789").find("--tls-dir is missing"),
            std::string::npos);
}

TEST_F(AccessTest, AWrongTokenIsNotRepeatedInTheError) {
  EXPECT_EQ(Error({}, "s3cret!"), "SFP_TOKEN: a join token has 8 to 1024 characters, this one 7");
  EXPECT_EQ(Error({}, "hidden words"),
            "SFP_TOKEN: a join token holds visible ASCII characters only");
}

TEST_F(AccessTest, CertsKeepsKeysAndTokensToTheirOwner) {
  for (const char* file :
       {"ca-key.pem", "master/key.pem", "worker/key.pem", "master/token", "worker/token"}) {
    struct stat info {};
    ASSERT_EQ(stat(Dir(file).c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 07777, 0600u) << file;
    EXPECT_NE(said_.find(Dir(file) + "  (secret)"), std::string::npos) << said_;
  }
  EXPECT_EQ(test::Content(Dir("master/token")), test::Content(Dir("worker/token")));
  // The authority's key goes nowhere else; what is printed is no secret.
  EXPECT_FALSE(std::filesystem::exists(Dir("master/ca-key.pem")));
  EXPECT_EQ(said_.find(*net::ReadToken(Dir("master/token"))), std::string::npos);
  EXPECT_NE(said_.find("sfp-worker --master m1.example:5557"), std::string::npos) << said_;
}

TEST_F(AccessTest, CertsReplacesNothingUnlessForced) {
  const std::string before = test::Content(Dir("ca.pem"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(RunCerts({.out = Dir(""), .hosts = {"x"}}), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("exists already: --force"),
            std::string::npos);
  EXPECT_EQ(test::Content(Dir("ca.pem")), before);
  testing::internal::CaptureStderr();
  EXPECT_EQ(RunCerts({.out = folder_->path() / "n", .hosts = {"not a host"}}), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("'not a host'"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_->path() / "n"));

  const auto other = folder_->path() / "o";
  testing::internal::CaptureStdout();
  EXPECT_EQ(RunCerts({.out = other, .hosts = {"x"}}), 0);
  const std::string first = test::Content(other / "ca.pem");
  EXPECT_EQ(RunCerts({.out = other, .hosts = {"x"}, .force = true}), 0);
  testing::internal::GetCapturedStdout();
  EXPECT_NE(test::Content(other / "ca.pem"), first);
  EXPECT_TRUE(net::ReadCredentials((other / "worker").string(), net::Purpose::kClient).ok());
}

}  // namespace
}  // namespace sfp::app
