#include "master/report/csv.h"

#include <gtest/gtest.h>

#include "master/report/history_csv.h"
#include "tests/unit/results/journal.h"

namespace sfp::report {
namespace {

TEST(Csv, FieldsAreQuotedWhereTheyMustBe) {
  std::string line;
  AppendCsvLine(line, {"plain", "", "a,b", "say \"hi\"", "two\nlines", " spaces "});
  EXPECT_EQ(line, "plain,,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\", spaces \r\n");
}

TEST(Csv, FailuresThatDifferInTheirPhaseOnlyAreOneLine) {
  Report report;
  report.run.started_at = "2026-01-02T03:04:05Z";
  report.endpoints.push_back({.name = "list", .method = "GET"});
  report.failures.push_back(
      {.endpoint = "list", .message = "lost", .count = 3, .first_s = 5, .last_s = 8});
  report.failures.push_back(
      {.endpoint = "list", .message = "lost", .count = 1, .first_s = 2.5, .last_s = 7});
  report.failures.push_back({.endpoint = "list", .message = "\"odd\", really", .count = 1});
  EXPECT_EQ(
      FailuresCsv(report),
      "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n"
      "GET,list,\"\"\"odd\"\", really\",1,2026-01-02T03:04:05.000Z,2026-01-02T03:04:05.000Z\r\n"
      "GET,list,lost,4,2026-01-02T03:04:07.500Z,2026-01-02T03:04:13.000Z\r\n");
}

std::vector<std::string> Lines(const results::Journal& journal, bool endpoints) {
  std::string text;
  HistoryCsv history(journal.results, endpoints, [&](std::string_view piece) { text += piece; });
  EXPECT_TRUE(results::ForEachSecond(journal.replay(), [&](std::uint32_t second,
                                                           const results::Parts& parts) {
                history.Add(second, parts);
                return Ok();
              }).ok());
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

TEST(HistoryCsv, RatesAndPercentilesAreOfTenSecondsTotalsOfAll) {
  results::Journal journal(2);
  for (std::uint32_t s = 0; s < 20; ++s) {
    const auto response = std::chrono::milliseconds(s < 10 ? 10 : 100);
    journal.Deliver(0, s, {.users = 3, .succeeded = 4, .response = response});
    journal.Deliver(1, s, {.users = 2, .succeeded = 1, .failed = 1, .response = response});
  }
  const std::vector<std::string> lines = Lines(journal, false);
  ASSERT_EQ(lines.size(), 21u);
  EXPECT_EQ(lines[1],
            "1,5,,Aggregated,6.000000,1.000000,10,10,10,10,10,10,10,10,10,10,10,6,1,10,10,10,10,0");
  // Half of the window is slow; of the run it is a third.
  EXPECT_EQ(lines[15],
            "15,5,,Aggregated,6.000000,1.000000,10.008,100,100,100,100,100,100,100,100,100,100,"
            "90,15,10.008,40,10,100,0");
  EXPECT_EQ(lines[20],
            "20,5,,Aggregated,6.000000,1.000000,100,100,100,100,100,100,100,100,100,100,100,"
            "120,20,10.008,55,10,100,0");
}

TEST(HistoryCsv, InFullItHasEachEndpointToo) {
  results::Journal journal(1);
  journal.Deliver(0, 0, {.succeeded = 4, .endpoint = 1});
  const std::vector<std::string> lines = Lines(journal, true);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1],
            "1,10,,first,0.000000,0.000000,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,"
            "0,0,0,0,0,0,0");
  EXPECT_EQ(lines[2].substr(0, 29), "1,10,,second,4.000000,0.00000");
  EXPECT_EQ(lines[3].substr(0, 29), "1,10,,Aggregated,4.000000,0.0");
}

}  // namespace
}  // namespace sfp::report
