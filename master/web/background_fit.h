#pragma once

// A sweep's fit beside the loop: it takes about 10 ms of a free core (50 ms without optimization),
// and many times that of one that is shared, in which no page would hear anything. One is under way
// at a time; until it is ready the one before it counts, which knew fewer rows.
//
// Thread: confined to the server's loop; the fit itself, a pure function, runs on a thread of its
// own, which the destructor waits for.

#include <future>
#include <optional>
#include <vector>

#include "master/capacity/sweep_fit.h"

namespace sfp::web {

class BackgroundFit {
 public:
  // The newest one that is ready. Begins one of these rows, unless one is under way.
  std::optional<capacity::SweepFit> Fit(const std::vector<capacity::SweepPoint>& points,
                                        const capacity::SweepFacts& facts);
  // One is under way, or is ready and has not been asked for.
  bool pending() const { return running_.valid(); }
  // Another run: what was fitted so far, and what is being fitted, counts no more.
  void Forget();

 private:
  struct Rows {
    std::vector<capacity::SweepPoint> points;
    capacity::SweepFacts facts;
    friend bool operator==(const Rows&, const Rows&) = default;
  };
  std::optional<Rows> fitted_;  // those of the fit under way, or of the newest
  std::optional<capacity::SweepFit> newest_;
  std::future<capacity::SweepFit> running_;
};

}  // namespace sfp::web
