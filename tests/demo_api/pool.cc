#include "tests/demo_api/pool.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "common/base/check.h"

namespace sfp::demo {

StatusOr<Law> ParseLaw(std::string_view text) {
  if (text == "exponential") return Law::kExponential;
  if (text == "constant") return Law::kConstant;
  if (text == "lognormal") return Law::kLognormal;
  return Invalid("'" + std::string(text) + "' is not one of exponential, constant, lognormal");
}

Pool::Pool(const PoolOptions& options) : options_(options), rng_(options.seed) {
  SFP_CHECK(options.connections > 0 && options.servers > 0);
}

void Pool::Enter(Id id, Time now) {
  Hold(id, now);
  for_connection_.push_back({id, now});
  Promote(now);
}

void Pool::Hold(Id id, Time now) {
  SFP_CHECK(present_.insert(id).second);
  if (options_.timeout.count() > 0) by_age_.push_back({id, now});
}

void Pool::Leave(Id id) {
  present_.erase(id);
  DropAbsent();
}

Time Pool::NextEvent() const {
  Time next = serving_.empty() ? kNever : serving_.top().end;
  if (!by_age_.empty()) next = std::min(next, by_age_.front().at + options_.timeout);
  return next;
}

void Pool::Advance(Time now, std::vector<Outcome>& outcomes) {
  for (;;) {
    const Time finish = serving_.empty() ? kNever : serving_.top().end;
    const Time kill = by_age_.empty() ? kNever : by_age_.front().at + options_.timeout;
    if (std::min(finish, kill) > now) return;
    if (finish <= kill) {
      Finish(outcomes);
    } else {
      Kill(outcomes);
    }
  }
}

void Pool::Finish(std::vector<Outcome>& outcomes) {
  const Service done = serving_.top();
  serving_.pop();
  --connections_in_use_;
  if (present_.erase(done.id) == 1) outcomes.push_back({done.id, done.end, false});
  DropAbsent();
  Promote(done.end);
}

void Pool::Kill(std::vector<Outcome>& outcomes) {
  const Arrival oldest = by_age_.front();
  present_.erase(oldest.id);
  outcomes.push_back({oldest.id, oldest.at + options_.timeout, true});
  DropAbsent();
}

// Gives what is free to those that wait. A request may have entered after `at`, when Advance came
// late.
void Pool::Promote(Time at) {
  for (;;) {
    if (!for_server_.empty() && serving_.size() < options_.servers) {
      const Arrival next = for_server_.front();
      for_server_.pop_front();
      if (present_.contains(next.id)) {
        serving_.push({std::max(at, next.at) + Draw(), next.id});
      } else {
        --connections_in_use_;  // it has gone; its connection falls free as its turn comes
      }
    } else if (!for_connection_.empty() && connections_in_use_ < options_.connections) {
      if (present_.contains(for_connection_.front().id)) {
        for_server_.push_back(for_connection_.front());
        ++connections_in_use_;
      }
      for_connection_.pop_front();
    } else {
      return;
    }
  }
}

// Keeps NextEvent() exact and the queues free of those that left.
void Pool::DropAbsent() {
  while (!by_age_.empty() && !present_.contains(by_age_.front().id)) by_age_.pop_front();
  while (!for_connection_.empty() && !present_.contains(for_connection_.front().id)) {
    for_connection_.pop_front();
  }
}

Duration Pool::Draw() {
  const double mean = Seconds(options_.service);
  switch (options_.law) {
    case Law::kConstant:
      return options_.service;
    case Law::kExponential:
      return FromSeconds(rng_.Exponential(mean));
    case Law::kLognormal: {
      // cv = 1 means sigma^2 = ln 2; the mean is exp(mu + sigma^2 / 2). Box and Muller's normal
      // number.
      const double radius = std::sqrt(rng_.Exponential(2.0));
      const double normal = radius * std::cos(2 * std::numbers::pi * rng_.Uniform());
      return FromSeconds(mean *
                         std::exp(std::sqrt(std::numbers::ln2) * normal - std::numbers::ln2 / 2));
    }
  }
  return options_.service;
}

}  // namespace sfp::demo
