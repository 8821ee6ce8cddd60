#include "master/web/background_fit.h"

#include <chrono>
#include <utility>

namespace sfp::web {

std::optional<capacity::SweepFit> BackgroundFit::Fit(
    const std::vector<capacity::SweepPoint>& points, const capacity::SweepFacts& facts) {
  if (running_.valid() && running_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    capacity::SweepFit fit = running_.get();
    if (fitted_) newest_ = std::move(fit);
  }
  Rows rows{points, facts};
  if (!running_.valid() && fitted_ != rows) {
    fitted_ = rows;
    running_ = std::async(std::launch::async, [rows = std::move(rows)] {
      return capacity::FitSweep(rows.points, rows.facts);
    });
  }
  return newest_;
}

void BackgroundFit::Forget() {
  fitted_.reset();
  newest_.reset();
}

}  // namespace sfp::web
