// The programs as people start them on several machines: certificates and a token from the
// environment, workers and masters that do not belong together, strangers in the middle of a run,
// and secrets, which no output, file or page may hold.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/base/units.h"
#include "tests/e2e/cluster.h"
#include "tests/support/probe.h"

namespace sfp::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using ::testing::HasSubstr;

class SecurityTest : public ::testing::Test {
 protected:
  void SetUp() override { Certs("c"); }

  void Certs(const std::string& name) const {
    Process certs({Binary("sfp-master"), "certs", "--out", Dir(name), "--host", "localhost"});
    ASSERT_EQ(certs.Wait(seconds(20)), 0) << certs.err();
  }
  std::string Dir(const std::string& name) const { return (folder_.path() / name).string(); }
  // The master's address by the name that its certificate is for.
  static std::string ByName(Master& master) {
    const std::string address = master.address();
    return "localhost" + address.substr(address.rfind(':'));
  }
  std::unique_ptr<Process> WorkerWith(const std::string& master,
                                      std::map<std::string, std::string> environment,
                                      std::vector<std::string> options = {}) const {
    std::vector<std::string> command = {Binary("sfp-worker"), "--master", master, "--threads", "1"};
    command.insert(command.end(), options.begin(), options.end());
    return std::make_unique<Process>(command, Process::Options{.environment = environment});
  }

  TemporaryFolder folder_;
};

