// What a user does again and again allocates nothing once its buffers have grown.

#include "common/scenario/collect.h"
#include "common/scenario/renderer.h"
#include "tests/support/allocations.h"
#include "tests/unit/scenario/scenarios.h"

namespace sfp::scenario {
namespace {

std::string Body(int rows) {
  std::string body = R"({"links":{"self":"https://api/v1?term=201500"},"data":[)";
  for (int i = 0; i < rows; ++i) {
    body += (i > 0 ? "," : "") + std::string(R"({"type":"staff-fee-privilege","id":")") +
            std::to_string(931000000 + i) +
            R"(-201500","attributes":{"term":"201500","note":"a\n)" +
            R"(\u00e9","hours":12.5,"used":false,"spouse":null,"list":[1,2,3]}})";
  }
  return body + "]}";
}

TEST(AllocationTest, NothingIsAllocatedPerRequestInSteadyState) {
  v1::Scenario scenario = Parse(kStaffFeePrivilege);
  scenario.mutable_target()->set_cookies(true);
  v1::UserClass& user_class = *scenario.mutable_users(0);
  v1::Task& post = *user_class.add_tasks();
  post.set_name("post");
  post.set_method("POST");
  post.set_weight(2);
  post.mutable_body()->set_json(R"({"id":"{{osu_id}}","term":"{{term}}","n":{{n}},"s":"{{s}}",)"
                                R"("id":"{{uuid()}}","at":"{{now('%F %T', '-1d')}}",)"
                                R"("mac":"{{hmac_sha256('key', base64(osu_id))}}",)"
                                R"("f":{{random_float(-1, 1)}},"r":"{{random_string(30)}}",)"
                                R"("c":"{{choice('a', n)}}","u":{{user()}},"p":"{{row.b}}"})");
  scenario.add_data()->set_name("row");
  v1::DataSource::Table& table = *scenario.mutable_data(2)->mutable_table();
  for (const char* cell : {"a", "b"}) table.add_columns(cell);
  for (const char* cell : {"1", "a longer value than fits in a string", "2", "x"}) {
    table.add_cells(cell);
  }
  for (const char* name : {"n", "s"}) {
    v1::DataSource& source = *scenario.add_data();
    source.set_name(name);
    source.mutable_range()->set_to(1000);
    source.mutable_range()->set_step(1);
    source.mutable_range()->set_width(12);
    source.set_pick(v1::PICK_SEQUENTIAL);
  }
  v1::Task& upload = *user_class.add_tasks();
  upload = post;
  upload.set_name("upload");
  v1::Body::Multipart& parts = *upload.mutable_body()->mutable_multipart();
  upload.mutable_body()->set_gzip(true);
  parts.add_parts()->set_value("{{n}}{{uuid()}}");
  parts.mutable_parts(0)->set_name("field");
  v1::Task& expecting = *user_class.mutable_tasks(1);
  v1::Expect& expect = *expecting.mutable_expect();
  expect.add_body()->set_contains("staff-fee-privilege");
  expect.add_body()->set_matches("id\":\"([0-9]+)");
  v1::Expect::Part& part = *expect.add_json();
  part.set_name("/data/*/attributes/term");
  part.mutable_condition()->set_matches("^20150[0-2]$");
  for (const char* regex : {"id\":\"([0-9]+-)", "(spouse)|(nothing)"}) {
    v1::Collect& collect = *expecting.add_collect();
    collect.set_into("osu_id");
    collect.set_regex(regex);
  }
  const auto program = Compiled(scenario);
  const std::string body = Body(100);
  Pools pools(*program);
  Renderer renderer(program);
  BodyReader collector;
  UserSession session(*program, 3, 10);
  Draw draw;
  std::uint64_t skipped = 0, bytes = 0, collected = 0, failed = 0;

  const auto iterate = [&](std::uint64_t iteration) {
    Rng rng(1, 3, iteration);
    const Task& task = program->tasks()[session.user_class().PickTask(rng)];
    bytes += session.user_class().wait.Think(rng).count() > 0;
    const Step& step = task.steps[0];
    draw.Begin(task);
    if (!draw.Take(*program, task, step, session, pools, rng)) {
      ++skipped;
      return;
    }
    bytes += renderer.Render(step, draw, session, Time()).bytes.size();
    failed += step.expect.Holds(400) ? 0 : !step.expect.Holds(200);
    collected += collector.Take(step, body, session, pools, rng);
  };
  std::string_view cookie = "sid=0123456789abcdef; Path=/";
  std::uint64_t iteration = 0;
  while (iteration < 200) iterate(iteration++);
  renderer.StoreCookies(program->tasks()[2].steps[0], draw, session, {&cookie, 1}, Time());
  while (iteration < 400) iterate(iteration++);

  const std::uint64_t before = test::Allocations();
  while (iteration < 3000) iterate(iteration++);
  EXPECT_EQ(test::Allocations() - before, 0u);
  EXPECT_GT(before, 0u);  // the counter counts
  EXPECT_GT(collected, 100u);
  EXPECT_GT(bytes, 3000u * 100);
  EXPECT_EQ(failed, 0u);
  EXPECT_LT(skipped, 200u);
}

}  // namespace
}  // namespace sfp::scenario
