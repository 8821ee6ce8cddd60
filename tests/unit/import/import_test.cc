#include "master/import/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/config/config.h"
#include "master/import/document.h"
#include "master/import/pattern.h"
#include "master/import/recording.h"
#include "master/import/shell.h"

namespace sfp::import {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string Document(const std::string& name) {
  const auto text =
      ReadFile(std::string(SFP_SOURCE_DIR) + "/tests/unit/import/documents/" + name, 1 << 20);
  return text.ok() ? *text : "";
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

// What a master would make of the result; every finding fails the test.
v1::Scenario Checked(const std::string& config) {
  const auto none = [](std::string_view) { return std::optional<std::string>(); };
  config::Loaded loaded = config::Parse(config, "imported.yaml", none, {});
  for (const config::Diagnostic& finding : loaded.diagnostics) {
    ADD_FAILURE() << Format(finding) << "\n" << config;
  }
  return loaded.config ? loaded.config->scenario : v1::Scenario();
}

const v1::Task& TaskOf(const v1::Scenario& scenario, const std::string& name) {
  for (const v1::Task& task : scenario.users(0).tasks()) {
    if (task.name() == name) return task;
    for (const v1::Step& step : task.steps()) {
      if (step.request().name() == name) return step.request();
    }
  }
  throw std::runtime_error("no task " + name);
}

Imported OpenApi(const std::string& name, Options options = {}) {
  options.path = name;
  auto imported = ImportOpenApi(Document(name), options);
  if (!imported.ok()) throw std::runtime_error(Message(imported.status()));
  return *std::move(imported);
}

Imported Curl(std::string_view text) {
  auto imported = ImportCurl(text, {.path = "command"});
  if (!imported.ok()) throw std::runtime_error(Message(imported.status()));
  return *std::move(imported);
}

TEST(OpenApi, ASwaggerWithBasicAuthAndQueriesBecomesTasks) {
  const Imported imported = OpenApi("staff-fee-privilege.yaml");
  const v1::Scenario scenario = Checked(imported.config);
  EXPECT_EQ(scenario.target().url(), "https://localhost:8080");
  EXPECT_EQ(scenario.target().base_path(), "/v1/staff-fee-privilege");
  EXPECT_EQ(scenario.target().auth().basic().user(), "change-me");
  EXPECT_THAT(imported.variables, ElementsAre("API_USER", "API_PASSWORD"));
  const v1::Task& find = TaskOf(scenario, "getStaffFeePrivilege");
  EXPECT_EQ(find.method(), "GET");
  ASSERT_EQ(find.query_size(), 1);  // the optional one without an example is a comment
  EXPECT_EQ(find.query(0).value(), "{{term}}");
  EXPECT_EQ(find.expect().status(0).first(), 200u);
  EXPECT_EQ(find.expect().status(0).last(), 200u);
  EXPECT_THAT(imported.config, HasSubstr("# Optional, not sent: ?osuId"));
  EXPECT_THAT(imported.config, HasSubstr("# May also answer 400, 401, 500."));
  EXPECT_THAT(imported.config, HasSubstr("# The API also takes 'oauth2'."));
  // A path parameter by its pattern.
  EXPECT_EQ(TaskOf(scenario, "getStaffFeePrivilegeById").path(), "/{{id}}");
  EXPECT_THAT(imported.config, HasSubstr("id: {values: [\"000000000-000000\"]}"));
}

TEST(OpenApi, ParametersBodiesAndNamesOfVersionTwo) {
  const Imported imported = OpenApi("pets.json");
  const v1::Scenario scenario = Checked(imported.config);
  EXPECT_EQ(scenario.target().url(), "https://pets.example.com");
  EXPECT_EQ(scenario.target().base_path(), "/v2");
  ASSERT_EQ(scenario.target().headers_size(), 1);
  EXPECT_EQ(scenario.target().headers(0).name(), "X-Api-Key");
  // Required properties and those with an example or default; a pet's parent is a pet, and ends
  // there.
  EXPECT_EQ(
      TaskOf(scenario, "addPet").body().json(),
      R"({"name":"doggie {{{{x}}","photoUrls":["https://example.com/"],"parent":null,"weight":1.25})");
  const v1::Task& find = TaskOf(scenario, "findPets");
  ASSERT_EQ(find.query_size(), 2);
  EXPECT_EQ(find.query(0).value(), "{{status}}");
  EXPECT_EQ(find.query(1).value(), "{{limit}}");
  EXPECT_THAT(imported.config,
              HasSubstr("status: {values: [\"available\", \"pending\", \"sold\"]}"));
  EXPECT_THAT(imported.config, HasSubstr("petId: {range: {from: 10, to: 109}}"));
  // The operationId stands twice; the DELETE has none.
  EXPECT_EQ(TaskOf(scenario, "getPet_2").body().form().fields(0).name(), "name");
  const v1::Task& remove = TaskOf(scenario, "delete/pets/petId");
  EXPECT_EQ(remove.headers(0).value(), "change-me");
  EXPECT_THAT(imported.variables, ElementsAre("X_API_KEY", "API_KEY"));
  EXPECT_THAT(Lines(imported.notes), HasSubstr("files in forms are not sent: getPet_2 photo"));
  EXPECT_THAT(Lines(imported.notes), HasSubstr("3 tasks write or delete"));
}

TEST(OpenApi, ServersSchemasAndLimitsOfVersionThreeOne) {
  const Imported imported = OpenApi("shop.yaml");
  const v1::Scenario scenario = Checked(imported.config);
  EXPECT_EQ(scenario.target().url(), "https://eu.shop.example.com");
  EXPECT_EQ(scenario.target().base_path(), "/api/v2");
  EXPECT_EQ(scenario.target().auth().bearer(), "change-me");
  EXPECT_THAT(imported.config, HasSubstr("# Or https://test.shop.example.com (for tests)"));
  const v1::Task& items = TaskOf(scenario, "items");
  ASSERT_EQ(items.query_size(), 3);
  EXPECT_EQ(items.query(1).value(), "{{since}}");
  EXPECT_EQ(items.query(2).name(), "filter[colour]");
  EXPECT_EQ(items.query(2).value(), "red");
  EXPECT_EQ(items.headers(0).name(), "Cookie");
  EXPECT_EQ(items.headers(0).value(), "visitor={{visitor}}");
  EXPECT_EQ(items.expect().status(0).last(), 299u);
  EXPECT_THAT(imported.config, HasSubstr("q: {values: [\"shoe\", \"hat & scarf\"]}"));
  EXPECT_EQ(TaskOf(scenario, "post/orders").body().json(),
            R"({"id":"ORD-0000","lines":[{"item":6,"count":1}],"pay":{"number":"samplexx"}})");
  const v1::Task& note = TaskOf(scenario, "note");
  EXPECT_EQ(note.path(), "/orders/{{order_id}}/notes");
  EXPECT_EQ(note.body().text(), "a note");
  EXPECT_EQ(note.max_redirects(), 0u);
  EXPECT_TRUE(note.has_max_redirects());
  const v1::Task& login = TaskOf(scenario, "login");
  EXPECT_EQ(login.body().form().fields(0).value(), "alice");
  EXPECT_EQ(login.body().form().fields(1).value(), "change-me");
  EXPECT_THAT(imported.config, Not(HasSubstr("s3cret")));
  for (const char* note_text :
       {"1 webhooks", "callbacks, which the API calls, are left out: post/orders",
        "sfp sends no TRACE requests: left out: /orders", "order id",
        "credentials are sent where the API asks for none, too: POST /orders"}) {
    EXPECT_THAT(Lines(imported.notes), HasSubstr(note_text));
  }
}

TEST(OpenApi, OnlySomeOperationsWhenAsked) {
  EXPECT_EQ(OpenApi("pets.json", {.path = "", .only = "GET /pets"}).tasks, 2u);
  const auto none = ImportOpenApi(Document("pets.json"), {.path = "pets.json", .only = "/cats"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(Message(none.status()), "pets.json: no operation holds '/cats'");
}

TEST(OpenApi, WhatIsWrongIsSaidWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "x: the file is empty"},
      {"{\"swagger\": \"2.0\",\n \"paths\": {]}", "x:2:12: this is not JSON"},
      {"{\"swagger\": \"2.0\"", "x:1:18: the document is cut off"},
      {"{} {}", "x:1:4: something stands behind the document"},
      {"swagger: '2.0'\npaths:\n  /a: [\n", "x:"},
      {"swagger: '2.0'\npaths: {}\npaths: {}\n", "x:3:1: duplicate key 'paths'"},
      {"a: 1", "neither 'swagger: \"2.0\"' nor 'openapi: 3.x' stands in it"},
      {"openapi: 4.0.0\npaths: {}", "version '4.0.0' is not known"},
      {"openapi: 3.0.0", "'#/paths' is not there"},
      {"openapi: 3.0.0\npaths: {}", "there is no operation under '#/paths'"},
  };
  for (const auto& [text, expected] : cases) {
    const auto imported = ImportOpenApi(text, {.path = "x"});
    ASSERT_FALSE(imported.ok()) << text;
    EXPECT_THAT(Message(imported.status()), HasSubstr(expected)) << text;
  }
}

TEST(OpenApi, HostileReferencesAndSchemasEnd) {
  const char* text = R"(
openapi: 3.0.0
paths:
  "/{a}{b} c#d%":
    $ref: "#/paths/~1loop"
  /loop:
    $ref: "#/paths/~1loop"
  /x:
    post:
      parameters:
        - $ref: "other.yaml#/p"
        - {name: "", in: query}
        - {name: "weird {{name}}", in: query, required: true, schema: {$ref: "#/components/schemas/A"}}
        - {name: Content-Length, in: header, required: true, schema: {type: integer}}
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}
      responses: {"404": {description: none}}
components:
  schemas:
    A: {allOf: [{$ref: "#/components/schemas/A"}, {$ref: "#/components/schemas/B"}, {$ref: "#/nowhere"}]}
    B: {type: object, required: [b, c], properties: {b: {$ref: "#/components/schemas/A"}, "c": {type: string, pattern: "(?=x)\\p{L}"}}}
)";
  const auto imported = ImportOpenApi(text, {.path = "x"});
  ASSERT_TRUE(imported.ok()) << Message(imported.status());
  const v1::Scenario scenario = Checked(imported->config);
  EXPECT_EQ(TaskOf(scenario, "post/x").body().json(), R"({"b":null,"c":"sample"})");
  for (const char* note :
       {"whose reference leads nowhere is left out: #/paths/~1{a}{b} c#d%, #/paths/~1loop",
        "other.yaml#/p", "#/nowhere", "no text could be made for a pattern"}) {
    EXPECT_THAT(Lines(imported->notes), HasSubstr(note));
  }
}

TEST(OpenApi, TooLargeForAConfigurationIsCutAndSaid) {
  std::string text = "{\"openapi\": \"3.0.0\", \"paths\": {";
  for (int k = 0; k < 100; ++k) {
    text += (k > 0 ? ", " : "") + std::string("\"/") + std::to_string(k) +
            "\": {\"put\": {\"requestBody\": {\"content\": {\"text/plain\": {\"example\": \"" +
            std::string(15'000, 'x') + "\"}}}, \"responses\": {}}}";
  }
  const auto imported = ImportOpenApi(text + "}}", {.path = "x"});
  ASSERT_TRUE(imported.ok()) << Message(imported.status());
  EXPECT_LE(imported->config.size(), std::size_t{1} << 20);
  Checked(imported->config);
  EXPECT_GT(imported->tasks, 60u);
  EXPECT_LT(imported->tasks, 71u);
  EXPECT_THAT(Lines(imported->notes), HasSubstr("of 100 operations are left out"));
}

TEST(Pattern, TextsThatMatchAreMade) {
  const std::pair<const char*, const char*> cases[] = {
      {"^[0-9]{6}$", "000000"}, {"^\\d{3}-\\w+$", "111-a"},       {"^(GET|POST)$", "GET"},
      {"^[^/]+/[^/]+$", "a/a"}, {"^[A-Z][a-z]*\\.txt$", "A.txt"}, {"^(?:ab){2,3}c?$", "abab"},
      {"^[\\w.-]{2}$", "aa"}};
  for (const auto& [pattern, text] : cases) EXPECT_EQ(SampleOf(pattern), text) << pattern;
  for (const char* pattern : {"^(?=a)b$", "[", "a{", "(a", "*", "^[0-9]{300}$", "^a$b"}) {
    EXPECT_EQ(SampleOf(pattern), std::nullopt) << pattern;
  }
}

TEST(Har, ABrowsersRecordingBecomesStepsInItsOrder) {
  const auto imported = ImportHar(Document("browser.har"), {.path = "browser.har"});
  ASSERT_TRUE(imported.ok()) << Message(imported.status());
  const v1::Scenario scenario = Checked(imported->config);
  EXPECT_EQ(scenario.target().url(), "https://shop.example.com");
  EXPECT_TRUE(scenario.target().decompress());
  std::vector<std::string> names;
  std::vector<std::int64_t> thinks_ms;
  ASSERT_EQ(scenario.users(0).tasks_size(), 1);
  for (const v1::Step& step : scenario.users(0).tasks(0).steps()) {
    if (step.has_request()) names.push_back(step.request().name());
    if (step.has_think()) thinks_ms.push_back(step.think().uniform().min_ns() / 1'000'000);
  }
  // Half of what passed since everything before had come to its end.
  EXPECT_THAT(thinks_ms, ElementsAre(1835, 1000, 1500, 1300));
  EXPECT_THAT(names,
              ElementsAre("get/", "post/api/login", "get/api/items", "post/basket", "post/photo"));
  // The redirect is followed, its second request is no task; cookies are the jar's.
  EXPECT_EQ(TaskOf(scenario, "get/").expect().status(0).first(), 200u);
  EXPECT_THAT(imported->config, Not(HasSubstr("session")));
  EXPECT_EQ(TaskOf(scenario, "post/api/login").body().json(),
            R"({"user":"alice","password":"change-me","remember":true})");
  EXPECT_EQ(TaskOf(scenario, "get/api/items").expect().status_size(), 2);
  EXPECT_EQ(TaskOf(scenario, "post/basket").body().form().fields(2).value(), "change-me");
  EXPECT_EQ(TaskOf(scenario, "post/photo").body().form().fields(0).value(), "A photo");
  EXPECT_EQ(TaskOf(scenario, "post/photo").expect().status(0).first(), 413u);
  for (const char* secret : {"correct-horse", "tok-12345", "abcdef", "zzz"}) {
    EXPECT_THAT(imported->config, Not(HasSubstr(secret)));
  }
  for (const char* note : {"https://tracker.example.net", "1 pictures, styles", "if-none-match",
                           "got no response", "file=a.png"}) {
    EXPECT_THAT(Lines(imported->notes), HasSubstr(note));
  }
  EXPECT_EQ(ImportHar(Document("browser.har"), {.path = "", .only = "", .assets = true})->tasks,
            6u);
}

TEST(Har, WhatIsNoRecordingIsRefused) {
  for (const char* text : {"", "{}", "{\"log\": {\"entries\": 1}}", "{\"log\": {\"entries\": []}}",
                           "{\"log\": {\"entries\": [{}]}}", "[", "x"}) {
    EXPECT_FALSE(ImportHar(text, {.path = "x"}).ok()) << text;
  }
}

TEST(Curl, CommandsOfABrowserBecomeTasks) {
  const Imported imported = Curl(R"(curl 'https://shop.example.com/api/login?next=%2Fhome' \
  -H 'accept: application/json' \
  -H 'content-type: application/json' -H 'cookie: sid=abc123; theme=dark' \
  --data-raw $'{"user":"al\u0069ce","password":"s3cr\'et","t":"{{x}} ${y}"}' --compressed --insecure
curl -sXPUT "https://shop.example.com/items/7?access_token=zzz&x=1" -H "Authorization: Bearer $TOKEN" -d a=1 -d 'b=x y&pwd=p' -L -m 5
curl -G https://shop.example.com/search --data-urlencode 'q=a b&c' -d page=2 | jq .
)");
  const v1::Scenario scenario = Checked(imported.config);
  EXPECT_FALSE(scenario.target().tls().verify());
  EXPECT_TRUE(scenario.target().decompress());
  EXPECT_EQ(scenario.target().auth().bearer(), "change-me");
  const v1::Task& login = TaskOf(scenario, "post/api/login");
  EXPECT_EQ(login.path(), "/api/login?next=%2Fhome");
  EXPECT_EQ(login.body().json(), R"({"user":"alice","password":"change-me","t":"{{{{x}} ${y}"})");
  EXPECT_EQ(login.headers(1).value(), "sid=change-me; theme=change-me");
  const v1::Task& put = TaskOf(scenario, "put/items/7");
  EXPECT_EQ(put.path(), "/items/7?x=1");
  EXPECT_EQ(put.query(0).name(), "access_token");
  EXPECT_EQ(put.timeout_ns(), 5'000'000'000);
  EXPECT_FALSE(put.has_max_redirects());
  EXPECT_EQ(put.body().form().fields(1).value(), "x y");
  EXPECT_EQ(TaskOf(scenario, "get/search").path(), "/search?q=a%20b%26c&page=2");
  EXPECT_THAT(imported.config, HasSubstr("${TOKEN:-change-me}"));
  for (const char* secret : {"abc123", "s3cr", "zzz", "dark"}) {
    EXPECT_THAT(imported.config, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(Lines(imported.notes), HasSubstr("reads a command's output is left out: jq"));
}

TEST(Curl, CredentialsNeverGetIntoTheFile) {
  const Imported imported = Curl(
      "curl -u bob:hunter2 https://a.example/x -b 'k=cookieval' --oauth2-bearer tok-1; curl "
      "https://carol:pass99@a.example/y -F token=tok-2 -F file=@z -H 'X-Api-Key: key-3' "
      "https://a.example/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln");
  Checked(imported.config);
  for (const char* secret :
       {"bob", "hunter2", "carol", "pass99", "cookieval", "tok-1", "tok-2", "key-3", "eyJ"}) {
    EXPECT_THAT(imported.config, Not(HasSubstr(secret)));
    EXPECT_THAT(Lines(imported.notes), Not(HasSubstr(secret)));
  }
}

TEST(Curl, UnknownPartsAreNamedAndMistakesRefused) {
  const Imported imported =
      Curl("curl http://a.example/ --zork -x http://proxy -d @file https://b.example/");
  Checked(imported.config);
  for (const char* note : {"--zork", "--proxy", "@file", "https://b.example"}) {
    EXPECT_THAT(Lines(imported.notes), HasSubstr(note));
  }
  const std::pair<const char*, const char*> cases[] = {
      {"", "there is no command"},
      {"curl", "no URL in it"},
      {"wget http://a", "begins with 'wget'"},
      {"curl 'http://a", "character 6: this quote (') is not closed"},
      {"curl \"http://a", "character 6: this quote (\") is not closed"},
      {"curl http://a `id`", "a command within a command"},
      {"curl http://a -H \"$(id)\"", "a command within a command"},
      {"curl ftp://a/", "'ftp://a/' is not the URL"},
      {"curl http://a -H", "-H takes an argument"},
      {"curl http://a > out", "a redirection"},
      {"curl ^\"http://a^\" ^\n -H ^\"a: b^\"", "copy it as cURL (bash)"}};
  for (const auto& [text, expected] : cases) {
    const auto refused = ImportCurl(text, {.path = "command"});
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_THAT(Message(refused.status()), HasSubstr(expected)) << text;
  }
}

TEST(Shell, WordsAreSplitAsAShellSplitsThem) {
  const auto commands = SplitCommands("a 'b c'\"d\\\"e\"f\\ g '' # no word\nh\\\ni; j && k | l");
  ASSERT_TRUE(commands.ok()) << Message(commands.status());
  ASSERT_EQ(commands->size(), 5u);
  EXPECT_THAT((*commands)[0].words, ElementsAre("a", "b cd\"ef g", ""));
  EXPECT_THAT((*commands)[1].words, ElementsAre("hi"));
  EXPECT_TRUE((*commands)[4].piped);
  EXPECT_FALSE((*commands)[3].piped);
}

}  // namespace
}  // namespace sfp::import
