#pragma once

// What one user does, told step by step to whoever wants to see it (`sfp-worker --once`). Under
// load there is none, and nothing of this costs more than a look at a null pointer.
//
// A traced user does not wait: think times are told instead. Views are valid during the call.
//
// Thread: called on the user's loop.

#include <string_view>

#include "common/base/time.h"
#include "common/scenario/task.h"
#include "worker/engine/connection.h"

namespace sfp::engine {

class Trace {
 public:
  virtual void OnTask(const scenario::Task& task) = 0;
  virtual void OnRequest(const scenario::Step& step, std::string_view bytes) = 0;
  // Judged; `exchange.sample.failure` says why it counts as failed. What it gave to collected data
  // was told before.
  virtual void OnResponse(const scenario::Step& step, const Exchange& exchange) = 0;
  virtual void OnValue(scenario::SourceId source, std::string_view value) = 0;
  virtual void OnThink(Duration think) = 0;
  // A value of `inputs` is missing.
  virtual void OnSkipped(const scenario::Task& task, std::string_view step,
                         const scenario::Inputs& inputs) = 0;
  // `last`: the user has no further task to begin by itself.
  virtual void OnEnded(const scenario::Task& task, bool failed, bool last) = 0;

 protected:
  ~Trace() = default;
};

}  // namespace sfp::engine
