// The model that comes out of good files: the example, and every key once.

#include "common/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/scenario/program.h"
#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
const std::string kExample = std::string(SFP_SOURCE_DIR) + "/config-example.yaml";

TEST(Config, TheExampleIsTheScenarioOfTheOldLocustfile) {
  const Loaded loaded = Load(kExample, {}, {});
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const Config& config = *loaded.config;
  EXPECT_EQ(config.name, "config-example");
  EXPECT_EQ(config.declared_pool, 30u);
  const auto& load = std::get<plan::Constant>(config.load);
  EXPECT_EQ(load.users, 100u);
  EXPECT_EQ(load.spawn_rate, 10);
  EXPECT_EQ(load.run_time, FromSeconds(300));
  EXPECT_EQ(config.stop_timeout, FromSeconds(30));

  const v1::Target& target = config.scenario.target();
  EXPECT_EQ(target.url(), "https://localhost:8080");
  EXPECT_EQ(target.base_path(), "/v1/staff-fee-privilege");
  EXPECT_EQ(target.auth().basic().user(), "user");
  EXPECT_EQ(target.auth().basic().password(), "password");
  EXPECT_FALSE(target.tls().verify());
  EXPECT_EQ(target.timeouts().total_ns(), 120 * kSecond);

  ASSERT_EQ(config.scenario.users_size(), 1);
  const v1::UserClass& user = config.scenario.users(0);
  EXPECT_EQ(user.wait().uniform().min_ns(), kSecond / 10);
  EXPECT_EQ(user.wait().uniform().max_ns(), 5 * kSecond);
  EXPECT_EQ(user.on_start(0), "by_term");
  const std::tuple<const char*, int, const char*> tasks[] = {{"by_osu_id", 2, "?osuId={{osu_id}}"},
                                                             {"by_term", 2, "?term={{term}}"},
                                                             {"bad_request", 1, ""},
                                                             {"by_id", 1, "/{{osu_id}}-{{term}}"}};
  ASSERT_EQ(user.tasks_size(), 4);
  for (int i = 0; i < 4; ++i) {
    const auto& [name, weight, path] = tasks[i];
    EXPECT_EQ(user.tasks(i).name(), name);
    EXPECT_EQ(user.tasks(i).weight(), static_cast<std::uint32_t>(weight));
    EXPECT_EQ(user.tasks(i).method(), "GET");
    EXPECT_EQ(user.tasks(i).path(), path);
  }
  EXPECT_EQ(user.tasks(1).collect(0).json(), "/data/*/id");
  EXPECT_EQ(user.tasks(1).collect(0).match(), "^[0-9]{9}");
  EXPECT_EQ(user.tasks(2).expect().status(0).first(), 400u);
  EXPECT_EQ(user.tasks(3).expect().status(1).last(), 404u);
  EXPECT_EQ(config.scenario.data(0).values().values_size(), 12);
  EXPECT_EQ(config.scenario.data(1).collected().capacity(), 10u);
  ASSERT_EQ(config.thresholds.size(), 3u);
  EXPECT_EQ(config.thresholds[2].endpoint, "by_term");
  EXPECT_TRUE(scenario::Program::Compile(config.scenario).ok());
}

