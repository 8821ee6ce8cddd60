#include "master/report/rows.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "master/report/censored.h"
#include "master/report/intervals.h"
#include "master/report/latencies.h"

namespace sfp::report {
namespace {

// A run whose load was constant for this part of it is one measurement with one interval.
constexpr double kSteadyPart = 0.8;

// Figures that every kind of row shares.
Row Figures(const stats::EndpointStats& total, double window_s) {
  Row row;
  row.requests = total.requests();
  row.failures = total.failed;
  row.failure_pct = Percent(total.failed, total.requests());
  if (const auto mean = total.response.mean()) row.avg_ms = Millis(*mean);
  row.rps = PerSecond(total.requests(), window_s);
  if (const auto shortest = total.response.min()) row.shortest_ms = Millis(*shortest);
  row.success_avg_ms = SuccessAverageMs(total);
  row.success_rps = PerSecond(total.succeeded, window_s);
  return row;
}

void AddPercentiles(Latencies latencies, Row& row) {
  row.p50_ms = latencies.p50;
  row.p95_ms = latencies.p95;
  row.p99_ms = latencies.p99;
  row.censored = std::move(latencies.censored);
}

void AddIntervals(const Intervals& intervals, Row& row) {
  row.ci95_avg = intervals.avg_ms;
  row.ci95_rps = intervals.rps;
  if (!row.censored || row.censored->of_known_age == 0) row.ci95_p95 = intervals.p95_ms;
}

// A skipped task thinks without a request, so the mean think time between two requests is longer by
// that part.
Number ThinkTime(const results::Results& results, const stats::EndpointStats& total) {
  const double planned = results.run().think_time_s();
  if (!(planned >= 0) || total.requests() == 0) return std::nullopt;
  return planned * (1 + static_cast<double>(total.skipped) / static_cast<double>(total.requests()));
}

void Fill(const results::Generator& generator, const stats::EndpointStats& total,
          capacity::Measured& out) {
  out.lag_p99 = generator.lag.Quantile(0.99);
  out.loop_lag_p99 = generator.loop_lag.Quantile(0.99);
  out.throttled_s = Seconds(generator.throttled);
  out.jumps = generator.jumps;
  if (generator.intervals > 0) {
    out.busy_share = static_cast<double>(generator.busy) / generator.intervals;
  }
  for (const auto& [key, row] : total.failures) {
    if (key.kind == stats::FailureKind::kOutOfDescriptors ||
        key.kind == stats::FailureKind::kOutOfPorts) {
      out.own_failures += row.count;
    }
  }
}

Row LevelRow(const results::Results& results, const results::Row& level) {
  const auto window_s = static_cast<double>(level.per_second.size());
  Row row = Figures(level.total, window_s);
  row.users = level.users;
  row.in_flight = level.in_flight;
  AddPercentiles(ResponseTimesOfLevel(level.total, level.in_flight, window_s), row);
  const auto end_s = level.begin_s + static_cast<std::uint32_t>(level.per_second.size());
  AddIntervals(IntervalsOf(level.batches, end_s, level.total.response), row);
  capacity::Measured measured;
  measured.users = level.users;
  if (level.rate > 0) {
    row.rate = level.rate;
    measured.users_vary = true;
    measured.dropped = level.total.dropped;
  }
  measured.window_s = window_s;
  measured.requests = row.requests;
  if (row.avg_ms) measured.mean_response_s = *row.avg_ms / 1000;
  if (row.p50_ms) measured.p50_s = *row.p50_ms / 1000;
  measured.think_s = row.think_s = ThinkTime(results, level.total);
  measured.per_second = level.per_second;
  measured.response_sum_s = level.response_sum_s;
  for (std::size_t i = 0; i < level.per_second.size(); ++i) {
    measured.degraded_seconds += results.series()[level.begin_s + i].degraded ? 1 : 0;
  }
  Fill(level.generator, level.total, measured);
  row.judgement = capacity::Judge(measured);
  return row;
}

using Points = std::span<const results::SeriesPoint>;

// The longest stretch of whole seconds with a constant number of users.
Points Plateau(Points points) {
  Points best;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    // A second whose end has other users than its beginning belongs to a ramp, the first one too.
    const std::uint32_t before = i == 0 ? 0 : points[i - 1].users;
    if (points[i].users != before || points[i].users == 0) begin = i + 1;
    if (begin <= i && i + 1 - begin > best.size()) best = points.subspan(begin, i + 1 - begin);
  }
  return best;
}

// The longest stretch of whole seconds with a constant rate of arrivals above 0. Its first second
// is left out: it has what the rate before it, or new connections, left behind.
Points RatePlateau(const v1::Arrivals& arrivals, Points points) {
  Points best;
  for (int i = 0; i < arrivals.points_size(); ++i) {
    const v1::Arrivals::Point& from = arrivals.points(i);
    int next = i + 1;
    while (next < arrivals.points_size() && arrivals.points(next).rate() == from.rate()) ++next;
    const bool goes_on = next == arrivals.points_size();
    if (from.rate() == 0 || (next == i + 1 && !goes_on)) continue;  // or a ramp or a jump
    const auto second = [](const v1::Arrivals::Point& p) {
      return static_cast<std::size_t>(p.t_ns() / 1'000'000'000);
    };
    const std::size_t begin = second(from) + 1;
    std::size_t end = points.size();
    if (!goes_on) end = std::min(end, second(arrivals.points(next - 1)));
    if (begin < end && end - begin > best.size()) best = points.subspan(begin, end - begin);
  }
  return best;
}

Row WholeRun(const results::Results& results) {
  const stats::EndpointStats total = results.Total();
  const double duration_s = Seconds(results.duration());
  Row row = Figures(total, duration_s);
  row.in_flight = results.in_flight();
  AddPercentiles(ResponseTimes(total), row);
  const Points all(results.series());
  for (const results::SeriesPoint& point : all) row.users = std::max(row.users, point.users);
  const auto whole = static_cast<std::size_t>(std::floor(duration_s + 0.001));
  const Points seconds = all.first(std::min(whole, all.size()));

  capacity::Measured measured;
  const bool open = results.plan().has_arrivals();
  const bool limited = results.plan().iterations() > 0;
  measured.users_vary = open || limited;
  measured.dropped = total.dropped;
  Points steady = seconds;
  if (open) steady = RatePlateau(results.plan().arrivals(), seconds);
  if (!open && !limited) steady = Plateau(seconds);
  std::vector<std::uint64_t> counts;
  std::vector<double> sums;
  double sum_s = 0;
  for (const results::SeriesPoint& point : steady) {
    counts.push_back(point.requests);
    sums.push_back(point.response_sum_s);
    measured.requests += point.requests;
    sum_s += point.response_sum_s;
    measured.users = point.users;
  }
  measured.window_s = static_cast<double>(steady.size());
  if (measured.requests > 0) {
    measured.mean_response_s = sum_s / static_cast<double>(measured.requests);
  }
  if (row.p50_ms) measured.p50_s = *row.p50_ms / 1000;
  measured.think_s = ThinkTime(results, total);
  if (!limited) {
    measured.per_second = counts;
    measured.response_sum_s = sums;
  }
  if (IsSteady(results)) {
    AddIntervals(
        IntervalsOf(results.TotalBatches(), static_cast<std::uint32_t>(whole), total.response),
        row);
  }
  Fill(results.generator(), total, measured);
  for (const results::SeriesPoint& point : all) measured.degraded_seconds += point.degraded ? 1 : 0;
  row.judgement = capacity::Judge(measured);
  return row;
}

}  // namespace

std::string LoadOf(const Row& row) {
  return row.rate ? absl::StrFormat("%.4g arrivals per second", *row.rate)
                  : absl::StrFormat("%d users", row.users);
}

bool IsSteady(const results::Results& results) {
  if (!results.rows().empty()) return false;
  const Points all(results.series());
  const auto whole = static_cast<std::size_t>(std::floor(Seconds(results.duration()) + 0.001));
  const Points seconds = all.first(std::min(whole, all.size()));
  const bool open = results.plan().has_arrivals();
  const Points steady = open ? RatePlateau(results.plan().arrivals(), seconds) : Plateau(seconds);
  return static_cast<double>(steady.size()) >= kSteadyPart * static_cast<double>(seconds.size());
}

std::vector<Row> RowsOf(const results::Results& results) {
  if (results.rows().empty()) return {WholeRun(results)};
  std::vector<Row> out;
  for (const results::Row& level : results.rows()) out.push_back(LevelRow(results, level));
  return out;
}

}  // namespace sfp::report
