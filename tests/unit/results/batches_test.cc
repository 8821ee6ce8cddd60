#include "master/results/batches.h"

#include <gtest/gtest.h>

#include <vector>

namespace sfp::results {
namespace {

using std::chrono::milliseconds;

stats::EndpointStats Requests(std::uint64_t count, Duration response) {
  stats::EndpointStats out;
  out.succeeded = out.started = count;
  for (std::uint64_t i = 0; i < count; ++i) out.response.Record(response);
  return out;
}

TEST(Batches, AreSecondsUntilThereAreTooMany) {
  Batches batches(10);
  batches.Add(9, Requests(5, milliseconds(1)));  // not ours
  for (std::uint32_t s = 10; s < 74; ++s) batches.Add(s, Requests(s, milliseconds(100)));
  EXPECT_EQ(batches.length_s(), 1u);
  EXPECT_EQ(batches.Whole(74).size(), 64u);
  EXPECT_EQ(batches.Whole(74).front().requests(), 10u);
  batches.Add(74, Requests(74, milliseconds(100)));
  EXPECT_EQ(batches.length_s(), 2u);
  const std::vector<Batch> whole = batches.Whole(75);
  EXPECT_EQ(whole.size(), 32u);  // the last one has half its seconds
  EXPECT_EQ(whole.front().requests(), 21u);
  EXPECT_EQ(whole.back().requests(), 145u);
  EXPECT_NEAR(whole.front().response_sum_s(), 2.1, 1e-9);
  EXPECT_EQ(batches.Whole(5).size(), 0u);
}

TEST(Batches, DoNotDependOnTheOrderOrOnWhoCounted) {
  Batches forward, backward, sum, other;
  for (std::uint32_t s = 0; s < 200; ++s) forward.Add(s, Requests(s % 7, milliseconds(1 + s)));
  for (std::uint32_t s = 200; s-- > 0;) backward.Add(s, Requests(s % 7, milliseconds(1 + s)));
  for (std::uint32_t s = 0; s < 200; ++s) {
    (s % 2 == 0 ? sum : other).Add(s, Requests(s % 7, milliseconds(1 + s)));
  }
  sum.Add(other);
  const auto a = forward.Whole(200), b = backward.Whole(200), c = sum.Whole(200);
  ASSERT_EQ(a.size(), 50u);
  ASSERT_EQ(b.size(), 50u);
  ASSERT_EQ(c.size(), 50u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].requests(), b[i].requests());
    EXPECT_EQ(a[i].requests(), c[i].requests());
    EXPECT_DOUBLE_EQ(a[i].Above(milliseconds(100)), b[i].Above(milliseconds(100)));
    EXPECT_DOUBLE_EQ(a[i].Above(milliseconds(100)), c[i].Above(milliseconds(100)));
  }
}

TEST(Batch, CountsWhatIsAboveAValueToAPartOfABucket) {
  for (const Duration scale : {std::chrono::microseconds(3), std::chrono::microseconds(900),
                               std::chrono::microseconds(70'000)}) {
    Batch batch;
    stats::EndpointStats stats;
    for (int i = 1; i <= 1000; ++i) stats.response.Record(scale * i);
    stats.succeeded = 1000;
    batch.Add(stats);
    for (const int above : {10, 50, 500, 990}) {
      EXPECT_NEAR(batch.Above(scale * (1000 - above)), above, 3) << Seconds(scale) << " " << above;
    }
    EXPECT_EQ(batch.Above(scale * 1200), 0);
    EXPECT_EQ(batch.Above(Duration(0)), 1000);
  }
}

}  // namespace
}  // namespace sfp::results