TEST(Config, WhatIsLeftOutHasItsDefault) {
  const Loaded loaded = ParseText(kTarget + kUsers, {}, {}, "/some/where/my load.yaml");
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_EQ(loaded.config->name, "my-load");
  EXPECT_EQ(loaded.config->declared_pool, std::nullopt);
  const auto& load = std::get<plan::Constant>(loaded.config->load);
  EXPECT_EQ(load.users, 1u);
  EXPECT_EQ(load.spawn_rate, 1);
  EXPECT_EQ(load.run_time, std::nullopt);
  const v1::Target& target = loaded.config->scenario.target();
  EXPECT_TRUE(target.tls().verify());
  EXPECT_TRUE(target.cookies());
  EXPECT_FALSE(target.decompress());
  EXPECT_EQ(target.max_redirects(), 10u);
  EXPECT_EQ(target.max_header_bytes(), 64'000u);
  EXPECT_EQ(target.max_body_bytes(), 64'000'000u);
  EXPECT_EQ(target.timeouts().total_ns(), 60 * kSecond);
  EXPECT_EQ(target.timeouts().connect_ns(), 0);
  EXPECT_EQ(target.auth().kind_case(), v1::Auth::KIND_NOT_SET);
  const v1::UserClass& user = loaded.config->scenario.users(0);
  EXPECT_EQ(user.weight(), 1u);
  EXPECT_EQ(user.wait().kind_case(), v1::Wait::KIND_NOT_SET);
  EXPECT_EQ(user.tasks(0).weight(), 1u);
  EXPECT_FALSE(user.tasks(0).has_max_redirects());
  ASSERT_EQ(user.tasks(0).expect().status_size(), 1);
  EXPECT_EQ(user.tasks(0).expect().status(0).first(), 200u);
  EXPECT_EQ(user.tasks(0).expect().status(0).last(), 399u);
}

TEST(Config, TargetTakesEverything) {
  const Loaded loaded = ParseText(
      "target:\n"
      "  url: https://h:8443/\n"
      "  auth: {bearer: abcdef}\n"
      "  tls: {verify: true, server_name: api.example, resume: false}\n"
      "  connections: {shared: 4, keep_alive: false, max_requests: 100, idle_ttl: 30s, nodelay: "
      "false,\n"
      "                source_addresses: [127.0.0.2, \"::1\"], dns_refresh: 1m}\n"
      "  timeout: 0\n"
      "  timeouts: {dns: 1s, connect: 2s, tls: 3s, send: 4s, first_byte: 5s, body: 1m}\n"
      "  headers: {Accept: text/html, X-Number: 5}\n"
      "  cookies: false\n"
      "  redirects: false\n"
      "  decompress: true\n"
      "  limits: {header: 1KiB, body: 1GB}\n" +
      kUsers);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const v1::Target& target = loaded.config->scenario.target();
  EXPECT_EQ(target.url(), "https://h:8443");
  EXPECT_EQ(target.auth().bearer(), "abcdef");
  EXPECT_EQ(target.tls().server_name(), "api.example");
  const v1::Timeouts& t = target.timeouts();
  EXPECT_EQ(t.total_ns(), 0);
  EXPECT_EQ(t.dns_ns(), 1 * kSecond);
  EXPECT_EQ(t.connect_ns(), 2 * kSecond);
  EXPECT_EQ(t.tls_ns(), 3 * kSecond);
  EXPECT_EQ(t.send_ns(), 4 * kSecond);
  EXPECT_EQ(t.first_byte_ns(), 5 * kSecond);
  EXPECT_EQ(t.body_ns(), 60 * kSecond);
  EXPECT_TRUE(target.tls().no_resumption());
  const v1::Connections& connections = target.connections();
  EXPECT_EQ(connections.shared(), 4u);
  EXPECT_TRUE(connections.one_request());
  EXPECT_EQ(connections.max_requests(), 100u);
  EXPECT_EQ(connections.idle_ttl_ns(), 30 * kSecond);
  EXPECT_TRUE(connections.nagle());
  ASSERT_EQ(connections.source_addresses_size(), 2);
  EXPECT_EQ(connections.source_addresses(1), "::1");
  EXPECT_EQ(connections.dns_refresh_ns(), 60 * kSecond);
  ASSERT_EQ(target.headers_size(), 2);
  EXPECT_EQ(target.headers(1).name(), "X-Number");
  EXPECT_EQ(target.headers(1).value(), "5");
  EXPECT_FALSE(target.cookies());
  EXPECT_EQ(target.max_redirects(), 0u);
  EXPECT_TRUE(target.decompress());
  EXPECT_EQ(target.max_header_bytes(), 1024u);
  EXPECT_EQ(target.max_body_bytes(), 1'000'000'000u);
}

TEST(Config, EveryLoadShapeIsRead) {
  const auto load = [](const std::string& text) {
    const Loaded loaded = ParseText(kTarget + kUsers + "load: " + text + "\n");
    EXPECT_TRUE(loaded.config) << Findings(loaded);
    return loaded.config ? loaded.config->load : plan::Shape();
  };
  const auto constant = std::get<plan::Constant>(load("{users: 5, spawn_rate: 30/m}"));
  EXPECT_EQ(constant.spawn_rate, 0.5);
  const auto sweep =
      std::get<plan::Sweep>(load("{sweep: {users: [1, 30], step_time: 90s, spawn_rate: 5}}"));
  EXPECT_EQ(sweep.levels, (std::vector<std::uint32_t>{1, 30}));
  EXPECT_EQ(sweep.step_time, FromSeconds(90));
  EXPECT_EQ(sweep.spawn_rate, 5);
  EXPECT_EQ(std::get<plan::Sweep>(load("{sweep: {users: [1], step_time: auto}}")).step_time,
            std::nullopt);
  const auto stages = std::get<plan::Stages>(
      load("{stages: [{users: 100, ramp: 30s, hold: 2m}, {users: 0, ramp: 1m}]}"));
  ASSERT_EQ(stages.stages.size(), 2u);
  EXPECT_EQ(stages.stages[0].hold, FromSeconds(120));
  EXPECT_EQ(stages.stages[1].users, 0u);
  const auto iterations = std::get<plan::Constant>(load("{users: 5, iterations: 1000}"));
  EXPECT_EQ(iterations.iterations, 1000u);
  EXPECT_EQ(iterations.spawn_rate, 0);  // all at once
  EXPECT_EQ(std::get<plan::Constant>(load("{users: 5, iterations: 9, spawn_rate: 2}")).spawn_rate,
            2);
  const auto arrivals =
      std::get<plan::Arrivals>(load("{arrivals: {rate: 200/s, max_users: 2000}, run_time: 5m}"));
  EXPECT_EQ(arrivals.rate, 200);
  EXPECT_EQ(arrivals.max_users, 2000u);
  EXPECT_EQ(arrivals.run_time, FromSeconds(300));
  EXPECT_FALSE(arrivals.poisson);
  const auto ramped = std::get<plan::Arrivals>(
      load("{arrivals: {stages: [{rate: 600/m, ramp: 30s, hold: 2m}, {rate: 0, ramp: 10s}], "
           "distribution: poisson}}"));
  ASSERT_EQ(ramped.stages.size(), 2u);
  EXPECT_EQ(ramped.stages[0].rate, 10);
  EXPECT_EQ(ramped.stages[0].hold, FromSeconds(120));
  EXPECT_EQ(ramped.stages[1].rate, 0);
  EXPECT_EQ(ramped.max_users, 1000u);
  EXPECT_TRUE(ramped.poisson);
}

TEST(Config, EveryWaitIsRead) {
  const auto wait = [](const std::string& text) {
    const Loaded loaded =
        ParseText(kTarget + "users: {u: {wait: " + text + ", tasks: {t: {get: /}}}}\n");
    EXPECT_TRUE(loaded.config) << Findings(loaded);
    return loaded.config ? loaded.config->scenario.users(0).wait() : v1::Wait();
  };
  EXPECT_EQ(wait("{uniform: [0, 1s]}").uniform().max_ns(), kSecond);
  EXPECT_EQ(wait("{constant: 2s}").constant_ns(), 2 * kSecond);
  EXPECT_EQ(wait("{exponential: 3s}").exponential_ns(), 3 * kSecond);
  EXPECT_EQ(wait("{pacing: 1m}").pacing_ns(), 60 * kSecond);
}

v1::Task TaskOf(const std::string& members, const std::string& data = "") {
  const Loaded loaded = ParseText(kTarget + "users: {u: {tasks: {t: {" + members + "}}}}\n" + data);
  EXPECT_TRUE(loaded.config) << members << "\n" << Findings(loaded);
  return loaded.config ? loaded.config->scenario.users(0).tasks(0) : v1::Task();
}

TEST(Config, EveryMethodIsRead) {
  for (const char* method : {"get", "post", "put", "patch", "delete", "head", "options"}) {
    std::string upper(method);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(TaskOf(std::string(method) + ": /x").method(), upper);
  }
}

TEST(Config, EveryBodyIsRead) {
  const std::string data = "data: {d: {values: [a]}}\n";
  const auto json = [&](const std::string& text) {
    return TaskOf("post: /, json: " + text, data).body().json();
  };
  EXPECT_EQ(TaskOf("post: /, body: \"x {{d}}\"", data).body().text(), "x {{d}}");
  const v1::Body form = TaskOf("post: /, form: {a: \"{{d}}\", b: 2}", data).body();
  ASSERT_EQ(form.form().fields_size(), 2);
  EXPECT_EQ(form.form().fields(0).value(), "{{d}}");
  EXPECT_EQ(form.form().fields(1).value(), "2");
  // Text stays as it is, YAML keeps its types.
  EXPECT_EQ(json("\"{\\\"a\\\": {{d}}}\""), "{\"a\": {{d}}}");
  EXPECT_EQ(json("{n: 1, s: \"1\", f: -1.5e3, t: true, u: \"true\", z: null, e: }"),
            "{\"n\":1,\"s\":\"1\",\"f\":-1.5e3,\"t\":true,\"u\":\"true\",\"z\":null,\"e\":null}");
  EXPECT_EQ(
      json("{v: 1.2.3, h: 0x1F, o: 007, y: yes, p: +1, i: .inf, w: hello}"),
      "{\"v\":\"1.2.3\",\"h\":\"0x1F\",\"o\":\"007\",\"y\":\"yes\",\"p\":\"+1\",\"i\":\".inf\","
      "\"w\":\"hello\"}");
  EXPECT_EQ(json("[{a: \"say \\\"{{d}}\\\"\\n\"}, [], {}]"),
            "[{\"a\":\"say \\\"{{d}}\\\"\\u000A\"},[],{}]");
}

TEST(Config, TheRestOfATaskIsRead) {
  const v1::Task task = TaskOf(
      "get: \"/{{d}}\", weight: 3, query: {q: \"{{d}}\"}, headers: {X: \"{{d}}\"}, timeout: 2s, "
      "redirects: 3, expect: {status: [2xx, 404, 500-503]}, "
      "collect: {c: {json: /a, pick: all}}",
      "data: {d: {values: [a]}, c: {collected: {}}}\n");
  EXPECT_EQ(task.weight(), 3u);
  EXPECT_EQ(task.query(0).value(), "{{d}}");
  EXPECT_EQ(task.headers(0).name(), "X");
  EXPECT_EQ(task.timeout_ns(), 2 * kSecond);
  EXPECT_EQ(task.max_redirects(), 3u);
  ASSERT_EQ(task.expect().status_size(), 3);
  EXPECT_EQ(task.expect().status(0).first(), 200u);
  EXPECT_EQ(task.expect().status(0).last(), 299u);
  EXPECT_EQ(task.expect().status(1).first(), 404u);
  EXPECT_EQ(task.expect().status(1).last(), 404u);
  EXPECT_EQ(task.expect().status(2).last(), 503u);
  EXPECT_EQ(task.collect(0).into(), "c");
  EXPECT_EQ(task.collect(0).pick(), v1::PICK_SEQUENTIAL);
  const v1::Task still = TaskOf("get: /, redirects: false");
  EXPECT_TRUE(still.has_max_redirects());
  EXPECT_EQ(still.max_redirects(), 0u);
}

TEST(Config, StepsAreReadAndAreTheirOwnResolvedPlan) {
  const std::string steps = R"(steps: [
  {name: login, post: /login, json: {user: "{{name}}"}, collect: {token: {json: /token}}},
  {think: {uniform: [1s, 2s]}},
  {set: {note: "hi-{{name}}"}},
  {if: {status: [201, 204]}, then: [{get: /new}], else: [{get: "/old?{{note}}"}]},
  {repeat: 10, until: {not: {name: note, is: ""}}, steps: [{think: {constant: 5ms}}, {get: /poll}]},
  {group: pay, steps: [{delete: /cart, expect: {status: 2xx}}]},
  {if: {name: token, matches: "^a"}, then: [{name: bye, put: /bye}]}])";
  const std::string data =
      "data: {name: {values: [a]}, token: {collected: {scope: user}}, "
      "note: {collected: {scope: user}}}\n"
      "thresholds: [\"t 3: p95 < 1s\", \"pay: avg < 1s\", \"login: failures < 1%\"]\n";
  const v1::Task task = TaskOf(steps, data);
  ASSERT_EQ(task.steps_size(), 7);
  EXPECT_TRUE(task.method().empty());
  EXPECT_EQ(task.steps(0).request().name(), "login");
  EXPECT_EQ(task.steps(0).request().collect(0).into(), "token");
  EXPECT_EQ(task.steps(1).think().uniform().max_ns(), 2 * kSecond);
  EXPECT_EQ(task.steps(2).set().values(0).value(), "hi-{{name}}");
  const v1::Step::Choice& choice = task.steps(3).choice();
  EXPECT_EQ(choice.condition().status().status(1).first(), 204u);
  EXPECT_EQ(choice.then(0).request().name(), "t 2");
  EXPECT_EQ(choice.otherwise(0).request().name(), "t 3");
  const v1::Step::Repeat& repeat = task.steps(4).repeat();
  EXPECT_EQ(repeat.times(), 10u);
  EXPECT_TRUE(repeat.until().negated());
  EXPECT_TRUE(repeat.until().has_is());
  EXPECT_EQ(repeat.steps(1).request().name(), "t 4");
  EXPECT_EQ(task.steps(5).group().name(), "pay");
  EXPECT_EQ(task.steps(5).group().steps(0).request().expect().status(0).last(), 299u);
  EXPECT_EQ(task.steps(6).choice().condition().matches(), "^a");

  const std::string text =
      kTarget + "users: {u: {count: 4, tasks: {t: {tags: [a, b], " + steps + "}}}}\n" + data;
  const Loaded loaded = ParseText(text);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const Loaded again = ParseText(loaded.config->resolved_yaml);
  ASSERT_TRUE(again.config) << loaded.config->resolved_yaml << Findings(again);
  EXPECT_EQ(again.config->resolved_yaml, loaded.config->resolved_yaml);
  EXPECT_EQ(again.config->scenario.SerializeAsString(),
            loaded.config->scenario.SerializeAsString());
}

