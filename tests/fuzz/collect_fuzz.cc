// Values out of JSON bodies: as many as a walk through the parsed tree finds.
//
//   first line: a JSON pointer · the rest: the body

#include <boost/json.hpp>
#include <set>
#include <string>

#include "common/base/check.h"
#include "common/scenario/collect.h"
#include "common/scenario/program.h"
#include "common/scenario/session.h"
#include "tests/fuzz/input.h"

namespace {

using namespace sfp;
using namespace sfp::scenario;
namespace json = boost::json;

// How many scalars lie where the pointer leads, from its step `at` on.
std::size_t Count(const json::value& value, const Pointer& pointer, std::size_t at) {
  if (at == pointer.steps.size()) {
    return value.is_string() || value.is_number() || value.is_bool() ? 1 : 0;
  }
  const Pointer::Step& step = pointer.steps[at];
  std::size_t count = 0;
  if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (step.any || (step.is_index && step.index == i)) {
        count += Count((*array)[i], pointer, at + 1);
      }
    }
  } else if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (step.any || std::string_view(key.data(), key.size()) == step.key) {
        count += Count(member, pointer, at + 1);
      }
    }
  }
  return count;
}

std::size_t Collect(std::string_view pointer, std::string_view body, bool all) {
  v1::Scenario scenario;
  scenario.mutable_target()->set_url("http://api.test");
  v1::DataSource& source = *scenario.add_data();
  source.set_name("x");
  source.mutable_collected()->set_capacity(5);
  v1::UserClass& users = *scenario.add_users();
  users.set_name("u");
  users.set_weight(1);
  v1::Task& task = *users.add_tasks();
  task.set_name("t");
  task.set_weight(1);
  task.set_method("GET");
  v1::Collect& collect = *task.add_collect();
  collect.set_into("x");
  collect.set_json(std::string(pointer));
  if (all) collect.set_pick(v1::PICK_SEQUENTIAL);
  const auto program = Program::Compile(scenario);
  SFP_CHECK(program.ok());
  Pools pools(**program);
  UserSession session(**program, 0, 1);
  Collector collector;
  JsonFinder finder;
  Rng rng(1);
  const Step& step = (*program)->tasks()[0].steps[0];
  const Reply reply{.status = 200, .body = body};
  finder.Read(body, step.pointers);
  const std::size_t taken = collector.Take(step, reply, finder, session, pools, rng);
  SFP_CHECK(pools.size(0) <= taken);
  // What one body left behind does not matter to the next.
  finder.Read(body, step.pointers);
  SFP_CHECK(collector.Take(step, reply, finder, session, pools, rng) == taken);
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string text(input.Line());
  const auto pointer = ParsePointer(text);
  if (!pointer.ok()) return 0;
  const std::size_t taken = Collect(text, input.Rest(), true);
  SFP_CHECK(Collect(text, input.Rest(), false) == (taken > 0 ? 1 : 0));

  json::parse_options options;
  options.max_depth = JsonFinder::kMostDepth;
  options.allow_invalid_utf8 = true;
  json::error_code error;
  const json::value tree = json::parse(json::string_view(input.Rest().data(), input.Rest().size()),
                                       error, json::storage_ptr(), options);
  if (error) {
    SFP_CHECK(taken == 0);
  } else {
    // A key that stands twice is taken twice; the tree keeps the last.
    SFP_CHECK(taken >= Count(tree, *pointer, 0));
  }
  return 0;
}