std::vector<std::string> Headless(std::vector<std::string> more) {
  std::vector<std::string> options = {"--headless", "--users", "20", "--spawn-rate", "1000"};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

TEST_F(SecurityTest, VariablesAreEnoughForTheTwoCommands) {
  DemoApi api({"--speed", "20"});
  Master master({ExampleConfig(api.url(), 20),
                 Headless({"--workers", "2", "--run-time", "3s", "--listen", "0.0.0.0:0"}),
                 {{"SFP_TLS_DIR", Dir("c/master")}}});
  const std::string address = ByName(master);
  const auto one = WorkerWith(address, {{"SFP_TLS_DIR", Dir("c/worker")}});
  const auto two = WorkerWith(address, {{"SFP_TLS_DIR", Dir("c/worker")}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  EXPECT_EQ(one->Wait(seconds(10)), 0) << one->err();
  EXPECT_EQ(two->Wait(seconds(10)), 0) << two->err();
  EXPECT_THAT(master.process().err(), HasSubstr("with a certificate and the join token"));
  const json::object report = master.Report();
  ExpectAddsUp(report);
  EXPECT_EQ(Int(report.at("totals").at("started")), Int(api.Stop().at("requests")));
}

TEST_F(SecurityTest, WhoDoesNotBelongIsRefusedWithTheRemedyOnBothSides) {
  Certs("other");
  std::filesystem::copy(Dir("c/worker"), Dir("tokenless"));
  std::filesystem::remove(Dir("tokenless") + "/token");
  Master master({ExampleConfig("http://localhost:1", 20),
                 Headless({"--workers", "1", "--workers-timeout", "60s", "--listen", "0.0.0.0:0"}),
                 {{"SFP_TLS_DIR", Dir("c/master")}}});
  const std::string address = ByName(master);
  const std::string by_number = "127.0.0.1" + address.substr(address.rfind(':'));
  const struct {
    std::string address;
    std::map<std::string, std::string> environment;
    std::string worker, master;
  } cases[] = {
      {address,
       {},
       "speaks TLS: give this worker --tls-dir",
       "it speaks plain text, this port TLS"},
      {address,
       {{"SFP_TLS_DIR", Dir("other/worker")}},
       "is not signed by the authority in " + Dir("other/worker") + "/ca.pem",
       "it does not trust this master's certificate"},
      {by_number,
       {{"SFP_TLS_DIR", Dir("c/worker")}},
       "is for localhost, not for 127.0.0.1: give --master one of these names",
       "it rejects this master's certificate, which is for localhost"},
      {address,
       {{"SFP_TLS_DIR", Dir("tokenless")}},
       "it has no join token: give the worker --token-file or SFP_TOKEN",
       "it has no join token: give the worker --token-file or SFP_TOKEN"},
      {address,
       {{"SFP_TLS_DIR", Dir("c/worker")}, {"SFP_TOKEN", "not-the-masters"}},
       "its join token is not the master's",
       "its join token is not the master's"},
      {address, {{"SFP_TLS_DIR", Dir("c")}}, "say --tls-dir " + Dir("c/worker"), ""},
      {address, {{"SFP_TLS_DIR", Dir("c/master")}}, "is a master's certificate", ""},
      {address, {{"SFP_TOKEN", "short"}}, "a join token has 8 to 1024 characters", ""},
  };
  for (const auto& c : cases) {
    const auto worker = WorkerWith(c.address, c.environment);
    EXPECT_EQ(worker->Wait(seconds(20)), 2) << worker->err();
    EXPECT_THAT(worker->err(), HasSubstr(c.worker));
    EXPECT_TRUE(Eventually([&] {
      return master.process().err().find(c.master) != std::string::npos;
    })) << c.master
        << " is not in " << master.process().err();
  }
  master.process().Signal(SIGTERM);
  EXPECT_TRUE(master.process().Wait(seconds(20)).has_value());
}

TEST_F(SecurityTest, ATargetThatAWorkerMayNotLoadEndsTheRunWithExitCodeThree) {
  DemoApi api({});
  Master master({ExampleConfig(api.url(), 20), Headless({"--workers", "1", "--run-time", "3s"})});
  const auto worker =
      WorkerWith(master.address(), {{"SFP_ALLOW_TARGET", "api.example,[::1]:8443"}});
  EXPECT_EQ(master.process().Wait(seconds(30)), 3) << master.process().err();
  EXPECT_THAT(master.process().err(), HasSubstr("is not in this worker's --allow-target"));
  EXPECT_EQ(Int(api.Stop().at("connections").at("accepted")), 0);
}

// Connects, says something, and stays.
int Knock(std::uint16_t port, std::string_view says) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  if (!says.empty()) send(fd, says.data(), says.size(), MSG_NOSIGNAL);
  return fd;
}

TEST_F(SecurityTest, StrangersInTheMiddleOfARunChangeNothing) {
  for (const bool tls : {false, true}) {
    DemoApi api({"--speed", "20"});
    std::map<std::string, std::string> master_has, worker_has;
    if (tls) {
      master_has = {{"SFP_TLS_DIR", Dir("c/master")}};
      worker_has = {{"SFP_TLS_DIR", Dir("c/worker")}};
    }
    Master master({ExampleConfig(api.url(), 20), Headless({"--workers", "2", "--run-time", "5s"}),
                   master_has});
    const std::string address = ByName(master);
    const auto one = WorkerWith(address, worker_has);
    const auto two = WorkerWith(address, worker_has);
    ASSERT_TRUE(Eventually(
        [&] { return master.process().err().find("the run starts") != std::string::npos; }));
    const std::uint16_t port = ParseHostPort(address)->port;
    std::vector<int> strangers;
    const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (int i = 0; i < 1000; ++i) {
      static const std::string kSaid[] = {"", "\x16\x03\x01", std::string("\0\1\2\3", 4),
                                          "GET / HTTP/1.1\r\n\r\n"};
      strangers.push_back(Knock(port, i % 5 == 4 ? preface + "nonsense" : kSaid[i % 5]));
    }
    EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
    EXPECT_EQ(one->Wait(seconds(10)), 0) << one->err();
    EXPECT_EQ(two->Wait(seconds(10)), 0) << two->err();
    for (const int fd : strangers) close(fd);
    const json::object report = master.Report();
    ExpectAddsUp(report);
    for (const json::value& worker : report.at("run").at("workers").as_array()) {
      EXPECT_FALSE(worker.at("lost").as_bool());
      EXPECT_EQ(Int(worker.at("rejoined")), 0);
    }
    EXPECT_EQ(Int(report.at("totals").at("started")), Int(api.Stop().at("requests")));
    // Said, but not a thousand times.
    const std::string said = master.process().err();
    EXPECT_THAT(said, HasSubstr("it speaks HTTP/1 to the workers' port"));
    std::size_t lines = 0;
    for (auto at = said.find(" is refused: "); at != std::string::npos;
         at = said.find(" is refused: ", at + 1)) {
      ++lines;
    }
    EXPECT_LT(lines, 10u) << said;
  }
}

// All that programs of this run wrote anywhere.
class Written {
 public:
  void Add(const std::string& what, const std::string& text) { texts_[what] = text; }
  void AddFiles(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) Add(entry.path().string(), Content(entry.path()));
    }
  }
  void ExpectWithout(const std::string& secret) const {
    for (const auto& [what, text] : texts_) {
      EXPECT_EQ(text.find(secret), std::string::npos) << what << " holds '" << secret << "'";
    }
  }
  std::size_t size() const { return texts_.size(); }

 private:
  std::map<std::string, std::string> texts_;
};