TEST(Config, AWeightOfZeroIsForTasksThatOnStartNames) {
  const Loaded loaded = ParseText(
      kTarget +
      "users: {u: {on_start: [login], tasks: {login: {weight: 0, post: /}, t: {get: /}}}}\n");
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_EQ(loaded.config->scenario.users(0).tasks(0).weight(), 0u);
}

TEST(Config, EveryDataSourceIsRead) {
  const std::string folder = testing::TempDir() + "sfp_config_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/terms.csv") << "name,term\nx,201500\n\"y, z\",201501\n";
  std::ofstream(folder + "/rows.jsonl") << "{\"in\": {\"x\": 7}}\n";
  const Loaded loaded =
      ParseText(kTarget + kUsers +
                    "data:\n"
                    "  v: {values: [1, two, \"\", true]}\n"
                    "  r: {range: {from: 9, to: 1, step: -2, width: 4}, pick: sequential}\n"
                    "  c: {csv: terms.csv, column: term, pick: unique}\n"
                    "  o: {collected: {}}\n"
                    "  t: {csv: terms.csv, columns: [term, name], pick: unique, exhausted: stop}\n"
                    "  l: {jsonl: rows.jsonl, column: in.x, pick: unique, exhausted: cycle}\n",
                {}, {}, folder + "/c.yaml");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const v1::Scenario& scenario = loaded.config->scenario;
  ASSERT_EQ(scenario.data_size(), 6);
  EXPECT_THAT(scenario.data(4).table().columns(), testing::ElementsAre("term", "name"));
  EXPECT_THAT(scenario.data(4).table().cells(),
              testing::ElementsAre("201500", "x", "201501", "y, z"));
  EXPECT_EQ(scenario.data(4).exhausted(), v1::EXHAUSTED_STOP);
  EXPECT_THAT(scenario.data(5).values().values(), testing::ElementsAre("7"));
  EXPECT_EQ(scenario.data(5).exhausted(), v1::EXHAUSTED_CYCLE);
  EXPECT_THAT(scenario.data(0).values().values(), testing::ElementsAre("1", "two", "", "true"));
  EXPECT_EQ(scenario.data(1).range().step(), -2);
  EXPECT_EQ(scenario.data(1).range().width(), 4u);
  EXPECT_EQ(scenario.data(1).pick(), v1::PICK_SEQUENTIAL);
  EXPECT_THAT(scenario.data(2).values().values(), testing::ElementsAre("201500", "201501"));
  EXPECT_EQ(scenario.data(2).pick(), v1::PICK_UNIQUE);
  EXPECT_EQ(scenario.data(3).collected().capacity(), 10u);
  EXPECT_THAT(loaded.config->resolved_yaml, HasSubstr("csv: \"terms.csv\"  # 2 rows\n"));
}

