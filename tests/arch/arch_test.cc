// The house rules that a compiler does not check: which folder may include which, where the heavy
// dependencies live, that each folder has a README and that every path a README names exists.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = SFP_SOURCE_DIR;

// What each folder may include, beside itself and what those may include in turn.
const std::map<std::string, std::vector<std::string>> kLayers = {
    {"proto", {}},
    {"common/base", {}},
    {"common/net", {"common/base"}},
    {"common/stats", {"common/base", "proto"}},
    {"common/plan", {"common/base", "proto"}},
    {"common/scenario", {"common/base", "common/stats", "proto"}},
    {"common/config", {"common/base", "common/plan", "common/scenario", "proto"}},
    {"common/session", {"common/base", "proto"}},
    {"worker/engine", {"common/plan", "common/scenario", "common/stats"}},
    {"worker/http", {"worker/engine", "common/net"}},
    {"worker/agent", {"common/plan", "common/session", "common/stats"}},
    {"worker/control", {"common/net", "proto"}},
    {"worker/app", {"worker/agent", "worker/control", "worker/engine", "worker/http"}},
    {"worker", {"worker/app"}},
    {"master/results", {"common/base", "common/stats", "proto"}},
    {"master/capacity", {"master/results"}},
    {"master/assets", {}},
    {"master/forensics", {"master/results"}},
    {"master/report",
     {"common/config", "master/assets", "master/capacity", "master/forensics", "master/results"}},
    {"master/compare", {"master/report", "master/results"}},
    {"master/import", {"common/config", "common/scenario"}},
    {"master/coordinator", {"common/plan", "common/session", "master/capacity", "master/results"}},
    {"master/control", {"common/net", "proto"}},
    {"master/web", {"common/net", "master/report"}},
    {"master/app",
     {"common/config", "master/compare", "master/control", "master/coordinator", "master/import",
      "master/report", "master/web"}},
    {"master", {"master/app"}},
};

// Where a dependency that is heavy to compile, or that must stay replaceable, may be included.
const std::vector<std::pair<std::string, std::regex>> kHeavy = {
    {"grpcpp/", std::regex("(master|worker)/control/.*\\.cc")},
    {"control.grpc.pb.h", std::regex("(master|worker)/control/.*\\.cc")},
    {"yaml-cpp/", std::regex("common/config/[a-z_]+\\.cc")},
    {"boost/beast", std::regex("(worker/http|common/net)/.*")},
    {"openssl/", std::regex("(worker/http|common/net)/.*")},
    {"CLI/", std::regex("(master|worker)/app/.*|tests/demo_api/.*")},
};

struct Include {
  std::string file;    // that includes, relative to the root
  std::string target;  // what stands in the quotes
  int line;
};

std::string Relative(const fs::path& path) { return fs::relative(path, kRoot).generic_string(); }

std::vector<fs::path> FilesBelow(const std::string& top, const std::set<std::string>& endings) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
    if (entry.is_regular_file() && endings.contains(entry.path().extension().string())) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Include> Includes(const std::vector<std::string>& tops) {
  static const std::regex kInclude("^#include [<\"]([^>\"]+)[>\"]");
  std::vector<Include> includes;
  for (const std::string& top : tops) {
    for (const fs::path& file : FilesBelow(top, {".h", ".cc"})) {
      std::ifstream in(file);
      std::string text;
      for (int line = 1; std::getline(in, text); ++line) {
        std::smatch match;
        if (std::regex_search(text, match, kInclude)) {
          includes.push_back({Relative(file), match[1], line});
        }
      }
    }
  }
  return includes;
}

void AddReachable(const std::string& folder, std::set<std::string>& reachable) {
  if (!reachable.insert(folder).second) return;
  for (const std::string& next : kLayers.at(folder)) AddReachable(next, reachable);
}

std::string Folder(const std::string& path) { return path.substr(0, path.rfind('/')); }

TEST(Architecture, IncludesPointDown) {
  const auto includes = Includes({"common", "worker", "master"});
  ASSERT_GT(includes.size(), 100u);
  for (const Include& include : includes) {
    const std::string from = Folder(include.file);
    ASSERT_TRUE(kLayers.contains(from)) << from << " is not in the table of layers";
    const std::string to = include.target.starts_with("sfp/v1/") ? "proto" : Folder(include.target);
    if (!kLayers.contains(to)) continue;  // a header from outside
    std::set<std::string> reachable;
    AddReachable(from, reachable);
    EXPECT_TRUE(reachable.contains(to)) << include.file << ":" << include.line << " includes "
                                        << include.target << ": " << from << " may not use " << to;
  }
}

TEST(Architecture, HeavyDependenciesLiveInFewFiles) {
  for (const Include& include : Includes({"common", "worker", "master", "tests/demo_api"})) {
    for (const auto& [dependency, allowed] : kHeavy) {
      if (include.target.find(dependency) == std::string::npos) continue;
      EXPECT_TRUE(std::regex_match(include.file, allowed))
          << include.file << ":" << include.line << " includes " << include.target;
    }
  }
}

