// sfp-scale-bench: what a thousand workers cost one master, beside what their messages cost gRPC
// alone, one after the other on this machine; and how large a snapshot is.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "common/base/time.h"
#include "tests/bench/scale/load.h"
#include "tests/bench/scale/servers.h"
#include "tests/support/process.h"

namespace sfp::bench {
namespace {

struct Options {
  std::uint32_t workers = 1000;
  std::size_t endpoints = 20;
  std::uint64_t requests = 500;
  int seconds = 20;
};

struct Usage {
  double cpu_s = 0;
  double rss_mb = 0;
};

Usage UsageOf(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  for (int i = 0; i < 8; ++i) rest >> skipped;
  double pages = 0;
  rest >> pages;
  return {(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)),
          pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6};
}

struct Result {
  double cpu = 0;  // of one core
  double rss_mb = 0, growth_mb = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
  std::uint64_t sent = 0, acknowledged = 0;
};

// A child process before this one has any thread.
struct Server {
  pid_t process = 0;
  int port = 0;
};
Server Fork(const std::function<void(int port_to)>& serve) {
  int ends[2];
  if (pipe(ends) != 0) std::_Exit(1);
  Server server;
  server.process = fork();
  if (server.process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(ends[1]);
  }
  if (read(ends[0], &server.port, sizeof server.port) != sizeof server.port) std::_Exit(1);
  return server;
}

Result Measure(const Server& server, const Options& options,
               const std::vector<v1::Snapshot>& snapshots) {
  Load load("127.0.0.1:" + std::to_string(server.port), options.workers, snapshots);
  if (!load.UnderWay(120)) {
    std::fprintf(stderr, "the workers did not get under way\n");
    std::_Exit(1);
  }
  const Time warm = Now() + std::chrono::seconds(3);
  load.Pass(warm);
  load.Clear();
  const Usage before = UsageOf(server.process);
  const Time begin = Now();
  load.Pass(begin + std::chrono::seconds(options.seconds));
  const Usage after = UsageOf(server.process);
  const double elapsed = Seconds(Now() - begin);
  LoadFigures figures = load.Stop();
  std::sort(figures.ack_ms.begin(), figures.ack_ms.end());
  const auto at = [&](double q) {
    return figures.ack_ms.empty() ? 0.0
                                  : figures.ack_ms[static_cast<std::size_t>(
                                        q * static_cast<double>(figures.ack_ms.size() - 1))];
  };
  return {(after.cpu_s - before.cpu_s) / elapsed,
          after.rss_mb,
          after.rss_mb - before.rss_mb,
          at(0.5),
          at(0.99),
          at(1),
          figures.sent,
          figures.acknowledged};
}

void Print(const char* name, const Result& r) {
  std::printf("| %-9s | %7.3f | %7.1f | %+7.1f | %8.1f | %8.1f | %8.1f | %6llu | %6llu |\n", name,
              r.cpu, r.rss_mb, r.growth_mb, r.p50_ms, r.p99_ms, r.max_ms,
              static_cast<unsigned long long>(r.sent),
              static_cast<unsigned long long>(r.acknowledged));
}

void Append(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// HdrHistogram's V2 encoding, compressed: cookie and length around a deflated header and payload.
std::size_t CompressedBytes(const v1::Histogram& histogram) {
  if (histogram.count() == 0) return 0;
  std::string plain;
  Append(plain, 0x1c849313, 4);  // V2, word size 1
  Append(plain, histogram.counts().size(), 4);
  Append(plain, 0, 4);  // normalizing offset
  Append(plain, 3, 4);  // significant digits
  Append(plain, 1, 8);  // lowest
  Append(plain, 24ULL * 3600 * 1'000'000, 8);
  Append(plain, 0x3ff0000000000000, 8);  // ratio 1.0
  plain += histogram.counts();
  uLongf size = compressBound(plain.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(plain.data()), plain.size(), Z_DEFAULT_COMPRESSION);
  return size + 8;
}

void PrintSizes(const std::vector<v1::Snapshot>& snapshots) {
  std::size_t all = 0, ours = 0, hdr = 0;
  for (const v1::Snapshot& snapshot : snapshots) {
    all += snapshot.ByteSizeLong();
    const auto add = [&](const v1::Histogram& histogram) {
      if (histogram.count() == 0) return;
      ours += histogram.ByteSizeLong() + 3;
      hdr += CompressedBytes(histogram);
    };
    add(snapshot.lag());
    for (const v1::EndpointStats& endpoint : snapshot.endpoints()) {
      add(endpoint.response());
      add(endpoint.intended());
      for (const v1::Histogram& phase : endpoint.phases()) add(phase);
    }
  }
  const std::size_t n = snapshots.size();
  std::printf(
      "bytes per snapshot: %zu, of which histograms %zu; the same histograms in "
      "HdrHistogram V2 + zlib: %zu (ours / theirs: %.2f)\n",
      all / n, ours / n, hdr / n, static_cast<double>(ours) / static_cast<double>(hdr));
}

int Run(const Options& options) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  signal(SIGPIPE, SIG_IGN);
  const test::TemporaryFolder folder;
  const Server master = Fork([&](int port_to) {
    RunMaster(port_to, options.workers, options.endpoints, (folder.path() / "journal.pb").string());
  });
  const Server bare = Fork([&](int port_to) { RunBareServer(port_to, options.workers); });
  const std::vector<v1::Snapshot> snapshots =
      RecordSnapshots(64, options.endpoints, options.requests);

  std::printf("%u workers x %zu endpoints x 1 snapshot/s, %llu requests/s each\n", options.workers,
              options.endpoints, static_cast<unsigned long long>(options.requests));
  PrintSizes(snapshots);
  std::printf(
      "|           | cores   | RSS MB  | growth  | ack p50  | ack p99  | ack max  | sent   | "
      "acked  |\n");
  const Result alone = Measure(bare, options, snapshots);
  kill(bare.process, SIGKILL);
  Print("bare gRPC", alone);
  const Result ours = Measure(master, options, snapshots);
  Print("master", ours);
  kill(master.process, SIGKILL);
  std::printf("CPU of the master / bare gRPC: %.2f\n", ours.cpu / alone.cpu);
  while (wait(nullptr) > 0) continue;
  std::fflush(stdout);
  std::error_code ignored;
  std::filesystem::remove_all(folder.path(), ignored);
  std::_Exit(ours.acknowledged > 0 ? 0 : 1);  // gRPC's threads still run
}

}  // namespace
}  // namespace sfp::bench

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);
  sfp::bench::Options options;
  CLI::App app("What a thousand workers cost one master, beside gRPC alone.");
  app.add_option("--workers", options.workers)->capture_default_str();
  app.add_option("--endpoints", options.endpoints)->capture_default_str();
  app.add_option("--requests", options.requests, "per worker and second")->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return sfp::bench::Run(options);
}
