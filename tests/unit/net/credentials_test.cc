#include "common/net/credentials.h"

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace sfp::net {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  std::string folder() const { return folder_.path().string(); }

  void Write(const CertifiedKey& key, const Authority& authority) {
    folder_.Write("ca.pem", authority.own().cert_pem);
    folder_.Write("cert.pem", key.cert_pem);
    folder_.Write("key.pem", key.key_pem);
  }
  CertifiedKey Issue(Purpose purpose = Purpose::kServer, Validity validity = {}) const {
    return *authority_.Issue({{"m1.example", "10.0.0.1", "::1"}, purpose}, validity);
  }
  std::string Error(Purpose purpose = Purpose::kServer) const {
    return Message(ReadCredentials(folder(), purpose).status());
  }

  test::TemporaryFolder folder_;
  Authority authority_ = *Authority::Create({});
  Authority stranger_ = *Authority::Create({});
};

TEST_F(CredentialsTest, OfOneAuthorityAreAccepted) {
  for (const Purpose purpose : {Purpose::kServer, Purpose::kClient}) {
    Write(Issue(purpose), authority_);
    const auto credentials = ReadCredentials(folder(), purpose);
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    EXPECT_EQ(NamesIn(*credentials), "m1.example, 10.0.0.1, 0:0:0:0:0:0:0:1");
    EXPECT_EQ(credentials->token, "");
    EXPECT_TRUE(ClusterContext(*credentials, purpose).ok());
  }
}

TEST_F(CredentialsTest, BringTheTokenThatLiesBesideThem) {
  Write(Issue(), authority_);
  folder_.Write("token", "0123456789abcdef\n");
  EXPECT_EQ(ReadCredentials(folder(), Purpose::kServer)->token, "0123456789abcdef");
  folder_.Write("token", "short\n");
  EXPECT_EQ(Error(), folder() + "/token: a join token has 8 to 1024 characters, this one 5");
}

TEST_F(CredentialsTest, AMissingFileIsNamed) {
  EXPECT_EQ(Error(), "--tls-dir " + folder() + ": " + folder() +
                         "/ca.pem: No such file or directory (a TLS directory holds ca.pem, "
                         "cert.pem and key.pem, as 'sfp-master certs' writes them)");
}

TEST_F(CredentialsTest, TheDirectoryAboveIsCorrected) {
  std::filesystem::create_directories(folder_.path() / "master");
  folder_.Write("master/cert.pem", "x");
  EXPECT_EQ(Error(), "--tls-dir " + folder() + " holds no certificate itself: say --tls-dir " +
                         folder() + "/master");
}

TEST_F(CredentialsTest, WhatIsWrongIsSaidWithItsRemedy) {
  const std::string cert = folder() + "/cert.pem";
  Write(Issue(), stranger_);
  EXPECT_EQ(Error(), cert +
                         " is not signed by the authority in ca.pem beside it: copy the whole "
                         "directory that 'sfp-master certs' wrote");
  Write(Issue(Purpose::kServer, {.from = -10, .to = -2}), authority_);
  EXPECT_EQ(Error().find(cert + " or its authority expired on 20"), 0u) << Error();
  EXPECT_NE(Error().find("sfp-master certs --force"), std::string::npos) << Error();
  Write(Issue(Purpose::kServer, {.from = 2, .to = 10}), authority_);
  EXPECT_EQ(Error(), cert + " is not valid yet: is this machine's clock right?");
  Write(Issue(Purpose::kClient), authority_);
  EXPECT_EQ(Error(), cert +
                         " is a worker's certificate, not a master's: use the other directory that "
                         "'sfp-master certs' wrote");
  Write(Issue(), authority_);
  EXPECT_NE(Error(Purpose::kClient).find("is a master's certificate, not a worker's"),
            std::string::npos);
}

TEST_F(CredentialsTest, AKeyOfAnotherCertificateIsRefused) {
  Write(Issue(), authority_);
  folder_.Write("key.pem", Issue().key_pem);
  EXPECT_NE(Error().find("key: not the certificate's"), std::string::npos) << Error();
  folder_.Write("key.pem", "nothing");
  EXPECT_NE(Error().find("key: no usable private key"), std::string::npos) << Error();
}

TEST_F(CredentialsTest, NamesThatWouldBeReadAsSyntaxAreRefused) {
  for (const char* name : {"", "a b", "a,DNS:evil.example", "a:5557", "a\nb", "a;b", "dir/x"}) {
    EXPECT_FALSE(authority_.Issue({{name}, Purpose::kServer}, {}).ok()) << name;
  }
  EXPECT_FALSE(authority_.Issue({{}, Purpose::kServer}, {}).ok());
}

}  // namespace
}  // namespace sfp::net
