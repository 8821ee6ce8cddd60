#pragma once

// A blocking HTTP/1.1 client for tests of real servers: it sends exactly the bytes it is told to,
// and says exactly how a connection ended. Nothing is waited for longer than 20 s, so that a broken
// server fails a test instead of hanging it.
//
// Thread: confined to its test.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace sfp::support {

struct Reply {
  int status = 0;
  std::string head;  // with its empty line
  std::string body;  // without chunk framing

  // The first field of that name, whatever its case; empty if there is none.
  std::string Field(std::string_view name) const;
};

class Probe {
 public:
  enum class End { kOpen, kFin, kReset };

  explicit Probe(std::uint16_t port, bool tls = false);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void Send(std::string_view bytes);
  // The next response; absent if the connection ended before it was complete.
  std::optional<Reply> Read(bool head_only = false);
  // "GET /x HTTP/1.1", Host, the given fields (each ended by CRLF), Content-Length if there is a
  // body.
  std::optional<Reply> Ask(std::string_view method, std::string_view target,
                           std::string_view fields = {}, std::string_view body = {});
  // Raw bytes up to and with `mark`, or to the end if it does not come.
  std::string ReadUntil(std::string_view mark);
  // What else comes until the end.
  std::string ReadToEnd();
  void Close();

  End end() const { return end_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* ssl) const;
  };

  bool Receive();  // more into buffer_; false at the end
  bool ReadLine(std::string& line);
  bool ReadBytes(std::size_t count, std::string& out);

  int fd_ = -1;
  std::uint16_t port_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::unique_ptr<ssl_st, Free> ssl_;
  std::string buffer_;
  End end_ = End::kOpen;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
};

}  // namespace sfp::support
