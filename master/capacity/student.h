#pragma once

// The two-sided 95 % quantile of Student's t: Fisher and Cornish's expansion around the normal
// quantile (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5). Within 1 % from 3
// degrees of freedom on, within 0.01 % from 10 on.
//
// Thread: pure functions.

namespace sfp::capacity {

constexpr double Student95(double degrees) {
  constexpr double z = 1.959963984540054;
  constexpr double z2 = z * z;
  constexpr double g1 = z * (z2 + 1) / 4;
  constexpr double g2 = z * (5 * z2 * z2 + 16 * z2 + 3) / 96;
  constexpr double g3 = z * (3 * z2 * z2 * z2 + 19 * z2 * z2 + 17 * z2 - 15) / 384;
  const double d = degrees;
  return z + g1 / d + g2 / (d * d) + g3 / (d * d * d);
}

}  // namespace sfp::capacity
