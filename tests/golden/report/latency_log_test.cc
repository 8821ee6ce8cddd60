// latency.hlog, read by HdrHistogram's own log processor.

#include "master/report/latency_log.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/unit/results/journal.h"

namespace sfp::report {
namespace {

using results::Journal;

constexpr const char* kJar = "/usr/share/java/hdrhistogram.jar";

std::string Processed(std::vector<std::string> options) {
  std::vector<std::string> command = {"java", "-cp", kJar,
                                      "org.HdrHistogram.HistogramLogProcessor"};
  command.insert(command.end(), options.begin(), options.end());
  test::Process java(command);
  EXPECT_EQ(java.Wait(std::chrono::seconds(50)), 0) << java.err();
  return java.out();
}

// From below 1 us to beyond 24 h, most of them some milliseconds; two workers, with seconds in
// which nothing happens, and a second that comes late.
Journal RandomRun() {
  v1::RunStarted run = Journal::TwoEndpoints();
  run.set_started_at("2026-01-02T03:04:05.678Z");
  run.mutable_endpoints(0)->set_name("a name, 100 % odd");
  Journal journal(run, 2);
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(15, 3);  // ns
  std::vector<std::pair<std::uint32_t, std::uint32_t>> order;
  for (std::uint32_t s = 0; s < 12; ++s) {
    if (s != 5) order.emplace_back(0, s);
  }
  for (std::uint32_t s = 0; s < 12; s += 2) order.emplace_back(1, s);
  for (const auto& [worker, second] : order) {
    stats::Interval interval{.index = second,
                             .begin = std::chrono::seconds(second),
                             .end = std::chrono::seconds(second + 1),
                             .users = 1};
    interval.endpoints.resize(2);
    for (stats::EndpointStats& stats : interval.endpoints) {
      for (int i = 0; i < 400; ++i) {
        ++stats.started;
        ++stats.succeeded;
        stats.response.Record(Duration(static_cast<std::int64_t>(latency(random))));
      }
    }
    stats::EndpointStats& second_endpoint = interval.endpoints[1];
    second_endpoint.intended.Merge(second_endpoint.response);
    interval.endpoints[0].response.Record(std::chrono::hours(30));
    ++interval.endpoints[0].started;
    ++interval.endpoints[0].succeeded;
    journal.Must(journal.Snapshot(worker, interval), 13);
  }
  return journal;
}

// Cumulated counts by the highest value of the bucket that they reach to.
std::map<double, std::uint64_t> Cumulated(const stats::Histogram& histogram) {
  std::map<double, std::uint64_t> out;
  std::uint64_t sum = 0;
  histogram.ForEach([&](std::uint64_t low, std::uint64_t width, std::uint64_t count) {
    sum += count;
    out[static_cast<double>(low + width - 1)] = sum;
  });
  return out;
}

void ExpectSame(const std::string& table, const stats::Histogram& ours) {
  const std::map<double, std::uint64_t> cumulated = Cumulated(ours);
  std::stringstream in(table);
  int lines = 0;
  std::uint64_t last = 0;
  for (std::string line; std::getline(in, line);) {
    double value = 0, percentile = 0;
    unsigned long count = 0;
    if (std::sscanf(line.c_str(), "%lf,%lf,%lu,", &value, &percentile, &count) != 3) continue;
    ++lines;
    last = count;
    const auto found = cumulated.find(value);
    ASSERT_NE(found, cumulated.end()) << line;
    EXPECT_EQ(found->second, count) << line;
    // Where it says that a percentile lies, there ours lies.
    if (percentile == 0 || percentile == 1) continue;
    const auto quantile = ours.Quantile(percentile);
    const auto us = static_cast<std::uint64_t>(quantile->count() / 1000);
    EXPECT_EQ(stats::Histogram::IndexOf(std::min(us, stats::Histogram::kHighestUs)),
              stats::Histogram::IndexOf(static_cast<std::uint64_t>(value)))
        << line;
  }
  EXPECT_GT(lines, 20) << table;
  EXPECT_EQ(last, ours.count());
}

TEST(LatencyLog, HdrHistogramsOwnReaderFindsOurCountsAndPercentiles) {
  const Journal journal = RandomRun();
  std::string text;
  LatencyLog log(journal.results, [&](std::string_view piece) { text += piece; });
  ASSERT_TRUE(results::ForEachSecond(journal.replay(), [&](std::uint32_t second,
                                                           const results::Parts& parts) {
                log.Add(second, parts);
                return Ok();
              }).ok());
  log.Finish();
  const test::TemporaryFolder folder;
  const std::string file = folder.Write("latency.hlog", text);
  const std::string tags = Processed({"-i", file, "-listtags"});
  const std::vector<stats::EndpointStats>& endpoints = journal.results.endpoints();
  for (const auto& [tag, histogram] :
       {std::pair<const char*, const stats::Histogram*>{"a%20name%2C%20100%20%25%20odd:response",
                                                        &endpoints[0].response},
        {"second:response", &endpoints[1].response},
        {"second:intended", &endpoints[1].intended}}) {
    EXPECT_NE(tags.find(tag), std::string::npos) << tags;
    const std::string table =
        Processed({"-i", file, "-tag", tag, "-csv", "-outputValueUnitRatio", "1"});
    EXPECT_NE(table.find("StartTime: 1767323045.678"), std::string::npos) << table.substr(0, 200);
    ExpectSame(table, *histogram);
  }
  EXPECT_EQ(tags.find("odd:intended"), std::string::npos) << "nothing was intended there";
}

TEST(LatencyLog, ADayHasAsManyIntervalsAsAnHour) {
  Journal journal(1);
  const std::uint32_t day = 24 * 3600;
  results::Work work{.succeeded = 1};
  for (std::uint32_t s = 0; s < day; s += 599) {  // nothing is further ahead than 600 s
    journal.Must(journal.Snapshot(0, s, work), s + 1.0);
  }
  std::string text;
  LatencyLog log(journal.results, [&](std::string_view piece) { text += piece; });
  for (std::uint32_t s = 0; s < 50; ++s) {
    stats::Interval interval{.index = s, .endpoints = std::vector<stats::EndpointStats>(2)};
    interval.endpoints[0].response.Record(std::chrono::milliseconds(5));
    results::Parts parts;
    parts.push_back(std::move(interval));
    log.Add(s, parts);
  }
  log.Finish();
  EXPECT_NE(text.find("\nTag=first:response,0.000,24.000,"), std::string::npos) << text;
  EXPECT_NE(text.find("\nTag=first:response,24.000,24.000,"), std::string::npos);
  EXPECT_NE(text.find("\nTag=first:response,48.000,2.000,"), std::string::npos);
}

}  // namespace
}  // namespace sfp::report
