#pragma once

// A scenario compiled for execution: what each user class does, with every template cut into literal
// segments and variable slots, every name resolved to an index, every regular expression compiled.
//
//   v1::Scenario  --Compile-->  Program (immutable, one per worker process)
//                               Pools   (collected values, one per worker process, locked)
//                               Renderer (buffers of one loop)
//
// One request of a user is:   Draw values  ->  Render bytes  ->  (exchange)  ->  Judge  ->  Collect.
// A user's choices come from Rng(seed, user, iteration) only, so the same seed sends the same requests
// for any number of workers; values collected from responses are the one exception.
//
// Thread: Program immutable; Pools safe; Renderer confined to its loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "common/stats/outcome.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::scenario {

using EndpointId = std::uint16_t;
using TaskId = std::uint16_t;  // index into Program::tasks

struct Endpoint {
  std::string name;
  std::string method;
};

// Where requests go, parsed from target.url.
struct Origin {
  bool tls = false;
  std::string host;      // without brackets
  std::uint16_t port = 0;
  std::string authority;  // for the Host header: the port is left out when it is the scheme's own
};

struct Task;        // compiled; see task.h
struct UserClass;   // weights, wait, on_start; see task.h
struct DataSource;  // see data.h

class Pools;  // see data.h

class Program {
 public:
  // A broken scenario gives every error that it has, each naming its task or data source.
  static StatusOr<std::shared_ptr<const Program>> Compile(const v1::Scenario& scenario);
  ~Program();

  const v1::Target& target() const;
  const Origin& origin() const;
  std::span<const Endpoint> endpoints() const;  // EndpointId is the index
  std::span<const Task> tasks() const;
  std::span<const UserClass> classes() const;
  std::span<const DataSource> data() const;

  // The class of a user number: smooth weighted round robin, a pure function.
  const UserClass& ClassOf(std::uint64_t user) const;

  // The mean time between the end of a task and the start of the next, over the classes by weight, s;
  // absent when a class is paced.
  std::optional<double> MeanThinkSeconds() const;

 private:
  Program();
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace sfp::scenario
