#include "master/capacity/usl_fit.h"

#include <array>
#include <cmath>
#include <utility>

namespace sfp::capacity {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

// The terms that N / X is a sum of.
Vector Terms(double users) { return {1, users - 1, users * (users - 1)}; }

// Gaussian elimination with pivoting, of the first `n` unknowns.
std::optional<Vector> Eliminate(Matrix a, Vector b, std::size_t n) {
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
    }
    if (a[pivot][column] == 0) return std::nullopt;
    std::swap(a[pivot], a[column]);
    std::swap(b[pivot], b[column]);
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = a[row][column] / a[column][column];
      for (std::size_t k = column; k < n; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  Vector x{};
  for (std::size_t row = n; row-- > 0;) {
    x[row] = b[row];
    for (std::size_t k = row + 1; k < n; ++k) x[row] -= a[row][k] * x[k];
    x[row] /= a[row][row];
  }
  return x;
}

// Least squares of relative errors of N / X with some of the terms; the others are 0.
std::optional<Vector> Solve(std::span<const SweepPoint> points,
                            std::span<const std::size_t> terms) {
  Matrix a{};
  Vector b{};
  for (const SweepPoint& point : points) {
    const double y = point.users / point.rps;
    const Vector all = Terms(point.users);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      b[i] += all[terms[i]] / y;
      for (std::size_t k = 0; k < terms.size(); ++k) {
        a[i][k] += all[terms[i]] / y * all[terms[k]] / y;
      }
    }
  }
  const auto solved = Eliminate(a, b, terms.size());
  if (!solved) return std::nullopt;
  Vector out{};
  for (std::size_t i = 0; i < terms.size(); ++i) out[terms[i]] = (*solved)[i];
  return out;
}

}  // namespace

double UslFit::RpsAt(double users) const {
  return lambda * users / (1 + sigma * (users - 1) + kappa * users * (users - 1));
}

std::optional<UslFit> FitUsl(std::span<const SweepPoint> points) {
  if (points.size() < kFewestPoints) return std::nullopt;
  static constexpr std::size_t kBoth[] = {0, 1, 2}, kContention[] = {0, 1}, kCoherency[] = {0, 2},
                               kLinear[] = {0};
  std::optional<UslFit> best;
  for (const std::span<const std::size_t> terms :
       {std::span<const std::size_t>(kBoth), std::span<const std::size_t>(kContention),
        std::span<const std::size_t>(kCoherency), std::span<const std::size_t>(kLinear)}) {
    const auto solved = Solve(points, terms);
    if (!solved || (*solved)[0] <= 0 || (*solved)[1] < 0 || (*solved)[2] < 0) continue;
    UslFit fit;
    fit.lambda = 1 / (*solved)[0];
    fit.sigma = (*solved)[1] * fit.lambda;
    fit.kappa = (*solved)[2] * fit.lambda;
    double squares = 0;
    for (const SweepPoint& point : points) {
      const double r = std::log(point.rps / fit.RpsAt(point.users));
      squares += r * r;
    }
    fit.rms_rps = std::sqrt(squares / static_cast<double>(points.size()));
    if (fit.kappa > 0 && fit.sigma < 1) fit.peak_users = std::sqrt((1 - fit.sigma) / fit.kappa);
    if (!best || fit.rms_rps < best->rms_rps) best = fit;
  }
  return best;
}

}  // namespace sfp::capacity
