#include "worker/http/inflate.h"

#include <absl/strings/str_format.h>
#include <zlib.h>

#include <array>

namespace sfp::http {
namespace {

class Stream {
 public:
  explicit Stream(int window_bits) { ok_ = inflateInit2(&z_, window_bits) == Z_OK; }
  ~Stream() {
    if (ok_) inflateEnd(&z_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  bool ok() const { return ok_; }
  z_stream* operator->() { return &z_; }
  z_stream* get() { return &z_; }

 private:
  z_stream z_{};
  bool ok_ = false;
};

constexpr int kRaw = -MAX_WBITS;
constexpr int kZlibOrGzip = MAX_WBITS + 32;

bool HasWrapper(std::string_view coded) {
  const auto first = static_cast<unsigned char>(coded[0]);
  if (coded.size() < 2) return true;
  const auto second = static_cast<unsigned char>(coded[1]);
  if (first == 0x1f && second == 0x8b) return true;                         // gzip
  return (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;  // zlib
}

}  // namespace

Status Inflate(std::string_view coded, bool may_be_raw, std::size_t most_bytes,
               std::string& decoded) {
  decoded.clear();
  if (coded.empty()) return Ok();
  Stream stream(may_be_raw && !HasWrapper(coded) ? kRaw : kZlibOrGzip);
  if (!stream.ok()) return absl::ResourceExhaustedError("no memory to decode");
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream->avail_in = static_cast<uInt>(coded.size());
  std::array<char, 16 * 1024> piece;
  for (;;) {
    stream->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream->avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(stream.get(), Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream->avail_out;
    if (made > most_bytes - decoded.size()) {
      return Invalid(absl::StrFormat("larger than %d bytes when decoded", most_bytes));
    }
    decoded.append(piece.data(), made);
    if (result == Z_STREAM_END) {
      const bool next_member = stream->avail_in >= 2 && stream->next_in[0] == 0x1f;
      if (!next_member || inflateReset(stream.get()) != Z_OK) return Ok();
    } else if (result == Z_BUF_ERROR || (result == Z_OK && stream->avail_in == 0 && made == 0)) {
      return Invalid("ends in the middle");
    } else if (result != Z_OK) {
      return Invalid(stream->msg != nullptr ? stream->msg : "broken");
    }
  }
}

}  // namespace sfp::http
