#include "worker/http/inflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace sfp::http {
namespace {

// window_bits as deflateInit2 has them: 15 zlib, 31 gzip, -15 raw.
std::string Deflate(const std::string& text, int window_bits) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string coded(deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(coded.data());
  z.avail_out = static_cast<uInt>(coded.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  coded.resize(z.total_out);
  deflateEnd(&z);
  return coded;
}

std::string LongText() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + ",";
  return text;
}

TEST(Inflate, DecodesEachFormat) {
  const std::string long_text = LongText();
  for (const std::string& text : {std::string("hello"), std::string(""), long_text}) {
    for (const int window_bits : {15, 31, -15}) {
      std::string decoded;
      const Status status = Inflate(Deflate(text, window_bits), true, text.size(), decoded);
      EXPECT_TRUE(status.ok()) << Message(status) << ' ' << window_bits;
      EXPECT_EQ(decoded, text);
    }
  }
}

TEST(Inflate, DecodesGzipOfSeveralMembers) {
  std::string decoded;
  EXPECT_TRUE(Inflate(Deflate("ab", 31) + Deflate("cd", 31), false, 100, decoded).ok());
  EXPECT_EQ(decoded, "abcd");
}

TEST(Inflate, RefusesWhatIsLargerThanAllowed) {
  std::string decoded;
  const Status status = Inflate(Deflate(std::string(1'000'000, 'x'), 31), false, 999'999, decoded);
  EXPECT_EQ(Message(status), "larger than 999999 bytes when decoded");
  EXPECT_LE(decoded.size(), 999'999u);
}

TEST(Inflate, SaysWhatIsBroken) {
  const std::string whole = Deflate(LongText(), 31);
  std::string decoded;
  EXPECT_EQ(Message(Inflate(whole.substr(0, whole.size() / 2), false, 1'000'000, decoded)),
            "ends in the middle");
  std::string flipped = whole;
  flipped[flipped.size() - 6] ^= 1;  // in the checksum
  EXPECT_EQ(Message(Inflate(flipped, false, 1'000'000, decoded)), "incorrect data check");
  EXPECT_EQ(Message(Inflate("plain text", false, 1000, decoded)), "incorrect header check");
  EXPECT_EQ(Message(Inflate(Deflate("raw", -15), false, 1000, decoded)), "incorrect header check");
}

}  // namespace
}  // namespace sfp::http
