// What a request and an idle user cost: this test's thread counts each allocation that it makes.

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/net/authority.h"
#include "tests/integration/http/harness.h"
#include "tests/support/raw_server.h"

// OpenSSL takes its memory from malloc, so that counting operator new is not enough. A sanitizer
// has an allocator of its own.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SFP_COUNTS_ALLOCATIONS 1
namespace {
thread_local std::int64_t allocations = 0;
thread_local std::int64_t live_bytes = 0;

void* Counted(void* memory) {
  ++allocations;
  live_bytes += static_cast<std::int64_t>(malloc_usable_size(memory));
  return memory;
}
}  // namespace

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
void* malloc(std::size_t size) { return Counted(__libc_malloc(size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return Counted(__libc_memalign(alignment, size));
}
void free(void* memory) {
  if (memory != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(memory));
  __libc_free(memory);
}
}
#else
#define SFP_COUNTS_ALLOCATIONS 0
namespace {
std::int64_t allocations = 0;
std::int64_t live_bytes = 0;
}  // namespace
#endif

namespace sfp::http {
namespace {

using support::Drain;
using support::RawServer;
using support::ReadRequest;
using support::Script;
using support::Send;

const std::string kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n" +
    std::string(2000, 'x');

// Counts only; copies nothing out.
struct Counter final : engine::ExchangeHandler {
  void OnExchange(engine::Exchange& exchange) override {
    ++done;
    good += exchange.sample.failure == nullptr && exchange.body.size() == 2000;
  }
  int done = 0;
  int good = 0;
};

TEST(Memory, ARequestOnAKeptConnectionAllocatesNothing) {
  if (!SFP_COUNTS_ALLOCATIONS) GTEST_SKIP() << "allocations can't be counted here";
  constexpr int kWarm = 20;
  constexpr int kCounted = 200;
  Script script;
  for (int i = 0; i < kWarm + kCounted; ++i) {
    script.insert(script.end(), {ReadRequest(), Send(kAnswer)});
  }
  script.push_back(Drain());
  RawServer server({script});
  Harness harness(server.port());
  auto connection = harness.Connect();
  Counter counter;
  std::int64_t before = 0;
  for (int i = 0; i < kWarm + kCounted; ++i) {
    if (i == kWarm) before = allocations;
    connection->Start({.bytes = kGet, .keep_body = true, .timeout = Duration(60'000'000'000)},
                      counter);
    while (counter.done == i) harness.reactor().Turn(kNever);
  }
  EXPECT_GT(before, 0);  // it does count
  EXPECT_EQ(allocations - before, 0);
  EXPECT_EQ(counter.good, kWarm + kCounted);
}

// Bytes per connection that has had one answer and is idle.
std::int64_t IdleBytes(const Destination& destination, int users) {
  Harness harness(destination);
  std::vector<std::unique_ptr<engine::Connection>> connections;
  connections.reserve(static_cast<std::size_t>(users) + 1);
  Counter counter;
  const auto one = [&] {
    const int before = counter.done;
    connections.push_back(harness.Connect());
    connections.back()->Start({.bytes = kGet, .keep_body = true}, counter);
    while (counter.done == before) harness.reactor().Turn(kNever);
  };
  one();
  const std::int64_t before = live_bytes;
  for (int i = 0; i < users; ++i) one();
  EXPECT_EQ(counter.good, users + 1);
  return (live_bytes - before) / users;
}

TEST(Memory, AnIdleUserHoldsLessThanAKilobyte) {
  if (!SFP_COUNTS_ALLOCATIONS) GTEST_SKIP() << "allocations can't be counted here";
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  RawServer server({{ReadRequest(), Send(kAnswer), Drain()}});
  const std::int64_t each =
      IdleBytes(To("127.0.0.1", server.port()), files.rlim_cur >= 1000 ? 400 : 40);
  RecordProperty("bytes_per_idle_user", static_cast<int>(each));
  EXPECT_LT(each, 1000);
}

// The server's session tickets come behind the request. With a buffer kept it would be 36 KB.
TEST(Memory, AnIdleTlsUserHoldsNoBuffers) {
  if (!SFP_COUNTS_ALLOCATIONS) GTEST_SKIP() << "allocations can't be counted here";
  const auto key = *net::GenerateSelfSigned(std::vector<std::string>{"localhost"});
  RawServer server({{ReadRequest(), Send(kAnswer), Drain()}},
                   {.tls = *net::TlsContext::Server({key.cert_pem, key.key_pem})});
  Destination destination = To("127.0.0.1", server.port());
  destination.tls = *net::TlsContext::Client({.verify = false});
  destination.server_name = "localhost";
  const std::int64_t each = IdleBytes(destination, 40);
  RecordProperty("bytes_per_idle_tls_user", static_cast<int>(each));
  EXPECT_LT(each, 28'000);
  EXPECT_GT(each, 8'000);  // else it does not count what OpenSSL takes
}

}  // namespace
}  // namespace sfp::http
