#include "common/base/sha256.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace sfp {
namespace {

constexpr std::size_t kBlock = 64;

// The first 32 bits of the fractions of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> kRounds = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t BigEndian(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

class Sha256 {
 public:
  void Add(const std::uint8_t* bytes, std::size_t size) {
    length_ += size;
    while (size > 0) {
      const std::size_t n = std::min(size, kBlock - filled_);
      std::memcpy(block_.data() + filled_, bytes, n);
      filled_ += n;
      bytes += n;
      size -= n;
      if (filled_ == kBlock) {
        Compress();
        filled_ = 0;
      }
    }
  }
  void Add(std::string_view text) {
    Add(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }

  // Nothing may be added behind it.
  Sha256Digest Finish() {
    const std::uint64_t bits = length_ * 8;
    const std::uint8_t one = 0x80;
    const std::uint8_t zero = 0;
    Add(&one, 1);
    while (filled_ != kBlock - 8) Add(&zero, 1);
    std::uint8_t length[8];
    for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
    Add(length, sizeof length);
    Sha256Digest digest;
    for (std::size_t i = 0; i < digest.size(); ++i) {
      digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
  }

 private:
  void Compress() {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = BigEndian(block_.data() + 4 * i);
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t a = w[i - 15];
      const std::uint32_t b = w[i - 2];
      w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) + w[i - 7] +
             (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
    }
    std::array<std::uint32_t, 8> s = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t high = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
      const std::uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
      const std::uint32_t one = s[7] + high + choice + kRounds[i] + w[i];
      const std::uint32_t low = std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22);
      const std::uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
      std::copy_backward(s.begin(), s.end() - 1, s.end());
      s[4] += one;
      s[0] = one + low + majority;
    }
    for (std::size_t i = 0; i < 8; ++i) state_[i] += s[i];
  }

  // The first 32 bits of the fractions of the square roots of the first 8 primes.
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, kBlock> block_;
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace

Sha256Digest HmacSha256(std::string_view key, std::string_view text) {
  std::array<std::uint8_t, kBlock> pad{};
  if (key.size() <= kBlock) {
    std::copy(key.begin(), key.end(), pad.begin());
  } else {
    Sha256 of_key;
    of_key.Add(key);
    const Sha256Digest digest = of_key.Finish();
    std::copy(digest.begin(), digest.end(), pad.begin());
  }
  for (std::uint8_t& byte : pad) byte ^= 0x36;
  Sha256 inner;
  inner.Add(pad.data(), pad.size());
  inner.Add(text);
  const Sha256Digest digest = inner.Finish();
  for (std::uint8_t& byte : pad) byte ^= 0x36 ^ 0x5c;
  Sha256 outer;
  outer.Add(pad.data(), pad.size());
  outer.Add(digest.data(), digest.size());
  return outer.Finish();
}

}  // namespace sfp
