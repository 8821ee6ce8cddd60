#pragma once

// Bodies compressed as gzip (RFC 1952), the same bytes for the same body.
//
// Thread: confined to its loop.

#include <memory>
#include <string>
#include <string_view>

namespace sfp::scenario {

class Gzip {
 public:
  Gzip();
  ~Gzip();

  // Replaces what `out` holds. Nothing new is allocated once it has grown and one body was
  // compressed.
  void Compress(std::string_view body, std::string& out);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;  // when first used: some 260 KB
};

}  // namespace sfp::scenario
