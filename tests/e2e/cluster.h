#pragma once

// The real programs on this machine, as a user would start them, and their report read back. Ports
// are the system's choice, so that tests can run side by side.
//
// Thread: confined to the test's thread.

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace sfp::test {

std::string Binary(const std::string& name);  // of this build

// sfp-demo-api on a port of its own.
class DemoApi {
 public:
  explicit DemoApi(std::vector<std::string> options);
  const std::string& url() const { return url_; }
  // Ends it; what it counted.
  boost::json::object Stop();
  // The requests that it logged (with --log), sorted.
  std::vector<std::string> SortedLog() const;
  Process& process() { return *process_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
  std::string url_;
};

struct MasterSetup {
  std::string config;                // text of the YAML file
  std::vector<std::string> options;  // beside --config, --out, --listen and --no-web
  std::map<std::string, std::string> environment = {};
};

class Master {
 public:
  explicit Master(const MasterSetup& setup);
  Process& process() { return *process_; }
  std::filesystem::path out() const { return folder_.path() / "out"; }
  // Where workers join; waits until it listens.
  std::string address();
  // Of the web side, if it was asked for.
  std::uint16_t web_port() const;
  boost::json::object Report() const;

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
};

std::unique_ptr<Process> StartWorker(const std::string& master,
                                     std::vector<std::string> options = {"--threads", "1"});

// The configuration of config-example.yaml against this URL with all waits divided by `speed`.
std::string ExampleConfig(const std::string& url, int speed);

// For each endpoint and the totals: started = succeeded + failed + in flight, and the endpoints
// that are not apart add up.
void ExpectAddsUp(const boost::json::object& report);

std::int64_t Int(const boost::json::value& value);

}  // namespace sfp::test
