#pragma once

// Reads one response out of received bytes, without any socket: interim responses (100, 103 …) are
// passed over, the final one is parsed to its last byte, what lies behind it is left over.
//
//   Begin -> (Space, receive into it, Received)* [-> Ended at FIN] -> kDone | kFailed
//
// The outcome does not depend on how the bytes were cut into pieces. A usual header that came whole
// is read in one pass (plain_header.h). For all others Beast's parser decides what is well-formed;
// two of its habits are evened out here: after a first incomplete attempt it looks for the header's
// end only, so a header that never can become one is tried again from its start; and it wants at
// least five bytes of a chunk's header.
//
// A buffer is held only while it holds unread bytes.
//
// Thread: confined to its loop.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/stats/outcome.h"
#include "worker/http/buffer_pool.h"
#include "worker/http/plain_header.h"
#include "worker/http/response_parser.h"

namespace sfp::http {

struct Limits {
  std::uint32_t header_bytes = 64 * 1024;
  std::uint64_t body_bytes = 64 * 1024 * 1024;
};

class Response {
 public:
  enum class Progress { kMore, kDone, kFailed };
  struct Fault {
    stats::FailureKind kind = stats::FailureKind::kNone;
    std::string message;
  };

  Response(BufferPool& pool, const Limits& limits) : pool_(pool), limits_(limits) {}
  ~Response() { Release(); }
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  void Begin(bool head, bool keep_body, bool keep_headers, bool keep_fields = false);
  // Where to receive to: never empty. Takes a buffer if none is held.
  std::span<char> Space();
  // n bytes were put at the front of Space().
  Progress Received(std::size_t n);
  // The peer sends no more. Only after at least one byte; kDone if the body ends so.
  Progress Ended();
  // Gives the buffer back if nothing in it is unread.
  void ReleaseIfEmpty();
  void Release();

  const Fault& fault() const { return fault_; }
  ResponseContent& content() { return content_; }
  // All that came, without what is left over behind the response once it is done.
  std::uint64_t bytes() const { return received_ - left_over(); }
  std::size_t left_over() const { return done_ ? end_ - parsed_ : 0; }
  // Once done: the peer keeps the connection open.
  bool keep_alive() const { return keep_alive_; }
  // How far it came, for failures: "5 of 10 body bytes received".
  std::string Where() const;

 private:
  void BeginMessage();
  Progress Parse();
  bool ParsePlain();
  Progress TakeBody();
  Progress AfterNeedMore();
  Progress Finish();
  bool CanNotBecomeHeader() const;
  boost::beast::error_code HeaderFault(std::size_t n) const;
  std::size_t ShortestFault() const;
  Progress ParseAgain();
  Progress Malformed(boost::beast::error_code error);
  Progress Fail(stats::FailureKind kind, std::string message);

  BufferPool& pool_;
  const Limits& limits_;
  Buffer buffer_;
  // buffer: [0, begin_) done with, [begin_, parsed_) parsed, [parsed_, end_) unread. While a header
  // is incomplete begin_ stays at its first byte.
  std::size_t begin_ = 0;
  std::size_t parsed_ = 0;
  std::size_t end_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t body_left_ = 0;  // of a plain response
  bool head_ = false;
  bool asked_beast_ = false;  // it has begun with this message
  bool plain_ = false;        // the header was read without it
  bool header_done_ = false;
  bool done_ = false;
  bool keep_alive_ = false;
  PlainHeaderReader plain_reader_;
  std::optional<ResponseParser> parser_;  // valid once asked_beast_
  ResponseContent content_;
  Fault fault_;
};

}  // namespace sfp::http