TEST_F(SecurityTest, SecretsAreInNoOutputFileOrPage) {
  const std::string password = "pa55-w0rd/of+the=api", header = "tr0ub4dor-header";
  const std::string token = "join-token-0123456789", query = "key-in-a-query-42";
  const std::string bearer = "bearer-token-abcdef";
  for (const bool with_bearer : {false, true}) {
    DemoApi api({"--speed", "20"});
    const std::string auth = with_bearer ? "{bearer: \"${API_BEARER}\"}"
                                         : "{basic: {user: \"user\", password: \"${API_PW}\"}}";
    const std::string config = "target: {url: \"" + api.url() +
                               "\", base_path: /v1/staff-fee-privilege, auth: " + auth + R"(,
         headers: {X-Api-Key: "${API_HEADER}"}}
load: {users: 20, spawn_rate: 100, run_time: 4s}
users:
  u:
    wait: {constant: 50ms}
    tasks:
      refused: {get: "?term=201500&key=${API_QUERY}"}
      unexpected: {get: "?term=${API_QUERY}", expect: {status: 418}}
      body: {post: "/x", body: "${API_QUERY}", headers: {X-Other: "${API_HEADER}"}, expect: {status: 299}}
thresholds: ["failures < 1%"]
)";
    Written written;
    Master master({config,
                   Headless({"--workers", "1", "--log-level", "debug", "--web", "127.0.0.1:0"}),
                   {{"API_PW", password},
                    {"API_BEARER", bearer},
                    {"API_HEADER", header},
                    {"API_QUERY", query},
                    {"SFP_TOKEN", token},
                    {"SFP_TLS_DIR", Dir("c/master")}}});
    const std::string address = ByName(master);
    const auto stranger = WorkerWith(
        address, {{"SFP_TLS_DIR", Dir("c/worker")}, {"SFP_TOKEN", "wrong-token-9876543210"}},
        {"--log-level", "debug"});
    EXPECT_EQ(stranger->Wait(seconds(20)), 2);
    const auto worker =
        WorkerWith(address, {{"SFP_TLS_DIR", Dir("c/worker")}, {"SFP_TOKEN", token}},
                   {"--log-level", "debug"});
    ASSERT_TRUE(Eventually([&] {
      return master.process().err().find("20 users | ") != std::string::npos;
    })) << master.process().err();
    for (const char* page : {"/", "/api/v1/status", "/no/such/page"}) {
      const auto reply = support::Probe(master.web_port()).Ask("GET", page, "");
      ASSERT_TRUE(reply);
      written.Add(page, reply->head + reply->body);
    }
    const auto code = master.process().Wait(seconds(60));
    ASSERT_TRUE(code == 1 || code == 3) << *code << master.process().err();
    EXPECT_EQ(worker->Wait(seconds(10)), 0) << worker->err();
    // A report made again from the journal.
    Process again({Binary("sfp-master"), "report", master.out().string()});
    EXPECT_EQ(again.Wait(seconds(20)), 0) << again.err();
    EXPECT_GT(Int(master.Report().at("totals").at("failures")), 10);

    written.Add("master stdout", master.process().out());
    written.Add("master stderr", master.process().err());
    written.Add("worker stdout", worker->out());
    written.Add("worker stderr", worker->err());
    written.Add("stranger stderr", stranger->err());
    written.Add("report stdout", again.out() + again.err());
    written.AddFiles(master.out());
    EXPECT_GT(written.size(), 10u);
    const std::string dir_token = Content(Dir("c/worker/token")).substr(0, 64);
    for (const std::string& secret :
         {password, header, token, query, bearer, dir_token, std::string("wrong-token-9876543210"),
          Base64("user:" + password), Base64(password)}) {
      written.ExpectWithout(secret);
    }
    api.Stop();
  }
}

TEST_F(SecurityTest, CheckShowsNoSecretEither) {
  const std::string config =
      folder_.Write("c.yaml",
                    "target: {url: \"http://localhost:1\", auth: {basic: {user: u, password: "
                    "\"${API_PW}\"}}, headers: {X-Key: \"${API_PW}\"}}\n"
                    "load: {users: 1, spawn_rate: 1, run_time: 1s}\n"
                    "users: {u: {wait: {constant: 1s}, tasks: {t: {get: \"/?k=${API_PW}\"}}}}\n");
  Process check({Binary("sfp-master"), "check", "--config", config},
                {.environment = {{"API_PW", "pa55-w0rd-of-mine"}}});
  EXPECT_EQ(check.Wait(seconds(20)), 0) << check.err();
  EXPECT_THAT(check.out(), HasSubstr("is valid"));
  EXPECT_EQ((check.out() + check.err()).find("pa55-w0rd-of-mine"), std::string::npos)
      << check.out();
}

}  // namespace
}  // namespace sfp::test
