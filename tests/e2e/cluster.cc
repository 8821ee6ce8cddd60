#include "tests/e2e/cluster.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace sfp::test {
namespace json = boost::json;

namespace {

// The rest of the line behind `prefix` in a text that is still being written.
std::string After(const std::string& text, const std::string& prefix) {
  const auto at = text.find(prefix);
  if (at == std::string::npos) return "";
  const auto begin = at + prefix.size();
  const auto end = text.find_first_of(" \n", begin);
  return end == std::string::npos ? "" : text.substr(begin, end - begin);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no '" + from + "' in the configuration");
  return text.replace(at, from.size(), to);
}

}  // namespace

std::string Binary(const std::string& name) { return std::string(SFP_BIN_DIR) + "/" + name; }

DemoApi::DemoApi(std::vector<std::string> options) {
  // Idle connections stay open longer than any user thinks: here every request is to be answered.
  std::vector<std::string> command = {
      Binary("sfp-demo-api"),           "--port", "0", "--keepalive-timeout", "200s", "--log",
      (folder_.path() / "log").string()};
  command.insert(command.end(), options.begin(), options.end());
  process_ = std::make_unique<Process>(command);
  if (!Eventually([this] { return !After(process_->out(), "listening on ").empty(); })) {
    throw std::runtime_error("the demo API does not listen: " + process_->err());
  }
  url_ = After(process_->out(), "listening on ");
}

json::object DemoApi::Stop() {
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(std::chrono::seconds(10)), 0) << process_->err();
  const std::string out = process_->out();
  return json::parse(out.substr(out.find('{'))).as_object();
}

std::vector<std::string> DemoApi::SortedLog() const {
  std::istringstream in(Content(folder_.path() / "log"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

Master::Master(const MasterSetup& setup) {
  std::vector<std::string> command = {Binary("sfp-master"), "--config",
                                      folder_.Write("test.yaml", setup.config), "--out",
                                      out().string()};
  const auto given = [&](const char* option) {
    return std::find(setup.options.begin(), setup.options.end(), option) != setup.options.end();
  };
  if (!given("--listen")) command.insert(command.end(), {"--listen", "127.0.0.1:0"});
  if (!given("--web")) command.push_back("--no-web");
  command.insert(command.end(), setup.options.begin(), setup.options.end());
  process_ = std::make_unique<Process>(
      command, Process::Options{.folder = folder_.path(), .environment = setup.environment});
}

std::string Master::address() {
  const std::string said = "workers join at ";
  if (!Eventually([&] { return !After(process_->err(), said).empty(); })) {
    throw std::runtime_error("the master does not listen: " + process_->err());
  }
  return After(process_->err(), said);
}

std::uint16_t Master::web_port() const {
  return static_cast<std::uint16_t>(
      std::stoi(After(process_->err(), "web UI on http://127.0.0.1:")));
}

json::object Master::Report() const {
  const std::string text = Content(out() / "report.json");
  if (text.empty()) throw std::runtime_error("no report.json: " + process_->err());
  return json::parse(text).as_object();
}

std::unique_ptr<Process> StartWorker(const std::string& master, std::vector<std::string> options) {
  std::vector<std::string> command = {Binary("sfp-worker"), "--master", master};
  command.insert(command.end(), options.begin(), options.end());
  return std::make_unique<Process>(command);
}

std::string ExampleConfig(const std::string& url, int speed) {
  std::string text = Content(std::string(SFP_SOURCE_DIR) + "/config-example.yaml");
  text = Replaced(text, "url: https://localhost:8080", "url: " + url);
  return Replaced(text, "uniform: [100ms, 5s]",
                  "uniform: [" + std::to_string(100'000 / speed) + "us, " +
                      std::to_string(5'000'000 / speed) + "us]");
}

std::int64_t Int(const json::value& value) { return value.to_number<std::int64_t>(); }

void ExpectAddsUp(const json::object& report) {
  std::map<std::string, std::int64_t> sums;
  const std::vector<std::string> counters = {"started", "requests",   "failures",      "in_flight",
                                             "skipped", "bytes_sent", "bytes_received"};
  for (const json::value& endpoint : report.at("endpoints").as_array()) {
    const json::object& row = endpoint.as_object();
    EXPECT_EQ(Int(row.at("started")), Int(row.at("requests")) + Int(row.at("in_flight")))
        << json::serialize(row.at("name"));
    EXPECT_LE(Int(row.at("failures")), Int(row.at("requests")));
    if (row.contains("apart")) continue;
    for (const std::string& counter : counters) sums[counter] += Int(row.at(counter));
  }
  for (const std::string& counter : counters) {
    EXPECT_EQ(Int(report.at("totals").as_object().at(counter)), sums[counter]) << counter;
  }
}

}  // namespace sfp::test
