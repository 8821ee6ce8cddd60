#include "worker/http/buffer_pool.h"

#include <cstring>
#include <utility>

namespace sfp::http {

Buffer BufferPool::Take() {
  if (spare_.empty()) return Buffer{std::make_unique_for_overwrite<char[]>(kSize), kSize};
  Buffer buffer{std::move(spare_.back()), kSize};
  spare_.pop_back();
  return buffer;
}

void BufferPool::GiveBack(Buffer&& buffer) {
  if (buffer.capacity == kSize) spare_.push_back(std::move(buffer.data));
  buffer.data.reset();
  buffer.capacity = 0;
}

void BufferPool::Grow(Buffer& buffer, std::size_t used) {
  Buffer larger{std::make_unique_for_overwrite<char[]>(2 * buffer.capacity), 2 * buffer.capacity};
  std::memcpy(larger.data.get(), buffer.data.get(), used);
  buffer = std::move(larger);
}

}  // namespace sfp::http
