// A response's bytes in one piece, byte by byte and in pieces cut by chance: the same outcome. And
// a coded body is decoded within its bound. When a fault is noticed may depend on the pieces: some
// only at the header's end or at the peer's.
//
//   first byte: what is kept, how it is cut · the rest: the bytes; then the peer closes

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include "common/base/check.h"
#include "common/base/rng.h"
#include "tests/fuzz/input.h"
#include "worker/http/inflate.h"
#include "worker/http/response.h"

namespace {

using sfp::http::BufferPool;
using sfp::http::Response;
using sfp::stats::FailureKind;
using Progress = Response::Progress;

constexpr sfp::http::Limits kLimits{.header_bytes = 300, .body_bytes = 500};
constexpr char kHeaderTooLarge[] = " too_large Response header larger than 300 bytes";
constexpr std::size_t kMostDecoded = 2000;

struct Wish {
  bool head = false;
  bool keep_body = false;
  bool keep_headers = false;
};

// Everything that a user could tell apart.
std::string Summary(Response& response, Progress progress) {
  const auto& content = response.content();
  std::string text = std::to_string(static_cast<int>(progress));
  if (progress == Progress::kFailed) {
    // Trailers that are both too long and wrong are whichever was noticed first.
    const bool in_chunks = response.Where().find("chunked") != std::string::npos;
    const FailureKind kind = response.fault().kind;
    if (in_chunks && kind == FailureKind::kMalformed) return text + kHeaderTooLarge;
    return text + " " + std::string(sfp::stats::Name(kind)) + " " + response.fault().message;
  }
  text += " status " + std::to_string(content.status) + " bytes " +
          std::to_string(response.bytes()) + " body " + std::to_string(content.body_bytes) + " '" +
          content.body + "' location '" + content.location + "' cookies '" + content.cookie_text +
          "' coding '" + content.coding_name + "' keep " + std::to_string(response.keep_alive());
  for (const std::size_t end : content.cookie_ends) text += " " + std::to_string(end);
  return text;
}

std::string Read(std::string_view bytes, const Wish& wish,
                 const std::function<std::size_t(std::size_t left)>& piece) {
  BufferPool pool;
  Response response(pool, kLimits);
  response.Begin(wish.head, wish.keep_body, wish.keep_headers);
  Progress progress = Progress::kMore;
  while (!bytes.empty() && progress == Progress::kMore) {
    const std::span<char> space = response.Space();
    SFP_CHECK(!space.empty());
    const std::size_t n = std::min(space.size(), piece(bytes.size()));
    std::memcpy(space.data(), bytes.data(), n);
    bytes.remove_prefix(n);
    progress = response.Received(n);
    if (progress == Progress::kMore) response.ReleaseIfEmpty();
  }
  if (progress == Progress::kMore) {
    SFP_CHECK(!response.Where().empty());
    progress = response.Ended();
    SFP_CHECK(progress != Progress::kMore);
  }
  return Summary(response, progress);
}

void CheckInflate(std::string_view bytes) {
  for (const bool may_be_raw : {false, true}) {
    std::string decoded;
    const sfp::Status status = sfp::http::Inflate(bytes, may_be_raw, kMostDecoded, decoded);
    SFP_CHECK(!status.ok() || decoded.size() <= kMostDecoded);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sfp::fuzz::Input input(data, size);
  const std::uint8_t how = input.Byte();
  if (input.empty()) return 0;
  const Wish wish{(how & 7) == 7, (how & 1) != 0, (how & 2) != 0};
  const std::string whole = Read(input.Rest(), wish, [](std::size_t left) { return left; });
  sfp::Rng rng(how);
  const auto cut = [&](std::size_t left) { return 1 + rng.Below(std::min<std::size_t>(left, 40)); };
  const std::string pieces = Read(input.Rest(), wish, cut);
  const std::string bytes = Read(input.Rest(), wish, [](std::size_t) { return 1; });
  if (pieces != whole || bytes != whole) {
    std::fprintf(stderr, "whole:  %s\npieces: %s\nbytes:  %s\n", whole.c_str(), pieces.c_str(),
                 bytes.c_str());
  }
  SFP_CHECK(pieces == whole && bytes == whole);
  CheckInflate(input.Rest());
  return 0;
}
