// What a browser, or anyone who reaches the master's page, sends: whole, byte by byte and in chance
// pieces the same requests come out of it.
//
//   first byte: how it is cut · the rest: the bytes

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include "common/base/check.h"
#include "common/base/rng.h"
#include "common/net/request_reader.h"
#include "tests/fuzz/input.h"

namespace {

using sfp::net::HttpRequest;
using sfp::net::RequestReader;
using Result = RequestReader::Result;

constexpr std::uint32_t kMostHead = 300;
constexpr std::uint64_t kMostBody = 500;

std::string Describe(const HttpRequest& request) {
  std::string text = std::string(request.method) + " " + std::string(request.target) + "\n";
  for (const auto& field : request.fields) {
    text += std::string(field.name) + "=" + std::string(field.value) + "\n";
  }
  return text + (request.keep_alive ? "keep " : "close ") + std::string(request.body) + "\n\n";
}

// All requests that became complete before the first mistake.
std::string Read(std::string_view bytes,
                 const std::function<std::size_t(std::size_t left)>& piece) {
  RequestReader reader(kMostHead, kMostBody);
  std::string requests;
  while (!bytes.empty()) {
    const std::span<char> space = reader.Space();
    if (space.empty()) return requests;
    const std::size_t n = std::min(space.size(), piece(bytes.size()));
    std::memcpy(space.data(), bytes.data(), n);
    bytes.remove_prefix(n);
    reader.Received(n);
    Result result = reader.Parse();
    for (; result == Result::kComplete; result = reader.Parse()) {
      const HttpRequest& request = reader.request();
      SFP_CHECK(request.body.size() <= kMostBody);
      requests += Describe(request);
      reader.Next();
      if (reader.empty()) break;
    }
    if (result != Result::kComplete && result != Result::kNeedMore) return requests;
  }
  return requests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sfp::fuzz::Input input(data, size);
  sfp::Rng rng(input.Byte());
  const std::string whole = Read(input.Rest(), [](std::size_t left) { return left; });
  const auto cut = [&](std::size_t left) { return 1 + rng.Below(std::min<std::size_t>(left, 40)); };
  const std::string pieces = Read(input.Rest(), cut);
  const std::string bytes = Read(input.Rest(), [](std::size_t) { return 1; });
  if (pieces != whole || bytes != whole) {
    std::fprintf(stderr, "whole:  %s\npieces: %s\nbytes:  %s\n", whole.c_str(), pieces.c_str(),
                 bytes.c_str());
  }
  SFP_CHECK(pieces == whole && bytes == whole);
  return 0;
}
