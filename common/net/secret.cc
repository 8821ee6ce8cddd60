#include "common/net/secret.h"

#include <absl/strings/str_format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>

#include "common/base/check.h"
#include "common/base/text.h"

namespace sfp::net {
namespace {

constexpr std::size_t kShortestToken = 8;
constexpr std::size_t kLongestToken = 1024;

std::array<unsigned char, SHA256_DIGEST_LENGTH> Digest(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace

Status CheckToken(std::string_view token) {
  if (token.size() < kShortestToken || token.size() > kLongestToken) {
    return Invalid(absl::StrFormat("a join token has %u to %u characters, this one %u",
                                   kShortestToken, kLongestToken, token.size()));
  }
  for (const char c : token) {
    if (c <= 0x20 || c > 0x7e) return Invalid("a join token holds visible ASCII characters only");
  }
  return Ok();
}

StatusOr<std::string> ReadToken(const std::string& path) {
  auto text = ReadFile(path, 64 * 1024);
  if (!text.ok()) return text.status();
  text->erase(text->find_last_not_of(" \t\r\n") + 1);
  if (Status status = CheckToken(*text); !status.ok()) return Annotate(status, path);
  return text;
}

StatusOr<std::string> ChooseToken(const std::string& file, const char* variable,
                                  const std::string& of_directory) {
  if (!file.empty()) return ReadToken(file);
  if (variable == nullptr || *variable == '\0') return of_directory;
  if (Status status = CheckToken(variable); !status.ok()) return Annotate(status, "SFP_TOKEN");
  return variable;
}

std::string RandomToken() {
  std::array<unsigned char, 32> bytes;
  SFP_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::string text;
  for (const unsigned char byte : bytes) text += absl::StrFormat("%02x", byte);
  return text;
}

bool SameSecret(std::string_view ours, std::string_view theirs) {
  const auto a = Digest(ours), b = Digest(theirs);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sfp::net
