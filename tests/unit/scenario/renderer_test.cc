#include "common/scenario/renderer.h"

#include "common/base/text.h"
#include "tests/unit/scenario/scenarios.h"

namespace sfp::scenario {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// One user of a program.
struct User {
  explicit User(std::shared_ptr<const Program> of, std::uint64_t number = 0)
      : program(std::move(of)),
        pools(*program),
        renderer(program),
        session(*program, number, 100) {}

  const Step& Find(std::string_view task) { return StepNamed(*program, task); }
  std::string Render(std::string_view task, Rng rng = Rng(1)) {
    draw.Begin(TaskNamed(*program, task));
    if (!draw.Take(*program, TaskNamed(*program, task), Find(task), session, pools, rng)) {
      return "skip";
    }
    return std::string(renderer.Render(Find(task), draw, session, now).bytes);
  }
  std::string Redirect(std::string_view task, int status, std::string_view location) {
    const auto next = renderer.RenderRedirect(Find(task), draw, session, status, location, now);
    return next.ok() ? std::string(next->bytes) : "error: " + Message(next.status());
  }
  void SetCookie(std::string_view task, std::string_view cookie) {
    renderer.StoreCookies(Find(task), draw, session, {&cookie, 1}, now);
  }

  std::shared_ptr<const Program> program;
  Pools pools;
  Renderer renderer;
  UserSession session;
  Draw draw;
  Time now{Duration(1'000'000'000)};
};

std::string FirstLine(const std::string& request) {
  return request.substr(0, request.find("\r\n"));
}
std::string BodyOf(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

// The value of `v` at each place; proto text needs the value escaped.
std::string OneValue(const std::string& value, const std::string& task) {
  return OneTask(task, "data { name: 'v' values { values: '" + value + "' } }");
}

TEST(RendererTest, RendersTheStaffFeePrivilegeRequests) {
  v1::Scenario scenario = Parse(kStaffFeePrivilege);
  scenario.mutable_data(0)->mutable_values()->clear_values();
  scenario.mutable_data(0)->mutable_values()->add_values("201500");
  User user(Compiled(scenario));
  const std::string rest = " HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: sfp/" +
                           std::string(Version()) +
                           "\r\nAccept: */*\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n";
  EXPECT_EQ(user.Render("by_osu_id"), "skip");
  user.pools.Add(1, "931000001");
  EXPECT_EQ(user.Render("by_osu_id"), "GET /v1/staff-fee-privilege?osuId=931000001" + rest);
  EXPECT_EQ(user.Render("by_term"), "GET /v1/staff-fee-privilege?term=201500" + rest);
  EXPECT_EQ(user.Render("bad_request"), "GET /v1/staff-fee-privilege" + rest);
  EXPECT_EQ(user.Render("by_id"), "GET /v1/staff-fee-privilege/931000001-201500" + rest);
}

TEST(RendererTest, ConstantTextIsOneSegment) {
  const auto program = Compiled(kStaffFeePrivilege);
  EXPECT_EQ(StepNamed(*program, "bad_request").request.whole.list().size(), 1u);
  EXPECT_EQ(StepNamed(*program, "by_term").request.whole.list().size(), 3u);
  EXPECT_EQ(StepNamed(*program, "by_id").request.whole.list().size(), 5u);
}

TEST(RendererTest, SameSeedSameBytes) {
  const auto program = Compiled(kStaffFeePrivilege);
  for (std::uint64_t iteration = 0; iteration < 50; ++iteration) {
    User one(program, 7), two(program, 7);
    EXPECT_EQ(one.Render("by_term", Rng(9, 7, iteration)),
              two.Render("by_term", Rng(9, 7, iteration)));
  }
}

TEST(RendererTest, ValuesAreEscapedByTheirPlace) {
  const std::string value = R"(a b&c/d?e#f%\"\\\r\n\303\274~*+)";  // a b&c/d?e#f%"\ CR LF ü~*+
  const struct {
    const char* task;
    const char* want;  // a part of the request
  } kCases[] = {
      {"path: '/{{v}}'", "GET /a%20b%26c%2Fd%3Fe%23f%25%22%5C%0D%0A%C3%BC~%2A%2B HTTP/1.1\r\n"},
      {"path: '?x={{v}}'",
       "GET /?x=a%20b%26c%2Fd%3Fe%23f%25%22%5C%0D%0A%C3%BC~%2A%2B HTTP/1.1\r\n"},
      {"query { name: 'a b' value: '{{v}} &' }",
       "GET /?a%20b=a%20b%26c%2Fd%3Fe%23f%25%22%5C%0D%0A%C3%BC~%2A%2B%20%26 HTTP/1.1\r\n"},
      {"headers { name: 'X' value: '<{{v}}>' }", "\r\nX: <a b&c/d?e#f%\"\\\xc3\xbc~*+>\r\n"},
      {"body { text: '{{v}}!' }", "\r\n\r\na b&c/d?e#f%\"\\\r\n\xc3\xbc~*+!"},
      {"body { json: '{\"x\":\"{{v}}\"}' }",
       "\r\n\r\n{\"x\":\"a b&c/d?e#f%\\\"\\\\\\u000D\\u000A\xc3\xbc~*+\"}"},
      {"body { form { fields { name: 'a b' value: '{{v}} =' } fields { name: 'c' } } }",
       "\r\n\r\na+b=a+b%26c%2Fd%3Fe%23f%25%22%5C%0D%0A%C3%BC%7E*%2B+%3D&c="},
  };
  for (const auto& c : kCases) {
    User user(Compiled(OneValue(value, c.task)));
    EXPECT_THAT(user.Render("t"), HasSubstr(c.want)) << c.task;
  }
}

TEST(RendererTest, NoValueBreaksOutOfTheHead) {
  for (const char* value : {R"(x\r\nEvil: 1)", R"(\n\n)", R"(\000\r)", "x HTTP/1.1"}) {
    User user(Compiled(OneValue(value, "path: '/{{v}}' headers { name: 'X' value: '{{v}}' }")));
    const std::string request = user.Render("t");
    EXPECT_EQ(std::count(request.begin(), request.end(), '\n'), 6) << request;
    EXPECT_EQ(std::count(request.begin(), request.end(), '\r'), 6) << request;
    EXPECT_EQ(request.find('\0'), std::string::npos);
    const std::string first_line = FirstLine(request);
    EXPECT_EQ(std::count(first_line.begin(), first_line.end(), ' '), 2);
  }
}

TEST(RendererTest, TargetsAreJoinedFromTheirParts) {
  const struct {
    const char* base;
    const char* task;
    const char* want;
  } kCases[] = {
      {"", "", "/"},
      {"/v1", "", "/v1"},
      {"/v1", "path: '/x'", "/v1/x"},
      {"/v1", "path: '?a=1'", "/v1?a=1"},
      {"", "path: '?a=1'", "/?a=1"},
      {"", "query { name: 'a' value: '1' } query { name: 'b' value: '2' }", "/?a=1&b=2"},
      {"/v1", "path: '/x?a=1' query { name: 'b' value: '2' }", "/v1/x?a=1&b=2"},
      {"/v1", "path: '/x?' query { name: 'b' value: '2' }", "/v1/x?b=2"},
      {"/v1", "path: '/x?a=1&' query { name: 'b' value: '2' }", "/v1/x?a=1&b=2"},
      {"", "path: '/stra\xc3\x9f\x65/%20[x]'", "/stra%C3%9Fe/%20[x]"},
      {"", "path: '/x?f={{{{a}}'", "/x?f=%7B%7Ba%7D%7D"},
  };
  for (const auto& c : kCases) {
    User user(Compiled(OneTask(c.task, "", std::string("base_path: '") + c.base + "'")));
    EXPECT_EQ(FirstLine(user.Render("t")), std::string("GET ") + c.want + " HTTP/1.1") << c.task;
  }
}

TEST(RendererTest, TaskHeadersGoBeforeTheTargetsAndOurs) {
  User user(Compiled(OneTask(
      "headers { name: 'x-a' value: 'task' } headers { name: 'HOST' value: 'other' } "
      "headers { name: 'authorization' value: 'mine' } headers { name: 'X-C' value: '1' } "
      "headers { name: 'X-C' value: '2' }",
      "",
      "headers { name: 'X-A' value: 'target' } headers { name: 'X-B' value: 'b' } "
      "headers { name: 'Accept' value: 'text/html' } headers { name: 'User-Agent' value: 'me' } "
      "auth { bearer: 'tok' } decompress: true")));
  EXPECT_EQ(user.Render("t"),
            "GET / HTTP/1.1\r\nHOST: other\r\nUser-Agent: me\r\nAccept: text/html\r\n"
            "authorization: mine\r\nAccept-Encoding: gzip\r\nx-a: task\r\nX-B: b\r\n"
            "X-C: 1\r\nX-C: 2\r\n\r\n");
}

TEST(RendererTest, BearerTokens) {
  User user(Compiled(OneTask("", "", "auth { bearer: 'abc' }")));
  EXPECT_THAT(user.Render("t"), HasSubstr("\r\nAuthorization: Bearer abc\r\n"));
}

TEST(RendererTest, BodiesHaveTypeAndLength) {
  const struct {
    const char* task;
    const char* want;
  } kCases[] = {
      {"method: 'POST'", "\r\nContent-Length: 0\r\n\r\n"},
      {"method: 'POST' body { text: '' }",
       "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\n\r\n"},
      {"method: 'PUT' body { json: '{}' }",
       "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"},
      {"method: 'POST' body { form { fields { name: 'a' value: '{{v}}' } } }",
       "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\na=%C3%BC"},
      {"method: 'POST' body { text: '{{v}}' } headers { name: 'content-type' value: 'x/y' }",
       "\r\ncontent-type: x/y\r\nContent-Length: 2\r\n\r\n\xc3\xbc"},
  };
  for (const auto& c : kCases) {
    User user(Compiled(OneValue("\\303\\274", c.task)));
    EXPECT_THAT(user.Render("t"), EndsWith(c.want)) << c.task;
  }
  User get(Compiled(OneTask("")));
  EXPECT_THAT(get.Render("t"), Not(HasSubstr("Content-")));
}

TEST(RendererTest, HeadHasNoResponseBody) {
  User user(Compiled(OneTask("method: 'HEAD'")));
  user.Render("t");
  EXPECT_TRUE(user.renderer.Render(user.Find("t"), user.draw, user.session, user.now).head);
}

TEST(RendererTest, CookiesFollowTheUser) {
  const std::string text =
      "target { url: 'http://h' cookies: true } users { name: 'u' weight: 1 "
      "tasks { name: 'login' weight: 1 method: 'POST' path: '/auth/login?x=/y' } "
      "tasks { name: 'shop' weight: 1 method: 'GET' path: '/shop' } "
      "tasks { name: 'own' weight: 1 method: 'GET' headers { name: 'cookie' value: 'z=1' } } }";
  User user(Compiled(text));
  EXPECT_TRUE(user.Find("shop").needs_headers);
  EXPECT_THAT(user.Render("login"), Not(HasSubstr("Cookie")));
  user.SetCookie("login", "sid=abc; Path=/");
  user.SetCookie("login", "csrf=1");  // default path: /auth
  EXPECT_THAT(user.Render("login"),
              HasSubstr("\r\nCookie: csrf=1; sid=abc\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_THAT(user.Render("shop"), EndsWith("\r\nCookie: sid=abc\r\n\r\n"));
  EXPECT_THAT(user.Render("own"), EndsWith("\r\ncookie: z=1\r\n\r\n"));
  User other(user.program, 1);
  EXPECT_THAT(other.Render("shop"), Not(HasSubstr("Cookie")));
}

TEST(RendererTest, PartsStandBetweenABoundaryThatIsDrawnForEachRequest) {
  User user(Compiled(OneValue("v\\r\\n--x", R"(method: 'POST' path: '/' body { multipart {
      parts { name: 'ti"t\nle' value: 'a {{v}}' }
      parts { name: 'photo' file_name: 'a "b".png' type: 'image/png' content: '\x89\x00{{v}}' } } })")));
  const std::string request = user.Render("t", Rng(1));
  const std::string start = "\r\nContent-Type: multipart/form-data; boundary=";
  const std::size_t at = request.find(start);
  ASSERT_NE(at, std::string::npos) << request;
  const std::string boundary = request.substr(at + start.size(), 40);
  const std::string file("\x89\0{{v}}", 7);
  EXPECT_EQ(
      BodyOf(request),
      "--" + boundary + "\r\nContent-Disposition: form-data; name=\"ti%22t%0Ale\"\r\n\r\n" +
          "a v\r\n--x\r\n--" + boundary +
          "\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a %22b%22.png\"\r\n" +
          "Content-Type: image/png\r\n\r\n" + file + "\r\n--" + boundary + "--\r\n");
  EXPECT_EQ(user.Render("t", Rng(1)), request);
  EXPECT_EQ(user.Render("t", Rng(2)).find(boundary), std::string::npos);
  user.Render("t", Rng(1));
  EXPECT_EQ(BodyOf(user.Redirect("t", 307, "/x")), BodyOf(request));
}

TEST(RendererTest, AFileIsSentAsItIs) {
  User user(Compiled(OneTask(R"(method: 'PUT' path: '/' body { raw: '\x00{{v}}\r\n' })")));
  const std::string request = user.Render("t");
  EXPECT_EQ(BodyOf(request), std::string("\0{{v}}\r\n", 8));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/octet-stream\r\n"
                                 "Content-Length: 8\r\n\r\n"));
}

TEST(RendererTest, BodiesAreCompressedWithTheLengthOfWhatIsSent) {
  const std::string plain(10'000, 'x');
  for (const std::string& text : {plain, plain + "{{v}}"}) {
    User user(Compiled(
        OneValue("1", "method: 'POST' path: '/' body { gzip: true text: '" + text + "' }")));
    const std::string request = user.Render("t");
    const std::string body = BodyOf(request);
    EXPECT_TRUE(body.starts_with("\x1f\x8b"));
    EXPECT_LT(body.size(), 200u);
    EXPECT_THAT(request, HasSubstr("\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                   std::to_string(body.size()) + "\r\n\r\n"));
    EXPECT_EQ(user.Render("t"), request);
    EXPECT_EQ(BodyOf(user.Redirect("t", 307, "/x")), body);
  }
}

TEST(RendererTest, WithoutCookiesNothingIsKept) {
  User user(Compiled(OneTask("")));
  user.Render("t");
  user.SetCookie("t", "a=1; Path=/");
  EXPECT_THAT(user.Render("t"), Not(HasSubstr("Cookie")));
}

TEST(RendererTest, RedirectsChangeTheMethodAsBrowsersDo) {
  const struct {
    const char* method;
    int status;
    const char* next;
    bool body;
  } kCases[] = {
      {"GET", 301, "GET", true},   {"GET", 303, "GET", true},       {"POST", 301, "GET", false},
      {"POST", 302, "GET", false}, {"POST", 303, "GET", false},     {"POST", 307, "POST", true},
      {"POST", 308, "POST", true}, {"PUT", 301, "PUT", true},       {"PUT", 303, "GET", false},
      {"HEAD", 303, "HEAD", true}, {"DELETE", 302, "DELETE", true},
  };
  for (const auto& c : kCases) {
    User user(Compiled(OneValue(
        "1", std::string("path: '/a/b' body { text: 'n={{v}}' } method: '") + c.method + "'")));
    user.Render("t");
    const std::string next = user.Redirect("t", c.status, "../x?y");
    EXPECT_EQ(FirstLine(next), std::string(c.next) + " /x?y HTTP/1.1") << c.method << c.status;
    EXPECT_EQ(BodyOf(next), c.body ? "n=1" : "") << c.method << c.status;
    EXPECT_EQ(next.find("Content-") != std::string::npos, c.body) << c.method << c.status;
    EXPECT_THAT(next, HasSubstr("\r\nHost: api.test\r\n"));
  }
}

TEST(RendererTest, ARedirectIsRelativeToTheOneBefore) {
  User user(Compiled(OneTask("path: '/a/b' method: 'POST'")));
  user.Render("t");
  EXPECT_EQ(FirstLine(user.Redirect("t", 302, "/c/d")), "GET /c/d HTTP/1.1");
  EXPECT_EQ(FirstLine(user.Redirect("t", 307, "e")), "GET /c/e HTTP/1.1");  // stays GET
  EXPECT_THAT(user.Redirect("t", 302, "http://evil/"),
              StartsWith("error: redirect to 'http://evil/'"));
  EXPECT_EQ(FirstLine(user.Render("t")), "POST /a/b HTTP/1.1");  // the next iteration starts anew
  EXPECT_EQ(FirstLine(user.Redirect("t", 307, "e")), "POST /a/e HTTP/1.1");
}

TEST(RendererTest, RedirectsTakeCookiesAlong) {
  User user(Compiled(OneTask("path: '/login'", "", "cookies: true")));
  user.Render("t");
  user.SetCookie("t", "a=1; Path=/home");
  const std::string home = user.Redirect("t", 303, "/home");
  EXPECT_THAT(home, EndsWith("\r\nCookie: a=1\r\n\r\n"));
  user.SetCookie("t", "b=2");  // default path of /home: /
  EXPECT_THAT(user.Render("t"), EndsWith("\r\nCookie: b=2\r\n\r\n"));
}

TEST(RendererTest, KnowsRedirectStatuses) {
  for (const int status : {301, 302, 303, 307, 308}) EXPECT_TRUE(IsRedirect(status));
  for (const int status : {200, 300, 304, 305, 306, 309, 400}) EXPECT_FALSE(IsRedirect(status));
}

TEST(RendererTest, EachClassHasItsCredentialsAndTheNewestToken) {
  const std::string oauth2 =
      "auth { oauth2 { token_url: 'http://idp/t' client_id: 'i' client_secret: 's' } }";
  const auto user = [](const std::string& name, const std::string& auth, const std::string& task) {
    return " users { name: '" + name + "' weight: 1 " + auth + " tasks { name: '" + name +
           "' weight: 1 method: 'GET' path: '/p?a=b' " + task + " } }";
  };
  User rig(Compiled(
      "target { url: 'http://api.test' " + oauth2 +
      " } data { name: 'v' values { values: 'x y' } }" + user("target", "", "") +
      user("same", oauth2, "") +
      user("other", "auth { oauth2 { token_url: 'http://idp/u' } }", "") +
      user("own", "", "headers { name: 'authorization' value: 'none' }") +
      user("bearer", "auth { bearer: '{{v}}' }", "") +
      user("header", "auth { api_key { name: 'X-Key' value: 'k{{v}}' } }", "") +
      user("query", "auth { api_key { name: 'key' value: 'k{{v}}' in_query: true } }", "")));
  // One for the target and a class that has the same, one more.
  ASSERT_EQ(rig.program->tokens().size(), 2U);
  const Endpoint& endpoint = rig.program->endpoints()[rig.program->tokens()[1].endpoint];
  EXPECT_EQ(endpoint.name, "oauth2 token other");
  EXPECT_TRUE(endpoint.apart);

  EXPECT_THAT(rig.Render("target"), HasSubstr("Authorization: Bearer \r\n"));
  rig.renderer.SetToken(0, std::make_shared<const std::string>("first"));
  rig.renderer.SetToken(1, std::make_shared<const std::string>("second"));
  EXPECT_THAT(rig.Render("target"), HasSubstr("Authorization: Bearer first\r\n"));
  EXPECT_THAT(rig.Render("same"), HasSubstr("Authorization: Bearer first\r\n"));
  EXPECT_THAT(rig.Render("other"), HasSubstr("Authorization: Bearer second\r\n"));
  EXPECT_THAT(rig.Redirect("other", 302, "/q"), HasSubstr("Authorization: Bearer second\r\n"));
  rig.renderer.SetToken(0, std::make_shared<const std::string>("third"));
  EXPECT_THAT(rig.Render("same"), HasSubstr("Authorization: Bearer third\r\n"));
  EXPECT_THAT(rig.Render("own"), HasSubstr("authorization: none\r\n"));
  EXPECT_THAT(rig.Render("own"), Not(HasSubstr("Bearer")));
  EXPECT_EQ(StepNamed(*rig.program, "other").token, 1);
  EXPECT_EQ(StepNamed(*rig.program, "own").token, std::nullopt);

  EXPECT_THAT(rig.Render("bearer"), HasSubstr("Authorization: Bearer x y\r\n"));
  EXPECT_THAT(rig.Render("header"), HasSubstr("X-Key: kx y\r\n"));
  EXPECT_THAT(rig.Render("header"), Not(HasSubstr("Authorization")));
  EXPECT_EQ(FirstLine(rig.Render("query")), "GET /p?a=b&key=kx%20y HTTP/1.1");
}

}  // namespace
}  // namespace sfp::scenario
