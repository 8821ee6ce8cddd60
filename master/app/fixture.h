#pragma once

// What stands around a run: `setup:` is done once, before the first load, by one user in a child
// process (one_shot.h); what it collected takes the place of the collected data for every user of
// every worker; `teardown:` is done once, with that data, when the load is over, however it ended.
// Of one master's life, that is: further runs from the page use the same data.
//
// The data lies in the run's folder (setup.pb, for its owner's eyes only) until the teardown, so
// that a resumed master neither sets up again nor goes without.
//
// Thread: main; both block. They end at a signal.

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/config/config.h"

namespace sfp::app {

class Fixture {
 public:
  // Does the setup, if there is one, or with `resumed` (the run's folder) reads what it collected
  // then. Adds to the configuration's secrets what its names say are secrets. Cancelled: by a
  // signal. Not OK: no load may begin; there is nothing to be torn down.
  Status SetUp(config::Config& config, const std::string& resumed);

  // Puts the data into a run's scenario.
  void Fill(v1::Scenario& scenario) const;
  Status Keep(const std::string& folder);

  // Says what went wrong, if anything did; the run's figures are what they are.
  void TearDown(const config::Config& config);

 private:
  Status Do(const config::Config& config, const std::string& name,
            const std::vector<v1::Task>& tasks);

  v1::Scenario data_;  // nothing but data
  std::string kept_;   // the file
};

}  // namespace sfp::app
