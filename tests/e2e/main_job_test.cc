// The main job with real processes: what the report says is what the server counted.

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/e2e/cluster.h"

namespace sfp::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

// The server's counts of one route, as {"200": n, …}, beside the report's of one endpoint.
void ExpectSameStatuses(const json::object& report, const json::object& stats,
                        const std::string& endpoint) {
  for (const json::value& row : report.at("endpoints").as_array()) {
    if (row.at("name").as_string() != endpoint) continue;
    EXPECT_EQ(json::serialize(row.at("status")), json::serialize(stats.at("routes").at(endpoint)))
        << endpoint;
    return;
  }
  ADD_FAILURE() << "no endpoint " << endpoint;
}

void ExpectEqualsServer(const json::object& report, const json::object& stats) {
  ExpectAddsUp(report);
  const json::object& totals = report.at("totals").as_object();
  EXPECT_GT(Int(totals.at("requests")), 100);
  EXPECT_EQ(Int(totals.at("in_flight")), 0);
  EXPECT_EQ(Int(totals.at("started")), Int(stats.at("requests")));
  EXPECT_EQ(Int(totals.at("requests")), Int(stats.at("responses")));
  EXPECT_EQ(Int(totals.at("bytes_sent")), Int(stats.at("bytes_received")));
  EXPECT_EQ(Int(totals.at("bytes_received")), Int(stats.at("bytes_sent")));
  for (const char* endpoint : {"by_term", "by_osu_id", "by_id", "bad_request"}) {
    ExpectSameStatuses(report, stats, endpoint);
  }
}

TEST(MainJob, TheReportEqualsWhatTheServerCounted) {
  for (const std::string tls : {"", "--tls"}) {
    std::vector<std::string> options = {"--speed", "20"};
    if (!tls.empty()) options.push_back(tls);
    DemoApi api(options);
    Master master({ExampleConfig(api.url(), 20),
                   {"--local-workers", "2", "--headless", "--users", "30", "--spawn-rate", "30",
                    "--run-time", "5s", "--seed", "7"}});
    // Its thresholds (p95 < 500 ms and so on) hold on a server 20 times as fast.
    EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
    const json::object report = master.Report();
    ExpectEqualsServer(report, api.Stop());
    EXPECT_EQ(report.at("run").at("seed").to_number<int>(), 7);
    EXPECT_EQ(report.at("run").at("workers").as_array().size(), 2u);
    EXPECT_NE(master.process().out().find("by_osu_id"), std::string::npos);
    EXPECT_EQ((master.process().out() + master.process().err()).find('\x1b'), std::string::npos);
    EXPECT_NE(master.process().out().find(master.out().string()), std::string::npos);
  }
}

TEST(MainJob, ASweepGivesARowForEachLevel) {
  DemoApi api({"--speed", "20"});
  Master master(
      {ExampleConfig(api.url(), 20),
       {"--local-workers", "2", "--headless", "--sweep", "5,10,20", "--step-time", "4s"}});
  EXPECT_EQ(master.process().Wait(seconds(90)), 0) << master.process().err();
  const json::object report = master.Report();
  ExpectEqualsServer(report, api.Stop());
  const json::array& rows = report.at("sweep").at("rows").as_array();
  ASSERT_EQ(rows.size(), 3u);
  const int users[] = {5, 10, 20};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Int(rows[i].at("users")), users[i]);
    EXPECT_GT(Int(rows[i].at("requests")), 0);
  }
  const std::string table = Content(master.out() / "report.md");
  EXPECT_NE(table.find("| 20 |"), std::string::npos) << table;
}

TEST(MainJob, AProbeIsASweepOfUsersWhoDoNotThink) {
  DemoApi api({"--speed", "20"});
  Master master(
      {ExampleConfig(api.url(), 20),
       {"--local-workers", "2", "--headless", "--probe", "--users", "3", "--step-time", "3s"}});
  EXPECT_EQ(master.process().Wait(seconds(90)), 0) << master.process().err();
  const json::object report = master.Report();
  ExpectEqualsServer(report, api.Stop());
  EXPECT_TRUE(report.at("sweep").at("probe").as_bool());
  const json::array& rows = report.at("sweep").at("rows").as_array();
  ASSERT_EQ(rows.size(), 3u);
  // With the think time of 128 ms it could not be so many.
  EXPECT_GT(Int(rows[0].at("requests")), 2 * 1000 / 128);
}

