// sfp-demo-api over real sockets: the contract, exact counts, time limits, faults.

#include "tests/demo_api/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "common/base/text.h"
#include "tests/demo_api/service_thread.h"
#include "tests/support/probe.h"

namespace sfp::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::Probe;
using support::Reply;
using ::testing::HasSubstr;

constexpr std::string_view kBase = "/v1/staff-fee-privilege";
constexpr std::string_view kBasic = "Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n";

ServiceOptions Quick() {
  ServiceOptions options;
  options.pool.service = Duration(0);
  return options;
}

std::string Path(std::string_view rest) { return std::string(kBase).append(rest); }

boost::json::object Stats(std::uint16_t port, bool tls = false) {
  const auto reply = Probe(port, tls).Ask("GET", "/__stats");
  return reply ? boost::json::parse(reply->body).as_object() : boost::json::object();
}

std::int64_t At(const boost::json::object& stats, std::string_view pointer) {
  boost::json::error_code error;
  const boost::json::value whole(stats);
  const auto* value = whole.find_pointer({pointer.data(), pointer.size()}, error);
  return value == nullptr ? 0 : value->to_number<std::int64_t>();
}

// Until the server has noticed something that the client can't see it notice.
std::int64_t WaitFor(std::uint16_t port, std::string_view pointer, std::int64_t wanted) {
  std::int64_t value = -1;
  for (int i = 0; i < 1000 && (value = At(Stats(port), pointer)) != wanted; ++i) usleep(5000);
  return value;
}

struct Case {
  std::string_view method;
  std::string target;
  std::string_view fields;
  int status;
  std::string_view contains;
};

class EveryRouteTest : public ::testing::TestWithParam<bool> {};

TEST_P(EveryRouteTest, AnswersAsTheContractSays) {
  ServiceOptions options = Quick();
  options.tls = GetParam();
  ServiceThread service(options);
  Probe probe(service.port(), GetParam());
  const auto list = probe.Ask("GET", Path("?term=201803"), kBasic);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->status, 200);
  const auto document = boost::json::parse(list->body);
  const std::string id(document.at("data").at(0).at("id").as_string());
  EXPECT_EQ(document.at("data").at(0).at("type").as_string(), "staffFeePrivilege");

  const Case cases[] = {
      {"GET", Path("?osuId=" + id.substr(0, 9)), kBasic, 200, id},
      {"GET", Path("/" + id), kBasic, 200, "staffFeePrivilege"},
      {"GET", Path("?term=201803&osuId=" + id.substr(0, 9)), kBasic, 200, id},
      {"GET", Path("?osuId=000000000"), kBasic, 200, R"("data":[])"},
      {"GET", Path("?term=999999"), kBasic, 200, R"("data":[])"},
      {"GET", Path(""), kBasic, 400, R"({"errors":[{"status":"400")"},
      {"GET", Path("?term=2018"), kBasic, 400, "six digits"},
      {"GET", Path("/000000000-201803"), kBasic, 404, "was not found"},
      {"GET", Path("/nonsense"), kBasic, 404, "nothing at this path"},
      {"GET", "/elsewhere", kBasic, 404, "nothing at this path"},
      {"GET", Path(""), "", 401, "Unauthorized"},
      {"GET", Path(""), "Authorization: Basic dXNlcjp3cm9uZw==\r\n", 401, "Unauthorized"},
      {"POST", Path(""), kBasic, 405, "Only GET"},
  };
  for (const Case& expected : cases) {
    const auto reply = probe.Ask(expected.method, expected.target, expected.fields);
    ASSERT_TRUE(reply) << expected.target;
    EXPECT_EQ(reply->status, expected.status) << expected.target;
    EXPECT_THAT(reply->body, HasSubstr(std::string(expected.contains))) << expected.target;
    EXPECT_EQ(reply->Field("Content-Type"), "application/json");
    EXPECT_EQ(reply->Field("WWW-Authenticate").starts_with("Basic"), reply->status == 401);
  }
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls, EveryRouteTest, ::testing::Bool());

