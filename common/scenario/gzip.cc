#include "common/scenario/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "common/base/check.h"

namespace sfp::scenario {

struct Gzip::Stream {
  Stream() {
    constexpr int kWindow = 15 + 16;  // gzip's header and trailer
    constexpr int kMemory = 8;
    SFP_CHECK(deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindow, kMemory,
                           Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Stream() { deflateEnd(&z); }
  z_stream z{};
};

Gzip::Gzip() = default;
Gzip::~Gzip() = default;

void Gzip::Compress(std::string_view body, std::string& out) {
  if (stream_ == nullptr) stream_ = std::make_unique<Stream>();
  z_stream& z = stream_->z;
  SFP_CHECK(deflateReset(&z) == Z_OK);
  SFP_CHECK(body.size() <= std::numeric_limits<uInt>::max() / 2);
  out.resize(deflateBound(&z, body.size()));
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  SFP_CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
}

}  // namespace sfp::scenario