TEST(Architecture, YamlCppStaysInOneFile) {
  std::set<std::string> files;
  for (const Include& include : Includes({"common", "worker", "master"})) {
    if (include.target.starts_with("yaml-cpp/")) files.insert(include.file);
  }
  EXPECT_EQ(files.size(), 1u);
}

// Measurements, deadlines and plans use common/base/time.h. The wall clock is for people (names,
// logs, dates of certificates, of cookies and in templates), for gRPC's deadlines, and for a run
// that goes on behind a reboot.
TEST(Architecture, WallClocksAreReadInFewFiles) {
  static const std::regex kReads(
      "system_clock|CLOCK_REALTIME|gettimeofday|utc_clock|(^|[^A-Za-z_.:>])time\\((nullptr|NULL|0|&"
      ")");
  static const std::set<std::string> kAllowed = {
      "common/base/clock_watch.cc", "common/base/log.cc",
      "common/net/http_server.cc",  "master/app/resume.cc",
      "master/app/run_folder.cc",   "master/control/control_server.cc",
      "proto/callback_threads.cc",  "worker/app/engine_thread.cc"};
  std::set<std::string> found;
  for (const char* top : {"common", "worker", "master", "proto"}) {
    for (const fs::path& file : FilesBelow(top, {".h", ".cc"})) {
      std::ifstream in(file);
      std::string line;
      for (int number = 1; std::getline(in, line); ++number) {
        if (!std::regex_search(line.substr(0, line.find("//")), kReads)) continue;
        found.insert(Relative(file));
        EXPECT_TRUE(kAllowed.contains(Relative(file)))
            << Relative(file) << ":" << number << " reads a wall clock: " << line;
      }
    }
  }
  EXPECT_TRUE(found.contains("common/base/clock_watch.cc"));  // the search itself works
}

TEST(Architecture, EveryFolderHasAReadme) {
  for (const auto& [folder, unused] : kLayers) {
    EXPECT_TRUE(fs::exists(kRoot / folder / "README.md")) << folder;
  }
  for (const char* folder : {"common", "tests", "deploy"}) {
    EXPECT_TRUE(fs::exists(kRoot / folder / "README.md")) << folder;
  }
}

// A path is what stands in backquotes, holds a slash or a known ending, and no space, star or
// brace.
TEST(Architecture, PathsNamedInReadmesExist) {
  static const std::regex kPath("`([A-Za-z0-9_.][A-Za-z0-9_./-]*)`");
  static const std::regex kLooksLikeFile(
      "([a-z0-9_.-]+/"
      ")*[A-Za-z0-9_-]+\\.(h|cc|proto|md|sh|js|mjs|css|html|yaml|txt|csv)|([a-z0-9_-]+/)+");
  static const std::set<std::string> kMadeByRuns = {
      "config.yaml",          "report.md",    "report.html",    "stats.csv",
      "stats_history.csv",    "failures.csv", "exceptions.csv", "PREFIX_stats.csv",
      "config.resolved.yaml", "terms.csv",    "runs/",          "build/",
      "build/release/bin/"};
  std::vector<fs::path> readmes = {kRoot / "README.md"};
  for (const char* top : {"common", "worker", "master", "proto", "tests", "deploy"}) {
    for (const fs::path& file : FilesBelow(top, {".md"})) {
      if (file.filename() == "README.md") readmes.push_back(file);
    }
  }
  int paths = 0;
  for (const fs::path& readme : readmes) {
    std::ifstream in(readme);
    std::stringstream text;
    text << in.rdbuf();
    const std::string content = text.str();
    for (std::sregex_iterator match(content.begin(), content.end(), kPath), end; match != end;
         ++match) {
      const std::string path = (*match)[1];
      if (!std::regex_match(path, kLooksLikeFile) || kMadeByRuns.contains(path)) continue;
      ++paths;
      EXPECT_TRUE(fs::exists(readme.parent_path() / path) || fs::exists(kRoot / path) ||
                  fs::exists(kRoot / "proto" / path))
          << Relative(readme) << " names " << path;
    }
  }
  EXPECT_GT(paths, 20);
}

TEST(Architecture, SourcesOpenWithPragmaOnceAndTheirContract) {
  for (const char* top : {"common", "worker", "master"}) {
    for (const fs::path& file : FilesBelow(top, {".h"})) {
      std::ifstream in(file);
      std::stringstream text;
      text << in.rdbuf();
      EXPECT_TRUE(text.str().starts_with("#pragma once\n\n// ")) << Relative(file);
      EXPECT_NE(text.str().find("Thread:"), std::string::npos)
          << Relative(file) << " does not say on which thread it lives";
    }
  }
}

}  // namespace
