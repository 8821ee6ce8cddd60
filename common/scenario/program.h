#pragma once

// A scenario compiled for execution: what each user class does, with every template cut into
// literal segments and variable slots, every name resolved to an index, every regular expression
// compiled.
//
//   v1::Scenario  --Compile-->  Program    immutable, one per worker process
//                               Pools      collected values, one per worker process, locked
//                               (data.h) Renderer   buffers of one loop (renderer.h) Collector
//                               buffers of one loop                                (collect.h)
//                               UserSession, Draw: one per user                    (session.h,
//                               draw.h)
//
// One request of a user is:   Draw values  ->  Render bytes  ->  (exchange)  ->  Judge  -> Collect.
// A user's choices come from Rng(seed, user, iteration) only, so the same seed sends the same
// requests for any number of workers; values collected from responses are the one exception.
//
// Tasks of two classes with the same name and method share an endpoint. There are kMostEndpoints of
// them at most: further names (a URL or an id in the name, by mistake) share one more, so that
// tables, snapshots and the memory of every part stay bounded.
//
// Thread: immutable.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/scenario/data.h"
#include "common/scenario/oauth2.h"
#include "common/scenario/origin.h"
#include "common/scenario/task.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::scenario {

inline constexpr std::size_t kMostEndpoints = 1000;
inline constexpr std::string_view kGroupMethod = "GROUP";
inline constexpr std::string_view kOtherEndpoint = "(other)";  // its method is empty

// Where requests for the tokens of a class are counted: "oauth2 token", and behind it the class's
// name if the class has its own credentials.
std::string TokenEndpoint(const v1::UserClass& user_class);

// A sentence for people if a run with so many endpoints has that one; empty otherwise.
std::string_view EndpointWarning(std::size_t endpoints);

struct Endpoint {
  std::string name;
  std::string method;  // of a group of steps: kGroupMethod
  bool apart = false;  // counted, but no part of the totals over endpoints
};

class Program {
 public:
  // A broken scenario gives every error that it has, a line each, each naming its task or data
  // source.
  static StatusOr<std::shared_ptr<const Program>> Compile(const v1::Scenario& scenario);
  ~Program();

  const v1::Target& target() const;
  const Origin& origin() const;
  std::span<const Endpoint> endpoints() const;  // EndpointId is the index
  std::span<const Task> tasks() const;
  std::span<const UserClass> classes() const;
  std::span<const DataSource> data() const;
  std::span<const TokenSource> tokens() const;  // of OAuth2; their endpoints are apart

  // The class of a user number, a pure function: the first numbers are those of the classes with a
  // count, in their order; the others take turns by smooth weighted round robin. Weights whose
  // period is longer than 65536 users are scaled down to it. If every class has a count, further
  // users repeat them in proportion.
  const UserClass& ClassOf(std::uint64_t user) const;

  // The mean think time for each request, over the classes by weight, s: the waits between tasks
  // and the pauses within. Absent when a class is paced or has a fixed count, or a condition
  // decides.
  std::optional<double> MeanThinkSeconds() const;

 private:
  friend class Compiler;
  Program();
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace sfp::scenario
