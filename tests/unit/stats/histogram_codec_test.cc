#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/stats/histogram.h"

namespace sfp::stats {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

v1::Histogram Encode(const Histogram& histogram) {
  v1::Histogram out;
  histogram.ToProto(out);
  return out;
}

Histogram Random(std::uint64_t seed, int count) {
  Rng rng(seed);
  Histogram out;
  for (int i = 0; i < count; ++i) {
    out.Record(Duration(static_cast<std::int64_t>(std::exp(rng.Uniform() * 25.1) * 1e3)));
  }
  return out;
}

TEST(HistogramCodec, WritesTheBytesOfHdrHistogramV2) {
  Histogram histogram;
  histogram.Record(microseconds(0));
  histogram.Record(microseconds(2));
  histogram.Record(microseconds(2));
  for (int i = 0; i < 100; ++i) histogram.Record(microseconds(5));
  // 1, one empty bucket as 0, 2, two empty ones as -2, 100 as the two bytes of zigzag 200.
  EXPECT_EQ(Encode(histogram).counts(), std::string("\x02\x00\x04\x03\xc8\x01", 6));
}

TEST(HistogramCodec, ReadsBackWhatItWrote) {
  std::vector<Histogram> cases(1);
  for (const int count : {1, 2, 10, 1000, 50'000}) cases.push_back(Random(7, count));
  Histogram above;
  above.Record(hours(23));
  above.Record(hours(30));
  above.Record(hours(40));
  cases.push_back(above);
  Histogram only_above;
  only_above.Record(hours(30));
  cases.push_back(only_above);
  for (const Histogram& histogram : cases) {
    const StatusOr<Histogram> back = Histogram::FromProto(Encode(histogram));
    ASSERT_TRUE(back.ok()) << Message(back.status());
    EXPECT_TRUE(*back == histogram) << histogram.count();
  }
}

TEST(HistogramCodec, StaysSmallForATypicalSecond) {
  Rng rng(1);
  Histogram histogram;
  for (int i = 0; i < 40; ++i) histogram.Record(FromSeconds(rng.Exponential(0.17)));
  EXPECT_LT(Encode(histogram).counts().size(), 3U * 40);
}

TEST(HistogramCodec, RefusesWhatNoHistogramCanHaveWritten) {
  Histogram histogram;
  for (const int us : {3, 3, 900, 5000}) histogram.Record(microseconds(us));
  const v1::Histogram good = Encode(histogram);
  ASSERT_TRUE(Histogram::FromProto(good).ok());
  const struct {
    const char* what;
    std::function<void(v1::Histogram&)> spoil;
  } cases[] = {
      {"count too high", [](auto& h) { h.set_count(5); }},
      {"count too low", [](auto& h) { h.set_count(3); }},
      {"sum too low", [](auto& h) { h.set_sum_ns(5'905'999); }},
      {"sum too high", [](auto& h) { h.set_sum_ns(5'920'000); }},
      {"minimum outside its bucket", [](auto& h) { h.set_min_ns(4000); }},
      {"maximum outside its bucket", [](auto& h) { h.set_max_ns(6'000'000); }},
      {"maximum beyond any duration", [](auto& h) { h.set_max_ns(~0ULL); }},
      {"above range without such a bucket", [](auto& h) { h.set_above_range(1); }},
      {"no buckets", [](auto& h) { h.clear_counts(); }},
      {"trailing byte", [](auto& h) { h.mutable_counts()->push_back('\x02'); }},
      {"trailing gap", [](auto& h) { h.mutable_counts()->push_back('\x03'); }},
      {"cut off", [](auto& h) { h.mutable_counts()->push_back('\x80'); }},
      {"overlong number", [](auto& h) { h.mutable_counts()->append("\x82\x00", 2); }},
      {"gap of one as a run", [](auto& h) { h.mutable_counts()->insert(0, "\x01"); }},
      {"two gaps", [](auto& h) { h.mutable_counts()->insert(0, "\x03\x03"); }},
      {"gap beyond the range",
       [](auto& h) { h.mutable_counts()->insert(0, "\xff\xff\xff\xff\xff\xff\xff\xff\xff"); }},
      {"empty with a sum",
       [](auto& h) {
         h.Clear();
         h.set_sum_ns(1);
       }},
  };
  for (const auto& c : cases) {
    v1::Histogram bad = good;
    c.spoil(bad);
    EXPECT_FALSE(Histogram::FromProto(bad).ok()) << c.what;
  }
}

TEST(HistogramCodec, RefusesABucketBehindTheLastOne) {
  v1::Histogram in;
  const std::int64_t skip = Histogram::IndexOf(Histogram::kHighestUs) + 1;
  std::uint64_t zigzag = static_cast<std::uint64_t>(skip) * 2 - 1;
  for (; zigzag >= 0x80; zigzag >>= 7) {
    in.mutable_counts()->push_back(static_cast<char>(zigzag | 0x80));
  }
  in.mutable_counts()->push_back(static_cast<char>(zigzag));
  in.mutable_counts()->push_back('\x02');
  in.set_count(1);
  in.set_sum_ns(90'000'000'000'000);
  in.set_min_ns(in.sum_ns());
  in.set_max_ns(in.sum_ns());
  EXPECT_EQ(Message(Histogram::FromProto(in).status()), "histogram: bucket out of range");
}

// Whatever the decoder accepts must be a histogram: it encodes to the same message again.
TEST(HistogramCodec, AcceptsNoGarbageThatIsNotAHistogram) {
  Rng rng(99);
  const v1::Histogram good = Encode(Random(11, 30));
  int accepted = 0;
  for (int round = 0; round < 50'000; ++round) {
    v1::Histogram in = good;
    std::string& bytes = *in.mutable_counts();
    if (round % 4 == 0) {
      bytes.resize(rng.Below(12));
      for (char& c : bytes) c = static_cast<char>(rng.Next());
      in.set_count(rng.Below(4));
    } else {
      for (std::uint64_t n = 1 + rng.Below(3); n > 0; --n) {
        bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Next());
      }
    }
    const StatusOr<Histogram> out = Histogram::FromProto(in);
    if (!out.ok()) continue;
    ++accepted;
    ASSERT_EQ(Encode(*out).SerializeAsString(), in.SerializeAsString());
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace sfp::stats
