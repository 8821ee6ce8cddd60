#include "tests/demo_api/fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sfp::demo {
namespace {

using ::testing::HasSubstr;

TEST(FaultsTest, NoneWithoutAnOption) {
  const Faults faults(1);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_FALSE(faults.OfRequest(i));
    EXPECT_FALSE(faults.DelaysAccept(i));
  }
}

TEST(FaultsTest, EachHasItsShareWhateverTheOthers) {
  Faults faults(5);
  EXPECT_TRUE(faults.Add("reset:1%").ok());
  EXPECT_TRUE(faults.Add("malformed:10").ok());
  EXPECT_TRUE(faults.Add("error500:0.5%").ok());
  EXPECT_TRUE(faults.Add("slow-accept:50%").ok());
  constexpr int kCount = 100'000;
  std::map<Fault, int> met;
  int slow = 0;
  for (int i = 0; i < kCount; ++i) {
    if (const auto fault = faults.OfRequest(static_cast<std::uint64_t>(i))) ++met[*fault];
    slow += faults.DelaysAccept(static_cast<std::uint64_t>(i));
  }
  EXPECT_NEAR(met[Fault::kReset], 1000, 150);  // 5 standard deviations
  EXPECT_NEAR(met[Fault::kMalformed], 10'000, 475);
  EXPECT_NEAR(met[Fault::kError500], 500, 112);
  EXPECT_NEAR(slow, 50'000, 800);
  EXPECT_EQ(met.size(), 3u);
}

TEST(FaultsTest, TheSameSeedMeetsTheSameRequests) {
  Faults one(7);
  Faults same(7);
  Faults other(8);
  for (Faults* faults : {&one, &same, &other}) ASSERT_TRUE(faults->Add("close:50%").ok());
  int differences = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(one.OfRequest(i), same.OfRequest(i));
    differences += one.OfRequest(i) != other.OfRequest(i);
  }
  EXPECT_GT(differences, 0);
}

TEST(FaultsTest, AWrongOptionIsExplained) {
  struct Case {
    std::string text, says;
  };
  for (const Case& expected :
       {Case{"reset", "is not KIND:PERCENT"}, Case{"reset:", "is not KIND:PERCENT"},
        Case{"reset:x%", "is not KIND:PERCENT"}, Case{"reset:-1%", "is not KIND:PERCENT"},
        Case{"reset:101%", "is not KIND:PERCENT"}, Case{"reset:nan", "is not KIND:PERCENT"},
        Case{"explode:1%", "'explode' is not one of reset, close, error500, stall"}}) {
    Faults faults;
    EXPECT_THAT(Message(faults.Add(expected.text)), HasSubstr(expected.says)) << expected.text;
  }
  Faults faults;
  EXPECT_TRUE(faults.Add("reset:60%").ok());
  EXPECT_THAT(Message(faults.Add("close:41%")), HasSubstr("more than 100 %"));
}

}  // namespace
}  // namespace sfp::demo