// Users and their random streams do not depend on how they are spread.
TEST(MainJob, TheSameSeedSendsTheSameRequestsForAnyNumberOfWorkers) {
  const std::string config = R"(
target: {url: URL, base_path: /v1/staff-fee-privilege, auth: {basic: {user: user, password: password}}}
load: {users: 50, spawn_rate: 500, run_time: 5s}
data:
  term: {values: ["201500", "201501", "201502"]}
  row: {range: {from: 1, to: 100000}, pick: unique}
  page: {range: {from: 1, to: 7}, pick: sequential}
users:
  reader:
    wait: {constant: 2s}
    on_start: [first]
    tasks:
      first: {weight: 0, get: "?term={{term}}&first=1"}
      unique: {weight: 2, get: "?term={{term}}&row={{row}}"}
      paged: {weight: 3, get: "?osuId=93{{page}}&page={{page}}"}
)";
  // A user sends at 0 s, 2 s and 4 s after its start within the first 0.1 s; the run ends at 5 s,
  // far from any of them.
  std::vector<std::vector<std::string>> logs;
  for (const std::string workers : {"1", "2", "7"}) {
    DemoApi api({"--service-time", "0"});
    std::string text = config;
    text.replace(text.find("URL"), 3, api.url());
    Master master({text, {"--local-workers", workers, "--headless", "--seed", "42"}});
    ASSERT_EQ(master.process().Wait(seconds(90)), 0) << master.process().err();
    ExpectAddsUp(master.Report());
    api.Stop();
    logs.push_back(api.SortedLog());
    EXPECT_EQ(logs.back().size(), 50u * 4);
  }
  EXPECT_EQ(logs[0], logs[1]);
  EXPECT_EQ(logs[0], logs[2]);
}

constexpr const char* kFiles[] = {"report.json",       "report.md",    "stats.csv",
                                  "stats_history.csv", "failures.csv", "exceptions.csv",
                                  "latency.hlog",      "junit.xml",    "config.resolved.yaml"};

// A run's directory after `report` has made all of it anew.
void ExpectRebuilt(const std::filesystem::path& run) {
  std::map<std::string, std::string> files;
  for (const char* name : kFiles) {
    files[name] = Content(run / name);
    EXPECT_FALSE(files[name].empty()) << name;
    std::filesystem::remove(run / name);
  }
  Process again({Binary("sfp-master"), "report", run.string()});
  ASSERT_EQ(again.Wait(seconds(20)), 0) << again.err();
  for (const auto& [name, text] : files) EXPECT_EQ(Content(run / name), text) << name;
}

// Each file is there on every way out, and the journal alone gives the same bytes.
TEST(MainJob, ReportRebuildsTheSameFilesFromTheJournal) {
  DemoApi api({"--speed", "20"});
  const TemporaryFolder folder;
  const std::string prefix = (folder.path() / "tables" / "night").string();
  {
    Master master({ExampleConfig(api.url(), 20),
                   {"--local-workers", "1", "--headless", "--users", "5", "--spawn-rate", "50",
                    "--run-time", "3s", "--csv", prefix, "--json"}});
    ASSERT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
    EXPECT_EQ(master.process().out(), Content(master.out() / "report.json"));
    EXPECT_NE(master.process().err().find("verdict: "), std::string::npos);
    for (const char* name : {"stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv"}) {
      EXPECT_EQ(Content(prefix + "_" + name), Content(master.out() / name)) << name;
    }
    ExpectRebuilt(master.out());
  }
  const std::vector<std::string> endless = {
      "--local-workers", "1",   "--headless", "--users",       "5", "--spawn-rate", "50",
      "--run-time",      "10m", "--csv",      prefix + "-live"};
  for (const int signal : {SIGINT, SIGTERM}) {
    for (const char* name : {"_stats.csv", "_failures.csv", "_exceptions.csv"}) {
      std::filesystem::remove(prefix + "-live" + name);
    }
    Master master({ExampleConfig(api.url(), 20), endless});
    ASSERT_TRUE(
        Eventually([&] { return master.process().err().find("5 users | ") != std::string::npos; }));
    EXPECT_TRUE(Eventually([&] {
      return Content(prefix + "-live_stats.csv").find("\n,Aggregated,") != std::string::npos &&
             !Content(prefix + "-live_exceptions.csv").empty();
    })) << "tables while the run is on";
    master.process().Signal(signal);
    ASSERT_EQ(master.process().Wait(seconds(30)), 130) << master.process().err();
    EXPECT_NE(Content(master.out() / "junit.xml").find("The run ended early: "), std::string::npos);
    ExpectRebuilt(master.out());
  }
}