class CountsTest : public ::testing::TestWithParam<bool> {};

TEST_P(CountsTest, EqualWhatClientsSentAndReceived) {
  ServiceOptions options = Quick();
  options.tls = GetParam();
  ServiceThread service(options);
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (int connection = 0; connection < 3; ++connection) {
    Probe probe(service.port(), GetParam());
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(probe.Ask("GET", Path("?term=201803"), kBasic)->status, 200);
    }
    EXPECT_EQ(probe.Ask("GET", Path(""), kBasic)->status, 400);
    EXPECT_EQ(probe.Ask("GET", Path("/000000000-201803"), kBasic)->status, 404);
    Stats(service.port(), GetParam());  // leaves no trace
    sent += probe.bytes_sent();
    received += probe.bytes_received();
  }
  const auto stats = Stats(service.port(), GetParam());
  EXPECT_EQ(At(stats, "/requests"), 21);
  EXPECT_EQ(At(stats, "/responses"), 21);
  EXPECT_EQ(At(stats, "/in_flight"), 0);
  EXPECT_EQ(At(stats, "/response_time/count"), 21);
  EXPECT_EQ(At(stats, "/routes/by_term/200"), 15);
  EXPECT_EQ(At(stats, "/routes/bad_request/400"), 3);
  EXPECT_EQ(At(stats, "/routes/by_id/404"), 3);
  EXPECT_EQ(At(stats, "/connections/accepted"), 3);
  EXPECT_EQ(static_cast<std::uint64_t>(At(stats, "/bytes_received")), sent);
  EXPECT_EQ(static_cast<std::uint64_t>(At(stats, "/bytes_sent")), received);

  EXPECT_EQ(Probe(service.port(), GetParam()).Ask("POST", "/__reset")->status, 200);
  const auto fresh = Stats(service.port(), GetParam());
  EXPECT_EQ(At(fresh, "/requests"), 0);
  EXPECT_EQ(At(fresh, "/bytes_sent"), 0);
  EXPECT_EQ(At(fresh, "/connections/accepted"), 0);
  EXPECT_EQ(At(fresh, "/routes/by_term/200"), 0);
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls, CountsTest, ::testing::Bool());

TEST(ServiceTest, AConnectionThatAlsoAskedForStatsIsCounted) {
  ServiceThread service(Quick());
  Probe probe(service.port());
  EXPECT_EQ(probe.Ask("GET", "/__stats")->status, 200);
  EXPECT_EQ(At(Stats(service.port()), "/connections/open"), 0);
  EXPECT_EQ(probe.Ask("GET", Path("?term=201803"), kBasic)->status, 200);
  EXPECT_EQ(At(Stats(service.port()), "/connections/accepted"), 1);
}

TEST(ServiceTest, ClosesIdleConnections) {
  ServiceOptions options = Quick();
  options.speed = 50;  // 100 ms
  ServiceThread service(options);
  Probe probe(service.port());
  EXPECT_EQ(probe.Ask("GET", Path("?term=201803"), kBasic)->status, 200);
  EXPECT_EQ(probe.ReadToEnd(), "");
  EXPECT_EQ(probe.end(), Probe::End::kFin);
  EXPECT_EQ(At(Stats(service.port()), "/connections/closed_idle"), 1);
}