TEST(Config, ExpectationsAreRead) {
  const v1::Task task = TaskOf(
      "get: /, expect: {status: 2xx, header: {Content-Type: {contains: json}, X: \"1\"}, "
      "body: {matches: \"a|b\"}, json: {/data/0/id: 7, /s: {matches: ^x}, \"\": \"{{c}}\"}, "
      "size: {least: 1KB, most: 1MiB}, time: 500ms, otherwise: stop}, collect: {c: {body: true}}",
      "data: {c: {collected: {}}}\n");
  const v1::Expect& expect = task.expect();
  EXPECT_EQ(expect.header(0).name(), "Content-Type");
  EXPECT_EQ(expect.header(0).condition().contains(), "json");
  EXPECT_EQ(expect.header(1).condition().equals(), "1");
  EXPECT_EQ(expect.body(0).matches(), "a|b");
  EXPECT_EQ(expect.json(0).name(), "/data/0/id");
  EXPECT_EQ(expect.json(0).condition().equals(), "7");
  EXPECT_EQ(expect.json(1).condition().matches(), "^x");
  EXPECT_EQ(expect.json(2).condition().equals(), "{{c}}");
  EXPECT_EQ(expect.least_bytes(), 1000u);
  EXPECT_EQ(expect.most_bytes(), 1u << 20);
  EXPECT_EQ(expect.most_ns(), 500'000'000);
  EXPECT_EQ(expect.otherwise(), v1::Expect::STOP);
  EXPECT_TRUE(task.collect(0).body());
}

