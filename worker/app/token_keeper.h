#pragma once

// Keeps the OAuth2 tokens of a run fresh, one of each kind for the whole worker: fetches them
// before the load, renews each at 80 % of its life, tries again while the server does not answer
// well, and says it once when one has expired. One that names no life is kept for as long as it is
// accepted.
//
//   keeper thread:  reactor, wheel, an HTTP client per token     nobody else has them
//     token ──> shared, immutable ──> engine loops, by move      read where a header is rendered
//     what each fetch was ──> CountInto ──> the worker's intervals, at an endpoint that is apart
//
// Made with the run and destroyed with it.
//
// Thread: safe; Make blocks for one exchange at most.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/scenario/program.h"
#include "common/stats/interval.h"

namespace sfp::app {

class TokenKeeper {
 public:
  using Token = std::shared_ptr<const std::string>;
  using Changed = std::function<void(std::size_t number, Token token)>;

  // Fetches all tokens that the program names. The error says which server did not give one, and
  // why.
  static StatusOr<std::unique_ptr<TokenKeeper>> Make(
      std::shared_ptr<const scenario::Program> program);
  ~TokenKeeper();

  // The newest ones, by their number in Program::tokens.
  std::vector<Token> tokens() const;
  // The load begins: each new one is told of from now on, on the keeper's thread.
  void Follow(Changed changed);
  // The load has ended: no further one is asked for.
  void Rest();
  // Requests carried this token, not older than it looks, and were answered with 401: it is
  // renewed.
  void Refused(std::size_t number);
  // Adds what was fetched since the last call to the endpoints of an interval of the run.
  void CountInto(stats::Interval& interval, Time run_start);

 private:
  class Parts;
  explicit TokenKeeper(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sfp::app
