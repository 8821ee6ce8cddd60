#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "worker/http/response.h"

namespace sfp::http {
namespace {

// One response in as large pieces as the buffer takes.
void Read(Response& response, std::string_view bytes, bool keep) {
  response.Begin(false, keep, keep);
  auto progress = Response::Progress::kMore;
  while (progress == Response::Progress::kMore) {
    const std::span<char> space = response.Space();
    const std::size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    bytes.remove_prefix(n);
    progress = response.Received(n);
  }
  SFP_CHECK(progress == Response::Progress::kDone && bytes.empty());
  response.Release();
}

void ReadAgainAndAgain(benchmark::State& state, const std::string& message, bool keep) {
  BufferPool pool;
  const Limits limits;
  Response response(pool, limits);
  for (auto _ : state) Read(response, message, keep);
  state.SetBytesProcessed(static_cast<std::int64_t>(message.size()) * state.iterations());
}

// As nginx answers a file of six bytes.
void ResponseSmall(benchmark::State& state) {
  ReadAgainAndAgain(state,
                    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 03 Jan 2023 10:00:00 "
                    "GMT\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: "
                    "keep-alive\r\n\r\nhello\n",
                    false);
}
BENCHMARK(ResponseSmall);

// As many headers as an API behind a gateway sends, and a body that is kept.
void ResponseApi(benchmark::State& state) {
  std::string header = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 12; ++i) {
    header += "X-Some-Header-" + std::to_string(i) + ": a value of middling length, as usual\r\n";
  }
  header += "Set-Cookie: session=0123456789abcdef; Path=/; HttpOnly\r\n";
  ReadAgainAndAgain(state, header + "Content-Length: 2000\r\n\r\n" + std::string(2000, 'x'), true);
}
BENCHMARK(ResponseApi);

void ResponseOf20KB(benchmark::State& state) {
  ReadAgainAndAgain(
      state, "HTTP/1.1 200 OK\r\nContent-Length: 20480\r\n\r\n" + std::string(20480, 'x'), false);
}
BENCHMARK(ResponseOf20KB);

}  // namespace
}  // namespace sfp::http
