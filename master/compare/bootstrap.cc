#include "master/compare/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>

#include "common/base/rng.h"
#include "common/stats/histogram.h"

namespace sfp::compare {
namespace {

constexpr double kQuantiles[] = {0.50, 0.95, 0.99};
constexpr std::uint64_t kLeastBeyond = 20;  // requests beyond a percentile
constexpr std::size_t kLeastUnits = 10;
// A bucket is up to 0.1 % wide: no percentile is known better.
constexpr double kLeastError = 5e-4;

// One endpoint of one run: what the draws need, as sums that wrap around its end.
class Column {
 public:
  explicit Column(const Track& track) : units_(track.size()) {
    for (const Unit& unit : track) {
      for (const Cell& cell : unit.response) buckets_[cell.bucket] += cell.count;
    }
    std::uint64_t sum = 0;
    for (const auto& [bucket, count] : buckets_) {
      sum += count;
      cumulated_.push_back({sum, HighestMs(bucket), bucket});
    }
    for (auto& sums : sums_) sums.assign(1, 0);
    for (std::size_t q = 0; q < std::size(kQuantiles); ++q) border_[q] = BorderOf(kQuantiles[q]);
    for (const Unit& unit : track) Append(unit);
    const std::size_t once = track.size();
    for (auto& sums : sums_) {  // a second turn, for blocks that reach over the end
      for (std::size_t i = 0; i < once; ++i) {
        sums.push_back(sums[once] + sums[i + 1]);
      }
    }
  }

  std::size_t units() const { return units_; }
  double Total(std::size_t sum) const { return sums_[sum][units_]; }
  // Sum over units [begin, begin + length) of the circle.
  double Block(std::size_t sum, std::size_t begin, std::size_t length) const {
    return sums_[sum][begin + length] - sums_[sum][begin];
  }
  std::vector<double> Series(std::size_t sum) const {
    std::vector<double> out(units_);
    for (std::size_t i = 0; i < units_; ++i) out[i] = sums_[sum][i + 1] - sums_[sum][i];
    return out;
  }
  // In ms, interpolated within the bucket's step.
  double QuantileMs(double share) const {
    const double rank = std::clamp(share, 0.0, 1.0) * Total(kRequests);
    const auto at = std::lower_bound(
        cumulated_.begin(), cumulated_.end(), rank,
        [](const Step& step, double r) { return static_cast<double>(step.sum) < r; });
    return at == cumulated_.end() ? cumulated_.back().ms : at->ms;
  }

  static constexpr std::size_t kRequests = 0, kFailures = 1, kBelow = 2, kSums = 5;

 private:
  struct Step {
    std::uint64_t sum;
    double ms;
    std::uint32_t bucket;
  };
  static double HighestMs(std::uint32_t bucket) {
    return static_cast<double>(stats::Histogram::LowestUs(bucket) +
                               stats::Histogram::WidthUs(bucket)) *
           1e-3;
  }
  std::uint32_t BorderOf(double share) const {
    const double rank = share * static_cast<double>(cumulated_.empty() ? 0 : cumulated_.back().sum);
    for (const Step& step : cumulated_) {
      if (static_cast<double>(step.sum) >= rank) return step.bucket;
    }
    return 0;
  }
  void Append(const Unit& unit) {
    double values[kSums] = {static_cast<double>(unit.requests), static_cast<double>(unit.failures)};
    for (std::size_t q = 0; q < std::size(kQuantiles); ++q) {
      for (const Cell& cell : unit.response) {
        if (cell.bucket <= border_[q]) values[kBelow + q] += static_cast<double>(cell.count);
      }
    }
    for (std::size_t i = 0; i < kSums; ++i) sums_[i].push_back(sums_[i].back() + values[i]);
  }