TEST(ServiceTest, TakesItsOwnTokensForAsLongAsTheyLiveAndCountsThemApart) {
  ServiceOptions options = Quick();
  options.oauth2 = {.on = true, .lifetime = seconds(1)};
  ServiceThread service(options);
  Probe probe(service.port());
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";
  const std::string grant = "grant_type=client_credentials";
  const auto ask = [&](const std::string& fields, const std::string& body) {
    return *probe.Ask("POST", "/oauth2/token", form + fields, body);
  };
  EXPECT_EQ(probe.Ask("GET", Path("?term=201803"), kBasic)->status, 401);
  EXPECT_EQ(probe.Ask("GET", "/oauth2/token")->status, 405);
  EXPECT_THAT(ask(std::string(kBasic), "grant_type=password").body,
              HasSubstr("unsupported_grant_type"));
  EXPECT_EQ(ask("", grant + "&client_id=user&client_secret=wrong").status, 401);
  EXPECT_EQ(ask("", grant + "&client_id=user&client_secret=password").status, 200);
  const Reply given = ask(std::string(kBasic), grant);
  ASSERT_EQ(given.status, 200) << given.body;
  const auto token = boost::json::parse(given.body).as_object();
  EXPECT_EQ(token.at("expires_in").as_int64(), 1);
  const std::string bearer =
      "Authorization: Bearer " + std::string(token.at("access_token").as_string()) + "\r\n";
  EXPECT_EQ(probe.Ask("GET", Path("?term=201803"), bearer)->status, 200);
  const auto refused = [&] {
    return probe.Ask("GET", Path("?term=201803"), bearer)->status == 401;
  };
  bool expired = false;
  for (int i = 0; i < 1000 && !(expired = refused()); ++i) usleep(5000);
  EXPECT_TRUE(expired);
  const boost::json::object stats = Stats(service.port());
  EXPECT_EQ(At(stats, "/oauth2/granted"), 2);
  EXPECT_EQ(At(stats, "/oauth2/refused"), 2);
  EXPECT_EQ(At(stats, "/oauth2/expired"), 1);
  EXPECT_EQ(At(stats, "/routes/by_term/401"), 2);
}

TEST(ServiceTest, KillsWhatWaitsForTheSocketTimeoutWithoutAResponse) {
  ServiceOptions options;
  options.pool.service = seconds(3600);
  options.pool.law = Law::kConstant;
  options.speed = 1000;  // the timeout is 120 ms, the service 3.6 s
  ServiceThread service(options);
  Probe probe(service.port());
  EXPECT_FALSE(probe.Ask("GET", Path("?term=201803"), kBasic));
  EXPECT_EQ(probe.end(), Probe::End::kFin);
  EXPECT_EQ(probe.bytes_received(), 0u);
  const auto stats = Stats(service.port());
  EXPECT_EQ(At(stats, "/killed_by_socket_timeout"), 1);
  EXPECT_EQ(At(stats, "/unanswered"), 1);
  EXPECT_EQ(At(stats, "/responses"), 0);
}

TEST(ServiceTest, NoticesThatAClientHasGone) {
  ServiceOptions options;
  options.pool.service = seconds(100);
  options.pool.law = Law::kConstant;
  ServiceThread service(options);
  Probe probe(service.port());
  probe.Send("GET " + Path("?term=201803") + " HTTP/1.1\r\nHost: x\r\n" + std::string(kBasic) +
             "\r\n");
  EXPECT_EQ(WaitFor(service.port(), "/in_flight", 1), 1);
  probe.Close();
  EXPECT_EQ(WaitFor(service.port(), "/unanswered", 1), 1);
  EXPECT_EQ(At(Stats(service.port()), "/in_database"), 0);
}

TEST(ServiceTest, AnswersPipelinedRequestsInOrder) {
  ServiceThread service(Quick());
  Probe probe(service.port());
  std::string requests;
  for (const std::string_view rest : {"?term=201803", "", "/000000000-201803"}) {
    requests += "GET " + Path(rest) + " HTTP/1.1\r\nHost: x\r\n" + std::string(kBasic) + "\r\n";
  }
  probe.Send(requests);
  EXPECT_EQ(probe.Read()->status, 200);
  EXPECT_EQ(probe.Read()->status, 400);
  EXPECT_EQ(probe.Read()->status, 404);
}

struct FaultCase {
  std::string_view fault;
  int status;  // 0: no complete response
  Probe::End end;
};

