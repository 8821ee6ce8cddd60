#pragma once

// What a Program holds. Private to program.cc and compiler.cc.
//
// Thread: immutable once compiled.

#include <vector>

#include "common/scenario/program.h"

namespace sfp::scenario {

struct Program::Compiled {
  v1::Target target;
  Origin origin;
  std::vector<Endpoint> endpoints;
  std::vector<Task> tasks;
  std::vector<UserClass> classes;
  std::vector<DataSource> data;
  std::vector<TokenSource> tokens;
  std::vector<ClassId> counted;  // of the first users
  std::vector<ClassId> turns;    // one period of the smooth weighted round robin
};

}  // namespace sfp::scenario
