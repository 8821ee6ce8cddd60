#pragma once

// Turns received bytes into requests, with Beast's parser. The caller writes into Space(), says how
// much with Received(), and calls Parse() until it does not say kComplete. After kComplete,
// request() is valid until Next(), which keeps what was received beyond the request.
//
// The head stays where it was received, so that the request's views need no copy; a body is copied
// out, and its bytes' place used again. So the buffer never grows.
//
// Used by HttpConnection. Thread: confined to its loop.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/net/http_server.h"

namespace sfp::net {

class RequestReader {
 public:
  enum class Result { kNeedMore, kComplete, kMalformed, kHeadTooLarge, kBodyTooLarge };

  RequestReader(std::uint32_t most_head_bytes, std::uint64_t most_body_bytes);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  std::span<char> Space();  // empty: full
  void Received(std::size_t bytes);
  Result Parse();
  HttpRequest& request() { return request_; }

  // The client waits for "100 Continue" before it sends its body. True once per request.
  bool TakeExpectsContinue();
  // After kComplete: the bytes of the request. Before: what of it was parsed.
  std::uint64_t message_bytes() const { return message_bytes_; }
  // Received, and not part of message_bytes().
  std::size_t unparsed_bytes() const { return size_ - head_bytes_; }
  bool empty() const { return size_ == 0; }
  bool full() const;
  bool chunks_allowed() const { return http11_; }  // of the complete request's client
  // Forgets the request. Frees the buffer if nothing else was received.
  void Next();

 private:
  class Parser;

  Result ParseHead();
  Result ParseBody();

  const std::uint32_t most_head_bytes_;
  const std::uint64_t most_body_bytes_;
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;        // bytes in the buffer: the head, and what was not parsed
  std::size_t scanned_ = 0;     // the head's end doesn't begin before this
  std::size_t head_bytes_ = 0;  // 0: the head is not complete
  std::uint64_t message_bytes_ = 0;
  bool complete_ = false;
  bool expects_continue_ = false;
  bool http11_ = true;
  std::unique_ptr<Parser> parser_;
  std::vector<HttpField> fields_;
  std::string body_;
  HttpRequest request_;
};

}  // namespace sfp::net
