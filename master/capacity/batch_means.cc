#include "master/capacity/batch_means.h"

#include <cmath>

#include "master/capacity/student.h"

namespace sfp::capacity {

std::vector<RatioBatch> Join(std::span<const RatioBatch> batches) {
  const std::size_t length = batches.size() / kFewestBatches;
  if (length == 0) return {};
  const std::span<const RatioBatch> used = batches.last(batches.size() / length * length);
  std::vector<RatioBatch> out(used.size() / length);
  for (std::size_t i = 0; i < used.size(); ++i) {
    out[i / length].y += used[i].y;
    out[i / length].x += used[i].x;
  }
  return out;
}

std::optional<Estimate> RatioOf(std::span<const RatioBatch> batches) {
  const std::vector<RatioBatch> joined = Join(batches);
  double y = 0, x = 0;
  for (const RatioBatch& batch : joined) {
    y += batch.y;
    x += batch.x;
  }
  if (joined.empty() || x <= 0) return std::nullopt;
  Estimate out;
  out.value = y / x;
  double squares = 0;
  for (const RatioBatch& batch : joined) {
    const double residual = batch.y - out.value * batch.x;
    squares += residual * residual;
  }
  const auto k = static_cast<double>(joined.size());
  out.half_width = Student95(k - 1) * std::sqrt(squares / (k * (k - 1))) / (x / k);
  return out;
}

}  // namespace sfp::capacity