TEST(Config, FilesOfBodiesAreReadIntoTheScenario) {
  const std::string folder = testing::TempDir() + "sfp_body_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/a.bin", std::ios::binary) << std::string("\0{{x}}", 6);
  const auto parse = [&](const std::string& body) {
    return ParseText(kTarget + "users: {u: {tasks: {t: {post: /, " + body + "}}}}\n", {}, {},
                     folder + "/c.yaml");
  };
  const Loaded raw = parse("body: {file: a.bin}, gzip: true");
  const Loaded parts = parse(
      "multipart: {title: \"{{uuid()}}\", f: {file: a.bin}, g: {file: a.bin, type: image/png, "
      "name: \"x y.png\"}}");
  std::filesystem::resize_file(folder + "/a.bin", (16 << 20) + 1);  // sparse
  const Loaded large = parse("body: {file: a.bin}");
  const Loaded absent = parse("multipart: {f: {file: b.bin, type: png}}");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(raw.config) << Findings(raw);
  const v1::Body& body = raw.config->scenario.users(0).tasks(0).body();
  EXPECT_EQ(body.raw(), std::string("\0{{x}}", 6));
  EXPECT_TRUE(body.gzip());
  EXPECT_THAT(raw.config->resolved_yaml, HasSubstr("file: \"a.bin\"  # 6 bytes\n"));
  ASSERT_TRUE(parts.config) << Findings(parts);
  const auto& multipart = parts.config->scenario.users(0).tasks(0).body().multipart();
  ASSERT_EQ(multipart.parts_size(), 3);
  EXPECT_EQ(multipart.parts(0).value(), "{{uuid()}}");
  EXPECT_EQ(multipart.parts(1).file_name(), "a.bin");
  EXPECT_EQ(multipart.parts(1).type(), "application/octet-stream");
  EXPECT_EQ(multipart.parts(2).file_name(), "x y.png");
  EXPECT_EQ(multipart.parts(2).content().size(), 6u);
  EXPECT_THAT(Findings(large), HasSubstr("can't read 'a.bin': it is larger than 16 MiB"));
  EXPECT_THAT(Findings(absent), HasSubstr("can't read 'b.bin': No such file or directory"));
  EXPECT_THAT(Findings(absent), HasSubstr("'png' is no media type such as image/png"));
}

