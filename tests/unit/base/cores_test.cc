#include "common/base/cores.h"

#include <gtest/gtest.h>

namespace sfp {
namespace {

TEST(Cores, QuotaIsReadFromBothGenerationsOfCgroups) {
  EXPECT_DOUBLE_EQ(*QuotaOfV2("150000 100000\n"), 1.5);
  EXPECT_DOUBLE_EQ(*QuotaOfV2("50000 100000"), 0.5);
  EXPECT_DOUBLE_EQ(*QuotaOfV1("200000\n", "100000\n"), 2);
  for (const char* none : {"max 100000\n", "", "rubbish", "100000", "0 100000", "100000 0"}) {
    EXPECT_FALSE(QuotaOfV2(none).has_value()) << none;
  }
  EXPECT_FALSE(QuotaOfV1("-1\n", "100000\n").has_value());
  EXPECT_FALSE(QuotaOfV1("", "").has_value());
}

TEST(Cores, ThereIsAtLeastOne) { EXPECT_GE(UsableCores(), 1u); }

}  // namespace
}  // namespace sfp
