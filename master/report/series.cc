#include "master/report/series.h"

#include <algorithm>
#include <vector>

#include "common/base/time.h"

namespace sfp::report {
namespace {

constexpr double kShortestSlot = 0.5;  // s: a rate over less is chance

// How many slots of the history make one of the columns.
std::size_t MergedSlots(const results::History& history, const SeriesOptions& options) {
  const std::size_t most = std::max<std::size_t>(1, options.most_slots);
  return std::max<std::size_t>(1, (history.total().size() + most - 1) / most);
}

struct Point {
  std::uint32_t t = 0;  // its first second
  double seconds = 0;
  std::uint32_t users = 0;  // at its end
  results::Slot slot;
};

// Until when the figures are final.
double EndOf(const results::Results& results) {
  if (results.ended()) return Seconds(results.duration());
  return results.complete_second() ? *results.complete_second() + 1.0 : 0.0;
}

std::vector<Point> PointsOf(const results::Results& results, const SeriesOptions& options) {
  const results::History& history = results.history();
  const auto slots = options.endpoint ? history.endpoint(*options.endpoint) : history.total();
  const double end_s = EndOf(results);
  const std::size_t merged = MergedSlots(history, options);
  const auto step = static_cast<std::uint32_t>(history.step_s() * merged);
  std::vector<Point> points;
  for (std::uint32_t t = options.from_s - options.from_s % step; t < end_s; t += step) {
    Point& point = points.emplace_back();
    point.t = t;
    point.seconds = std::min<double>(step, end_s - t);
    for (std::size_t i = t / history.step_s(); i < t / history.step_s() + merged; ++i) {
      if (i < slots.size()) point.slot.Merge(slots[i]);
    }
    const auto last = static_cast<std::size_t>(std::max(0.0, t + point.seconds - 1));
    if (last < results.series().size()) point.users = results.series()[last].users;
  }
  return points;
}

template <typename Value>
void Column(JsonWriter& w, const char* name, const std::vector<Point>& points, Value value) {
  w.Key(name).BeginArray(JsonWriter::kInline);
  for (const Point& point : points) w.Value(value(point));
  w.EndArray();
}

void Heat(JsonWriter& w, const std::vector<Point>& points) {
  w.Key("heat").BeginArray(JsonWriter::kInline);
  for (const Point& point : points) {
    w.BeginArray(JsonWriter::kInline);
    for (const results::Bucket& bucket : point.slot.buckets) {
      w.Value(bucket.index);
      w.Value(bucket.count);
    }
    w.EndArray();
  }
  w.EndArray();
}

}  // namespace

void WriteSeries(JsonWriter& w, const results::Results& results, const SeriesOptions& options) {
  const std::vector<Point> points = PointsOf(results, options);
  const results::History& history = results.history();
  w.BeginObject(JsonWriter::kInline);
  w.Key("step_s").Value(
      static_cast<std::uint64_t>(history.step_s() * MergedSlots(history, options)));
  w.Key("from_s").Value(points.empty() ? options.from_s : points.front().t);
  w.Key("end_s").Value(EndOf(results));
  Column(w, "t", points, [](const Point& p) { return p.t; });
  Column(w, "users", points, [](const Point& p) { return p.users; });
  const auto rate = [](std::uint64_t count, const Point& p) -> std::optional<double> {
    if (p.seconds < kShortestSlot) return std::nullopt;
    return static_cast<double>(count) / p.seconds;
  };
  Column(w, "rps", points, [&](const Point& p) { return rate(p.slot.requests, p); });
  Column(w, "failures_per_s", points, [&](const Point& p) { return rate(p.slot.failures, p); });
  Column(w, "p50_ms", points, [](const Point& p) { return p.slot.QuantileMs(0.50); });
  Column(w, "p95_ms", points, [](const Point& p) { return p.slot.QuantileMs(0.95); });
  Column(w, "p99_ms", points, [](const Point& p) { return p.slot.QuantileMs(0.99); });
  if (options.heat) Heat(w, points);
  w.EndObject();
}

}  // namespace sfp::report