  std::size_t units_;
  std::map<std::uint32_t, std::uint64_t> buckets_;
  std::vector<Step> cumulated_;
  std::uint32_t border_[std::size(kQuantiles)] = {};
  std::vector<double> sums_[kSums];
};

// The figures of one endpoint, each on the scale on which it is compared; NaN where there is none.
struct Figures {
  double values[std::size(kFigures)];
};

Figures FiguresOf(const Column& column, const double (&sums)[Column::kSums], double seconds) {
  Figures out;
  const double requests = sums[Column::kRequests];
  out.values[0] = requests > 0 ? std::log(requests / seconds) : NAN;
  for (std::size_t q = 0; q < std::size(kQuantiles); ++q) {
    const double all = column.Total(Column::kRequests);
    const double moved =
        sums[Column::kBelow + q] / requests - column.Total(Column::kBelow + q) / all;
    out.values[1 + q] = requests > 0 ? std::log(column.QuantileMs(kQuantiles[q] - moved)) : NAN;
  }
  out.values[4] = requests > 0 ? sums[Column::kFailures] / requests : NAN;
  return out;
}

Figures Observed(const Column& column, double unit_s) {
  double sums[Column::kSums];
  for (std::size_t i = 0; i < Column::kSums; ++i) sums[i] = column.Total(i);
  return FiguresOf(column, sums, unit_s * static_cast<double>(column.units()));
}

// One run under one load.
class Side {
 public:
  Side(const std::vector<Track>& tracks, double unit_s) : unit_s_(unit_s) {
    for (const Track& track : tracks) columns_.emplace_back(track);
    const std::size_t units = columns_.back().units();
    block_ = BlockOf(columns_.back());
    blocks_ = std::max<std::size_t>(1, (units + block_ / 2) / block_);
    for (const Column& column : columns_) observed_.push_back(Observed(column, unit_s));
  }

  std::size_t blocks() const { return blocks_; }
  // By how much the draws' variances are too small, because what is correlated over longer than a
  // block is cut: extrapolated from blocks half as long, as the mean over three figures of the
  // aggregate, since each alone scatters.
  double Widening() const {
    double halves = 0;
    for (std::size_t figure = 0; figure < 3; ++figure) {
      const double whole = VarianceOfBlocks(figure, block_);
      const double half = VarianceOfBlocks(figure, std::max<std::size_t>(1, block_ / 2));
      halves += (whole > 0 ? half / whole : 1) / 3;
    }
    return std::clamp(2 - halves, 1.0, 2.0);
  }
  const Column& column(std::size_t endpoint) const { return columns_[endpoint]; }
  const Figures& observed(std::size_t endpoint) const { return observed_[endpoint]; }

  void Draw(Rng& rng, std::vector<Figures>& out) const {
    std::vector<std::size_t> begins(blocks_);
    for (std::size_t& begin : begins) begin = rng.Below(columns_.back().units());
    const double seconds = unit_s_ * static_cast<double>(block_ * blocks_);
    for (const Column& column : columns_) {
      double sums[Column::kSums] = {};
      for (const std::size_t begin : begins) {
        for (std::size_t i = 0; i < Column::kSums; ++i) sums[i] += column.Block(i, begin, block_);
      }
      out.push_back(FiguresOf(column, sums, seconds));
    }
  }

 private:
  // Per unit, of all blocks of the aggregate's circle: of requests (figure 0), or of how many more
  // are below the percentile than its share.
  double VarianceOfBlocks(std::size_t figure, std::size_t length) const {
    const Column& all = columns_.back();
    const std::size_t sum = figure == 0 ? Column::kRequests : Column::kBelow + figure - 1;
    const auto units = static_cast<double>(all.units());
    const double requests = std::max(1.0, all.Total(Column::kRequests));
    const double share = figure == 0 ? 0 : all.Total(sum) / requests;
    const double mean = figure == 0 ? requests / units : 0;
    const auto n = static_cast<double>(length);
    double squares = 0;
    for (std::size_t begin = 0; begin < all.units(); ++begin) {
      const double moved = all.Block(sum, begin, length) - n * mean -
                           share * all.Block(Column::kRequests, begin, length);
      squares += moved * moved;
    }
    return squares / units / n / (1 - n / units);
  }

  static std::size_t BlockOf(const Column& aggregate) {
    const std::size_t units = aggregate.units();
    std::size_t longest = static_cast<std::size_t>(std::ceil(std::sqrt(units)));
    const std::vector<double> requests = aggregate.Series(Column::kRequests);
    longest = std::max(longest, BlockLength(requests));
    for (std::size_t sum = Column::kFailures; sum < Column::kSums; ++sum) {
      // How many more or fewer than the run's share.
      std::vector<double> series = aggregate.Series(sum);
      const double share = aggregate.Total(sum) / std::max(1.0, aggregate.Total(Column::kRequests));
      for (std::size_t i = 0; i < units; ++i) series[i] -= share * requests[i];
      longest = std::max(longest, BlockLength(series));
    }
    return std::clamp<std::size_t>(longest, 1, std::max<std::size_t>(1, units / 8));
  }

