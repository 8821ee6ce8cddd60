// sfp-bench: what `make bench` runs.
//
//   sfp-bench [--quick | --smoke] [--rounds N] [--seconds S] [--json FILE] [CASE…]
//
// CASE is a case's name or a part of several; without one all are run. --quick: one short round
// each. --smoke: the shortest that still counts requests, with few users; its figures mean nothing.
// Exit code 1 if a generator failed or counts disagree, whatever the ratios; 77 if wrk or nginx is
// missing.

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "tests/bench/macro/cases.h"
#include "tests/bench/macro/machine.h"

namespace sfp::bench {
namespace {

constexpr int kMissing = 77;  // what ctest takes for "skipped"

struct Options {
  Effort effort;
  std::string json;
  std::vector<std::string> wanted;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
    if (option == "--quick") {
      options.effort.rounds = 1;
      options.effort.times = {.window = 0.7, .settle = 0.3};
    } else if (option == "--smoke") {
      options.effort = {.rounds = 1,
                        .times = {.window = 0.2, .settle = 0.1, .figures_matter = false},
                        .tiny = true};
    } else if (option == "--rounds") {
      options.effort.rounds = std::max(1, std::atoi(value().c_str()));
    } else if (option == "--seconds") {
      options.effort.times.window = std::max(0.1, std::atof(value().c_str()));
    } else if (option == "--json") {
      options.json = value();
    } else if (option.starts_with("-")) {
      std::fprintf(stderr,
                   "usage: sfp-bench [--quick | --smoke] [--rounds N] [--seconds S] "
                   "[--json FILE] [CASE...]\n");
      std::exit(2);
    } else {
      options.wanted.push_back(option);
    }
  }
  return options;
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& part : {SpeedCases(), MemoryCases(), TimelinessCases(), AloneCases(),
                           OpenCases(), EnduranceCases(), MicroCases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// Of the cases that are called so, or else of those that have it in their name.
bool Wanted(const std::vector<std::string>& wanted, const std::vector<Case>& all, const Case& one) {
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
           const bool exact = std::any_of(all.begin(), all.end(),
                                          [&](const Case& other) { return other.name == text; });
           return exact ? one.name == text : one.name.find(text) != std::string::npos;
         });
}

void WriteJson(const std::string& file, const std::vector<Row>& rows) {
  boost::json::array troubles(Troubles().begin(), Troubles().end());
  const boost::json::object all{{"schema", "sfp.bench/1"},
                                {"machine", DescribeMachine()},
                                {"rows", ToJson(rows)},
                                {"troubles", std::move(troubles)}};
  std::ofstream(file) << boost::json::serialize(all) << "\n";
}

int Main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  if (!test::Nginx::Installed() || !WrkInstalled()) {
    std::fprintf(stderr, "nginx and wrk are needed: deploy/install-dependencies.sh test\n");
    return kMissing;
  }
  SettleDown();
  std::vector<Row> rows;
  const std::vector<Case> all = AllCases();
  for (const Case& one : all) {
    if (!Wanted(options.wanted, all, one)) continue;
    try {
      for (Row& row : one.run(one, options.effort)) rows.push_back(std::move(row));
    } catch (const std::exception& error) {
      Trouble(one.name, error.what());
    }
  }
  if (rows.empty() && Troubles().empty()) {
    std::fprintf(stderr, "there is no such case\n");
    return 2;
  }
  std::printf("%s\n\n%s", DescribeMachine().c_str(), FormatTable(rows).c_str());
  for (const std::string& trouble : Troubles()) std::printf("TROUBLE  %s\n", trouble.c_str());
  if (!options.json.empty()) WriteJson(options.json, rows);
  return Troubles().empty() ? 0 : 1;
}

}  // namespace

std::vector<std::string>& Troubles() {
  static std::vector<std::string> troubles;
  return troubles;
}

void Trouble(const std::string& name, const std::string& what) {
  Troubles().push_back(name + ": " + what);
  Say("TROUBLE " + Troubles().back());
}

void Say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

std::string ConfigOf(const Server& server, const std::string& load, const std::string& wait,
                     const std::string& more_of_target) {
  return "target: {url: \"" + server.url() + "\", tls: {verify: false}" + more_of_target +
         "}\nload: " + load + "\nusers: {u: {" + wait + "tasks: {t: {get: /}}}}\n";
}

std::string SourceList(int users) {
  constexpr int kEach = 10'000;
  std::string list;
  for (int i = 0; i * kEach < users; ++i) {
    list += (i > 0 ? ", " : "") + std::string("127.0.0.") + std::to_string(i + 2);
  }
  return "[" + list + "]";
}

std::string SourceAddresses(int users) {
  return users <= 10'000 ? "" : ", connections: {source_addresses: " + SourceList(users) + "}";
}

}  // namespace sfp::bench

int main(int argc, char** argv) { return sfp::bench::Main(argc, argv); }
