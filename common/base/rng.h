#pragma once

// Random numbers that are a pure function of (seed, user, iteration): the same run sends the same
// requests however its users are spread over workers. SplitMix64 (Steele, Lea, Flood 2014): one
// 64-bit state, every seed good, 1 ns a number.
//
// Thread: a value, confined to its owner.

#include <cmath>
#include <cstdint>

namespace sfp {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  // The stream of one user's iteration.
  Rng(std::uint64_t seed, std::uint64_t user, std::uint64_t iteration)
      : state_(Mix(Mix(Mix(seed + kStep) + user + kStep) + iteration + kStep)) {}

  std::uint64_t Next() { return Mix(state_ += kStep); }

  // [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  // [0, n), n > 0, without bias worth speaking of (n / 2^64).
  std::uint64_t Below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(Next()) * n) >> 64);
  }

  // Exponential with the given mean.
  double Exponential(double mean) { return -mean * std::log1p(-Uniform()); }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

  static std::uint64_t Mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace sfp