TEST(FaultTest, EachHasItsEffectAndIsCounted) {
  for (const FaultCase& expected :
       {FaultCase{"reset", 0, Probe::End::kReset}, FaultCase{"close", 0, Probe::End::kFin},
        FaultCase{"stall", 0, Probe::End::kFin}, FaultCase{"truncate", 0, Probe::End::kFin},
        FaultCase{"malformed", 0, Probe::End::kFin}, FaultCase{"error500", 500, Probe::End::kOpen},
        FaultCase{"slow-accept", 200, Probe::End::kOpen}}) {
    ServiceOptions options = Quick();
    options.pool.timeout = milliseconds(expected.fault == "stall" ? 100 : 60'000);
    options.faults = {std::string(expected.fault) + ":100%"};
    if (expected.fault == "slow-accept") options.speed = 10;
    ServiceThread service(options);
    Probe probe(service.port());
    const auto reply = probe.Ask("GET", Path("?term=201803"), kBasic);
    EXPECT_EQ(reply ? reply->status : 0, expected.status) << expected.fault;
    if (expected.end != Probe::End::kOpen) probe.ReadToEnd();
    EXPECT_EQ(probe.end(), expected.end) << expected.fault;
    EXPECT_EQ(probe.bytes_received() > 0,
              expected.status != 0 || expected.fault == "truncate" || expected.fault == "malformed")
        << expected.fault;
    const auto stats = Stats(service.port());
    EXPECT_GE(At(stats, "/faults/" + std::string(expected.fault)), 1) << expected.fault;
    EXPECT_EQ(At(stats, "/responses"), expected.status != 0) << expected.fault;
    EXPECT_EQ(At(stats, "/unanswered"), expected.status == 0) << expected.fault;
  }
}

std::string LogOfTwentyRequests(std::uint64_t seed) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("sfp-demo-log-" + std::to_string(getpid()) + "-" + std::to_string(seed));
  {
    ServiceOptions options = Quick();
    options.seed = seed;
    options.faults = {"error500:50%"};
    options.log = file.string();
    ServiceThread service(options);
    Probe probe(service.port());
    for (int i = 0; i < 20; ++i) probe.Ask("GET", Path("?term=201803"), kBasic);
  }
  const auto text = ReadFile(file.string(), 1'000'000);
  std::filesystem::remove(file);
  return text.ok() ? *text : Message(text.status());
}

TEST(FaultTest, TheSeedDecidesWhichRequestsMeetThem) {
  const std::string log = LogOfTwentyRequests(1);
  EXPECT_THAT(log, HasSubstr("GET /v1/staff-fee-privilege?term=201803 200\n"));
  EXPECT_THAT(log, HasSubstr("GET /v1/staff-fee-privilege?term=201803 500\n"));
  EXPECT_EQ(log, LogOfTwentyRequests(1));
  EXPECT_NE(log, LogOfTwentyRequests(2));
}

TEST(ServiceTest, RefusesOptionsThatMakeNoSense) {
  ServiceOptions options;
  options.faults = {"rset:1%"};
  EXPECT_THAT(Message(Service::Start(options).status()), HasSubstr("'rset' is not one of reset"));
  options.faults = {"reset"};
  EXPECT_THAT(Message(Service::Start(options).status()), HasSubstr("KIND:PERCENT"));
  options = {};
  options.speed = 0;
  EXPECT_FALSE(Service::Start(options).ok());
}

TEST(ProgramTest, SaysWhereItListensAndEndsCleanlyOnSigterm) {
  int out[2];
  ASSERT_EQ(pipe(out), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], STDOUT_FILENO);
    execl(SFP_DEMO_API, "sfp-demo-api", "--port", "0", "--tls", nullptr);
    _exit(127);
  }
  close(out[1]);
  std::string line;
  char c = 0;
  while (read(out[0], &c, 1) == 1 && c != '\n') line += c;
  constexpr std::string_view kStart = "listening on https://127.0.0.1:";
  ASSERT_TRUE(line.starts_with(kStart)) << line;
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(kStart.size())));
  EXPECT_EQ(At(Stats(port, true), "/requests"), 0);
  kill(child, SIGTERM);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  close(out[0]);
}

}  // namespace
}  // namespace sfp::demo