// The quotes of a call are the template's own, whatever JSON does with those around it.
TEST(Config, CallsInJsonKeepTheirQuotes) {
  const v1::Task task = TaskOf(
      R"(post: /, json: {a: "q\"{{choice(\"x\", 'y')}}", "k{{uuid()}}": '{{random_int(1, 2)}}'})");
  EXPECT_EQ(task.body().json(),
            R"({"a":"q\"{{choice("x", 'y')}}","k{{uuid()}}":"{{random_int(1, 2)}}"})");
}

TEST(Config, PemFilesAreReadAndChecked) {
  const std::string folder = testing::TempDir() + "sfp_pem_test";
  std::filesystem::create_directories(folder);
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
  const std::string key = "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n";
  std::ofstream(folder + "/cert.pem") << certificate;
  std::ofstream(folder + "/key.pem") << key;
  const auto parse = [&](const char* tls) {
    return ParseText("target: {url: \"https://h\", tls: " + std::string(tls) + "}\n" + kUsers, {},
                     {}, folder + "/c.yaml");
  };
  const Loaded good = parse("{ca: cert.pem, cert: cert.pem, key: key.pem}");
  const Loaded mixed = parse("{cert: key.pem, key: cert.pem}");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(good.config) << Findings(good);
  EXPECT_EQ(good.config->scenario.target().tls().ca_pem(), certificate);
  EXPECT_EQ(good.config->scenario.target().tls().cert_pem(), certificate);
  EXPECT_EQ(good.config->scenario.target().tls().key_pem(), key);
  EXPECT_THAT(good.config->resolved_yaml, testing::Not(HasSubstr("BEGIN")));
  EXPECT_THAT(Findings(mixed), HasSubstr("'key.pem' is not a PEM file with a CERTIFICATE"));
  EXPECT_THAT(Findings(mixed), HasSubstr("'cert.pem' is not a PEM file with a PRIVATE KEY"));
}