  double unit_s_;
  std::vector<Column> columns_;
  std::vector<Figures> observed_;
  std::size_t block_ = 1;
  std::size_t blocks_ = 1;
};

bool EnoughFor(std::size_t figure, const Column& column) {
  const double requests = column.Total(Column::kRequests);
  if (figure == 0) return requests > 0;
  if (figure == 4) return requests > 0;
  return requests * (1 - kQuantiles[figure - 1]) >= static_cast<double>(kLeastBeyond);
}

double Shown(std::size_t figure, double value) { return figure == 4 ? value : std::exp(value); }

double StudentQuantile(double degrees, double two_sided) {
  const boost::math::students_t_distribution<double> t(degrees);
  return boost::math::quantile(boost::math::complement(t, two_sided / 2));
}

double Variance(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
  }
  const auto n = static_cast<double>(values.size());
  return std::max(0.0, squares / n - sum / n * (sum / n));
}

// One difference that is judged, and what the draws gave for it.
struct Judged {
  Difference* out;
  double difference = 0;
  double spread = 0;  // of the draws
  double error = 0;
  double degrees = 1;
  std::vector<double> a, b;  // draws minus observed
};

void Prepare(Judged& judged, const Side& side_a, const Side& side_b) {
  const auto blocks_a = static_cast<double>(std::max<std::size_t>(2, side_a.blocks()));
  const auto blocks_b = static_cast<double>(std::max<std::size_t>(2, side_b.blocks()));
  // The draws' spread is that of a mean about its own blocks' mean: too small by one degree.
  const double drawn_a = Variance(judged.a);
  const double drawn_b = Variance(judged.b);
  const double wide_a = side_a.Widening(), wide_b = side_b.Widening();
  const double a = wide_a * drawn_a * blocks_a / (blocks_a - 1);
  const double b = wide_b * drawn_b * blocks_b / (blocks_b - 1);
  const double least = judged.out->figure == Figure::kFailures ? 0 : kLeastError;
  judged.spread = std::max(std::sqrt(drawn_a + drawn_b), least);
  judged.error = std::max(std::sqrt(a + b), least);
  // What was put back is known less well than the rest.
  const double degrees_a = (blocks_a - 1) / wide_a, degrees_b = (blocks_b - 1) / wide_b;
  judged.degrees = a + b > 0 ? (a + b) * (a + b) / (a * a / degrees_a + b * b / degrees_b)
                             : std::min(degrees_a, degrees_b);
}

// The 95 % quantile of the greatest deviation over all figures, as a two-sided probability of one.
double FamilyLevel(const std::vector<Judged>& all, std::uint32_t draws) {
  std::vector<double> greatest(draws, 0);
  for (const Judged& judged : all) {
    for (std::uint32_t r = 0; r < draws; ++r) {
      if (judged.spread == 0) continue;
      const double deviation = std::fabs(judged.b[r] - judged.a[r]) / judged.spread;
      greatest[r] = std::max(greatest[r], deviation);
    }
  }
  std::sort(greatest.begin(), greatest.end());
  const double c = greatest[static_cast<std::size_t>(0.95 * draws)];
  return std::clamp(std::erfc(c / std::sqrt(2.0)), 1e-6, 0.05);
}

}  // namespace

