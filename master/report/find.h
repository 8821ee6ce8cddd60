#pragma once

// What a search found, in figures and a sentence.
//
// Thread: pure functions.

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

Found FindOf(const results::Results& results);

}  // namespace sfp::report