TEST(Config, VariablesAndDollarsAreFilledIn) {
  const std::pair<const char*, const char*> cases[] = {
      {"${A}", "alpha"},    {"x${A}y${B}", "xalphayb"},
      {"${NO:-}", ""},      {"${NO:-d e:f}", "d e:f"},
      {"${EMPTY:-d}", "d"}, {"${EMPTY}", ""},
      {"$$", "$"},          {"$${A}", "${A}"},
      {"a$b$", "a$b$"},     {"$$$$", "$$"},
      {"^x$", "^x$"},
  };
  for (const auto& [text, value] : cases) {
    const Loaded loaded = ParseText(kTarget + kUsers + "data: {d: {values: [\"" + text + "\"]}}\n",
                                    {{"A", "alpha"}, {"B", "b"}, {"EMPTY", ""}});
    ASSERT_TRUE(loaded.config) << text << Findings(loaded);
    EXPECT_EQ(loaded.config->scenario.data(0).values().values(0), value) << text;
  }
}

TEST(Config, AnchorsAndAliasesStandForTheirValue) {
  const Loaded loaded = ParseText(kTarget +
                                  "users:\n"
                                  "  a: {wait: &w {constant: 1s}, tasks: &t {x: {get: /}}}\n"
                                  "  b: {wait: *w, tasks: *t}\n");
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  EXPECT_EQ(loaded.config->scenario.users(1).wait().constant_ns(), kSecond);
  EXPECT_EQ(loaded.config->scenario.users(1).tasks(0).name(), "x");
}

