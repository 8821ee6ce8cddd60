#pragma once

// The receive buffers of one loop. A connection borrows one while bytes of a response are under way
// and gives it back as soon as none is left unread: ten thousand idle connections hold none.
//
// A buffer of the standard size comes from the pool and returns to it; one that had to grow for a
// long header is freed when it is given back.
//
// Thread: confined to its loop.

#include <cstddef>
#include <memory>
#include <vector>

namespace sfp::http {

struct Buffer {
  std::unique_ptr<char[]> data;
  std::size_t capacity = 0;  // 0: none held
};

class BufferPool {
 public:
  static constexpr std::size_t kSize = 16 * 1024;

  Buffer Take();
  void GiveBack(Buffer&& buffer);
  // Twice the capacity, the first `used` bytes kept.
  static void Grow(Buffer& buffer, std::size_t used);

  std::size_t spare() const { return spare_.size(); }

 private:
  std::vector<std::unique_ptr<char[]>> spare_;
};

}  // namespace sfp::http