std::size_t BlockLength(std::span<const double> series) {
  const auto n = static_cast<double>(series.size());
  double mean = 0;
  for (const double v : series) mean += v / n;
  const auto covariance = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = lag; i < series.size(); ++i) {
      sum += (series[i] - mean) * (series[i - lag] - mean);
    }
    return sum / n;
  };
  const double variance = covariance(0);
  if (series.size() < kLeastUnits || variance <= 0) return 1;
  // The lag behind which nothing is correlated any more: so many in a row are not.
  const auto in_a_row =
      static_cast<std::size_t>(std::max(5.0, std::ceil(std::sqrt(std::log10(n)))));
  const double noise = 2 * std::sqrt(std::log10(n) / n);
  const std::size_t most = series.size() / 4;
  std::size_t correlated = 0;
  for (std::size_t lag = 1, calm = 0; lag <= most && calm < in_a_row; ++lag) {
    const bool small = std::fabs(covariance(lag) / variance) < noise;
    calm = small ? calm + 1 : 0;
    if (!small) correlated = lag;
  }
  if (correlated == 0) return 1;
  // A flat-top window over twice that.
  const std::size_t window = std::min(2 * correlated, most);
  double spectrum = variance, slope = 0;
  for (std::size_t lag = 1; lag <= window; ++lag) {
    const double x = static_cast<double>(lag) / static_cast<double>(window);
    const double weight = x <= 0.5 ? 1 : 2 * (1 - x);
    const double c = weight * covariance(lag);
    spectrum += 2 * c;
    slope += 2 * c * static_cast<double>(lag);
  }
  if (spectrum <= 0) return 1;
  const double d = 4.0 / 3 * spectrum * spectrum;
  return static_cast<std::size_t>(std::max(1.0, std::ceil(std::cbrt(2 * slope * slope / d * n))));
}

std::vector<Difference> Compare(std::span<const Pair> pairs, std::uint64_t seed,
                                std::uint32_t draws) {
  std::vector<Difference> out;
  std::vector<std::pair<Side, Side>> sides;
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    sides.emplace_back(Side(pairs[p].a, pairs[p].unit_s), Side(pairs[p].b, pairs[p].unit_s));
    const auto& [a, b] = sides.back();
    for (std::size_t e = 0; e < pairs[p].a.size(); ++e) {
      for (std::size_t f = 0; f < std::size(kFigures); ++f) {
        Difference& to =
            out.emplace_back(Difference{.pair = p, .endpoint = e, .figure = kFigures[f]});
        if (EnoughFor(f, a.column(e))) to.a = Shown(f, a.observed(e).values[f]);
        if (EnoughFor(f, b.column(e))) to.b = Shown(f, b.observed(e).values[f]);
      }
    }
  }
  std::vector<Judged> judged;
  for (Difference& d : out) {
    const auto f = static_cast<std::size_t>(d.figure);
    const auto& [a, b] = sides[d.pair];
    if (!d.a || !d.b || pairs[d.pair].a.back().size() < kLeastUnits ||
        pairs[d.pair].b.back().size() < kLeastUnits) {
      continue;
    }
    const double difference = b.observed(d.endpoint).values[f] - a.observed(d.endpoint).values[f];
    d.change = f == 4 ? difference : std::expm1(difference);
    if (f == 4 && *d.a == 0 && *d.b == 0) {
      d.low = d.high = 0;  // nothing to judge
      continue;
    }
    judged.push_back({.out = &d, .difference = difference});
  }
  Rng rng(seed);
  for (std::uint32_t r = 0; r < draws; ++r) {
    std::vector<std::vector<Figures>> drawn_a(pairs.size()), drawn_b(pairs.size());
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      sides[p].first.Draw(rng, drawn_a[p]);
      sides[p].second.Draw(rng, drawn_b[p]);
    }
    for (Judged& j : judged) {
      const Difference& d = *j.out;
      const auto f = static_cast<std::size_t>(d.figure);
      const auto& [a, b] = sides[d.pair];
      const auto deviation = [](double drawn, double observed) {
        return std::isfinite(drawn) ? drawn - observed : 0.0;
      };
      j.a.push_back(
          deviation(drawn_a[d.pair][d.endpoint].values[f], a.observed(d.endpoint).values[f]));
      j.b.push_back(
          deviation(drawn_b[d.pair][d.endpoint].values[f], b.observed(d.endpoint).values[f]));
    }
  }
  if (judged.empty()) return out;
  for (Judged& j : judged) {
    const auto& [a, b] = sides[j.out->pair];
    Prepare(j, a, b);
  }
  const double level = FamilyLevel(judged, draws);
  for (const Judged& j : judged) {
    const double reach = StudentQuantile(j.degrees, level) * j.error;
    const bool absolute = j.out->figure == Figure::kFailures;
    j.out->low = absolute ? j.difference - reach : std::expm1(j.difference - reach);
    j.out->high = absolute ? j.difference + reach : std::expm1(j.difference + reach);
  }
  return out;
}

}  // namespace sfp::compare