TEST(Config, TheResolvedPlanIsItsOwnResolvedPlan) {
  const std::string text =
      "name: \"odd: name\"\n"
      "target: {url: \"http://h\", headers: {A: \"x$${y}$$$$ \\\"\\\\\\t\"}, redirects: true}\n"
      "load: {stages: [{users: 1, ramp: 90s}, {users: 2, hold: 1h}]}\n"
      "data: {\"null\": {values: [\"a: b\", \"#\", \"- x\", \"\\xe9\"]}, r: {range: {from: 1, to: "
      "2}}}\n"
      "users:\n"
      "  \"on\":\n"
      "    tasks:\n"
      "      \"a b\": {post: \"/{{null}}\", json: {a: [1, \"1\", ~, x, {}], \"b c\": "
      "\"${N:-5}\"}}\n"
      "      t: {put: \"\", form: {a: \"\"}, collect: {}, expect: {status: 2xx}}\n"
      "thresholds: []\n";
  for (const std::string& config :
       {text, kTarget + kUsers, kTarget + kUsers + "load: {sweep: {users: [1, 2]}}\n"}) {
    const Loaded first = ParseText(config);
    ASSERT_TRUE(first.config) << Findings(first);
    const Loaded second = ParseText(first.config->resolved_yaml);
    ASSERT_TRUE(second.config) << first.config->resolved_yaml << Findings(second);
    EXPECT_EQ(second.config->resolved_yaml, first.config->resolved_yaml);
    EXPECT_EQ(second.config->scenario.SerializeAsString(),
              first.config->scenario.SerializeAsString());
    EXPECT_EQ(second.config->load.index(), first.config->load.index());
  }
  const Loaded example = Load(kExample, {}, {});
  ASSERT_TRUE(example.config);
  const Loaded again = ParseText(example.config->resolved_yaml);
  ASSERT_TRUE(again.config) << Findings(again);
  EXPECT_EQ(again.config->resolved_yaml, example.config->resolved_yaml);
}

TEST(Config, TheAlternativeShapesInTheExamplesCommentsAreGood) {
  std::ifstream in(kExample);
  int shapes = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("# load: ")) continue;
    const Loaded loaded = ParseText(kTarget + kUsers + line.substr(2) + "\n");
    EXPECT_TRUE(loaded.config) << line << Findings(loaded);
    ++shapes;
  }
  EXPECT_EQ(shapes, 10);
}

TEST(Config, CredentialsOfTheTargetAndOfClasses) {
  const Loaded loaded = ParseText(
      "target:\n"
      "  url: https://api.example:8443\n"
      "  tls: {verify: false}\n"
      "  auth: {oauth2: {token_url: \"https://API.example/t?x=1\", client_id: i, client_secret: "
      "s}}\n"
      "users:\n"
      "  a:\n"
      "    auth: {oauth2: {token_url: \"https://idp.example/t\", client_id: i, client_secret: s,\n"
      "                    scope: x y, audience: z, in: body}}\n"
      "    tasks: {t: {get: /}}\n"
      "  b: {auth: {api_key: {header: X-Key, value: abc}}, tasks: {t: {get: /}}}\n"
      "  c: {auth: {api_key: {query: key, value: abc}}, tasks: {t: {get: /}}}\n");
  ASSERT_TRUE(loaded.config) << Findings(loaded);
  const v1::Scenario& scenario = loaded.config->scenario;
  const v1::Auth::OAuth2& target = scenario.target().auth().oauth2();
  EXPECT_EQ(target.token_url(), "https://API.example/t?x=1");
  EXPECT_EQ(target.client_id(), "i");
  EXPECT_EQ(target.client_secret(), "s");
  EXPECT_FALSE(target.in_body());
  EXPECT_FALSE(target.tls().verify());  // the same host: the target's settings
  const v1::Auth::OAuth2& own = scenario.users(0).auth().oauth2();
  EXPECT_EQ(own.scope(), "x y");
  EXPECT_EQ(own.audience(), "z");
  EXPECT_TRUE(own.in_body());
  EXPECT_TRUE(own.tls().verify());
  EXPECT_EQ(scenario.users(1).auth().api_key().name(), "X-Key");
  EXPECT_FALSE(scenario.users(1).auth().api_key().in_query());
  EXPECT_EQ(scenario.users(2).auth().api_key().value(), "abc");
  EXPECT_TRUE(scenario.users(2).auth().api_key().in_query());
  EXPECT_FALSE(scenario.users(2).has_tls());
}

}  // namespace
}  // namespace sfp::config
