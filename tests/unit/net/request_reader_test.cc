#include "common/net/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sfp::net {
namespace {

using Result = RequestReader::Result;

TEST(RequestReader, TakesAnEmptyChunkedBodyHoweverItIsCut) {
  const std::string head = "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string end : {"0\r\n\r\n", "00;a=b\r\nT: u\r\n\r\n"}) {
    for (std::size_t first = 0; first <= end.size(); ++first) {
      for (std::size_t second = first; second <= end.size(); ++second) {
        RequestReader reader(1000, 1000);
        Result result = Result::kNeedMore;
        for (const std::string& piece :
             {head, end.substr(0, first), end.substr(first, second - first), end.substr(second)}) {
          if (piece.empty()) continue;
          ASSERT_EQ(result, Result::kNeedMore);
          std::copy(piece.begin(), piece.end(), reader.Space().begin());
          reader.Received(piece.size());
          result = reader.Parse();
        }
        ASSERT_EQ(result, Result::kComplete) << first << ' ' << second;
        EXPECT_EQ(reader.request().target, "/x");
        EXPECT_EQ(reader.request().body, "");
        EXPECT_EQ(reader.message_bytes(), head.size() + end.size());
      }
    }
  }
}

}  // namespace
}  // namespace sfp::net