TEST(MainJob, ACsvPrefixThatCannotBeWrittenIsFoundBeforeAnythingIsSent) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("file", "");
  Master master({ExampleConfig("http://127.0.0.1:1", 20),
                 {"--local-workers", "1", "--headless", "--csv", file + "/prefix"}});
  EXPECT_EQ(master.process().Wait(seconds(30)), 2);
  EXPECT_NE(master.process().err().find("--csv"), std::string::npos) << master.process().err();
}

TEST(MainJob, AFailedThresholdIsExitCodeOne) {
  DemoApi api({"--speed", "20"});
  std::string config = ExampleConfig(api.url(), 20);
  config.replace(config.find("- \"p95 < 500ms"), 14, "- \"p95 < 1us");
  Master master({config,
                 {"--local-workers", "1", "--headless", "--users", "2", "--spawn-rate", "50",
                  "--run-time", "2s"}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 1) << master.process().err();
}

// The same run as somebody at a terminal sees it (script makes one), with colours unwanted, on a
// dumb terminal, and in a pipe.
TEST(MainJob, ATerminalIsRedrawnAndColouredAsFarAsItCanAndMay) {
  DemoApi api({"--speed", "20"});
  const TemporaryFolder folder;
  const std::string config = folder.Write("test.yaml", ExampleConfig(api.url(), 20));
  const auto run = [&](const std::string& name, std::map<std::string, std::string> environment) {
    const std::string command = Binary("sfp-master") + " --config " + config + " --out " +
                                (folder.path() / name).string() +
                                " --headless --no-web --listen 127.0.0.1:0 --local-workers 1 "
                                "--users 5 --spawn-rate 50 --run-time 3s";
    environment.try_emplace("NO_COLOR", "");
    return std::make_unique<Process>(
        std::vector<std::string>{"script", "-qec", command, "/dev/null"},
        Process::Options{.environment = std::move(environment)});
  };
  const auto xterm = run("xterm", {{"TERM", "xterm"}});
  const auto plain = run("plain", {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  const auto dumb = run("dumb", {{"TERM", "dumb"}});
  const std::string redrawn = "\x1b[?7l", cleared = "F\x1b[J", coloured = "\x1b[1;3";
  const auto has = [](const Process& process, const std::string& text) {
    return process.out().find(text) != std::string::npos;
  };
  for (Process* process : {xterm.get(), plain.get(), dumb.get()}) {
    ASSERT_EQ(process->Wait(seconds(60)), 0) << process->out();
    const auto verdict = process->out().rfind("verdict: ");
    ASSERT_NE(verdict, std::string::npos);
    EXPECT_LT(process->out().rfind("report: "), verdict) << "the verdict comes last";
    EXPECT_TRUE(has(*process, " req/s | "));
  }
  EXPECT_TRUE(has(*xterm, redrawn) && has(*xterm, cleared) && has(*xterm, "verdict: " + coloured));
  EXPECT_TRUE(has(*plain, redrawn) && has(*plain, cleared) && !has(*plain, coloured));
  EXPECT_FALSE(has(*dumb, "\x1b")) << dumb->out();
}

TEST(MainJob, AThresholdThatIsBrokenForItsTimeEndsTheRunWithACompleteReport) {
  DemoApi api({"--speed", "20"});
  std::string config = ExampleConfig(api.url(), 20);
  config.replace(config.find("- \"p95 < 500ms\""), 15,
                 "- {check: \"by_term: p95 < 1us\", abort: true, for: 2s}");
  Master master({config,
                 {"--local-workers", "2", "--headless", "--users", "10", "--spawn-rate", "50",
                  "--run-time", "1h"}});
  EXPECT_EQ(master.process().Wait(seconds(120)), 1) << master.process().err();
  const json::object report = master.Report();
  ExpectEqualsServer(report, api.Stop());
  EXPECT_FALSE(report.at("run").at("interrupted").as_bool());
  const json::object& threshold = report.at("thresholds").at(0).as_object();
  EXPECT_TRUE(threshold.at("aborted").as_bool());
  EXPECT_FALSE(threshold.at("held").as_bool());
  const std::string said = "threshold by_term: p95 < 1us was broken for ";
  EXPECT_NE((master.process().out() + master.process().err()).find(said), std::string::npos)
      << master.process().err();
  EXPECT_NE(Content(master.out() / "junit.xml").find("it ended the run"), std::string::npos);
}

// Two runs of one thing and one of an API that is 30 % slower, side by side.
TEST(MainJob, CompareFindsWhatIsSlowerAndNothingElse) {
  const std::string exact = "--law=constant";
  DemoApi first({"--service-time", "100ms", exact}), second({"--service-time", "100ms", exact}),
      slower({"--service-time", "130ms", exact});
  std::vector<std::unique_ptr<Master>> masters;
  for (const DemoApi* api : {&first, &second, &slower}) {
    masters.push_back(std::make_unique<Master>(
        MasterSetup{ExampleConfig(api->url(), 20),
                    {"--local-workers", "1", "--headless", "--users", "5", "--spawn-rate", "50",
                     "--run-time", "14s", "--seed", "1"}}));
  }
  for (const auto& master : masters) {
    ASSERT_NE(master->process().Wait(seconds(90)), 3) << master->process().err();
  }
  const auto compare = [&](const std::string& a, const std::string& b, int exit_code) {
    Process process({Binary("sfp-master"), "compare", a, b});
    EXPECT_EQ(process.Wait(seconds(30)), exit_code) << process.out() << process.err();
    return process.out() + process.err();
  };
  const std::string a = masters[0]->out(), b = masters[1]->out(), c = masters[2]->out();
  EXPECT_NE(compare(a, b, 0).find("no significant regression"), std::string::npos);
  EXPECT_NE(compare(a, c, 1).find("p50 ms of Aggregated at 5 users: +"), std::string::npos);
  EXPECT_NE(compare(c, a, 0).find("better"), std::string::npos);
  EXPECT_NE(compare(a, a + "/nothing", 2).find("nothing"), std::string::npos);
}

TEST(MainJob, SecretsAreInNoOutput) {
  DemoApi api({"--speed", "20", "--password", "opensesame-4711"});
  Master master({ExampleConfig(api.url(), 20),
                 {"--local-workers", "2", "--headless", "--users", "5", "--spawn-rate", "50",
                  "--run-time", "2s", "--log-level", "debug"},
                 {{"SFP_API_PASSWORD", "opensesame-4711"}}});
  EXPECT_EQ(master.process().Wait(seconds(60)), 0) << master.process().err();
  // The server took the password, so the run did use it.
  EXPECT_FALSE(master.Report().at("totals").at("status").as_object().contains("401"));
  int files = 0;
  std::string everything = master.process().out() + master.process().err();
  for (const auto& entry : std::filesystem::directory_iterator(master.out())) {
    everything += Content(entry.path());
    ++files;
  }
  EXPECT_GE(files, 4);
  EXPECT_EQ(everything.find("opensesame"), std::string::npos);
  EXPECT_EQ(everything.find("dXNlcjpvcGVuc2VzYW1lLTQ3MTE="), std::string::npos);
}

}  // namespace
}  // namespace sfp::test
