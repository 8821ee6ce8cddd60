#include "common/net/request_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "common/base/check.h"

namespace sfp::net {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// "0\r\n\r\n". Once Beast has seen a first part of a last chunk, it must not be asked with less.
constexpr std::size_t kLeastLastChunk = 5;

// Room beside the largest head: for bodies on their way out, and for pipelined requests.
constexpr std::size_t kRoom = 8 * 1024;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class RequestReader::Parser : public http::basic_parser<true> {
 public:
  explicit Parser(RequestReader& reader) : reader_(reader) {
    header_limit(reader.most_head_bytes_);
    body_limit(reader.most_body_bytes_);
  }

  // What follows next is a chunk's header, or the last one with the trailers.
  bool at_chunk_header() const { return at_chunk_header_; }

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code&) override {
    reader_.request_.method = View(method);
    reader_.request_.target = View(target);
    reader_.http11_ = version >= 11;
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     beast::error_code& error) override {
    if (in_body_) return;  // trailers
    // A folded field is joined in a buffer of the parser's own. Nobody sends one in good faith.
    const char* buffer = reader_.buffer_.get();
    if (value.data() < buffer || value.data() > buffer + reader_.size_) {
      error = http::error::bad_value;
      return;
    }
    reader_.fields_.push_back({View(name), View(value)});
    if (field == http::field::expect) {
      reader_.expects_continue_ = beast::iequals(value, "100-continue");
    }
  }
  void on_header_impl(beast::error_code&) override {
    in_body_ = true;
    at_chunk_header_ = chunked();
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
    reader_.body_.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view, beast::error_code&) override {
    at_chunk_header_ = size == 0;
  }
  std::size_t on_chunk_body_impl(std::uint64_t remain, beast::string_view body,
                                 beast::error_code& error) override {
    at_chunk_header_ = body.size() == remain;
    return on_body_impl(body, error);
  }
  void on_finish_impl(beast::error_code&) override {}

  RequestReader& reader_;
  bool in_body_ = false;
  bool at_chunk_header_ = false;
};

RequestReader::RequestReader(std::uint32_t most_head_bytes, std::uint64_t most_body_bytes)
    : most_head_bytes_(most_head_bytes), most_body_bytes_(most_body_bytes) {}

RequestReader::~RequestReader() = default;

bool RequestReader::full() const { return size_ == most_head_bytes_ + kRoom; }

std::span<char> RequestReader::Space() {
  const std::size_t capacity = most_head_bytes_ + kRoom;
  if (!buffer_) buffer_.reset(new char[capacity]);
  return {buffer_.get() + size_, capacity - size_};
}

void RequestReader::Received(std::size_t bytes) { size_ += bytes; }

RequestReader::Result RequestReader::Parse() {
  if (complete_) return Result::kComplete;
  if (head_bytes_ == 0) {
    if (const Result result = ParseHead(); result != Result::kComplete) return result;
  }
  if (const Result result = ParseBody(); result != Result::kComplete) return result;
  complete_ = true;
  request_.fields = fields_;
  request_.body = body_;
  request_.keep_alive = parser_->keep_alive();
  return Result::kComplete;
}

RequestReader::Result RequestReader::ParseHead() {
  char* const begin = buffer_.get();
  // RFC 9112 2.2: empty lines before a request are skipped.
  std::size_t skip = 0;
  while (skip < size_ && (begin[skip] == '\r' || begin[skip] == '\n')) ++skip;
  if (skip > 0) {
    std::memmove(begin, begin + skip, size_ -= skip);
    message_bytes_ += skip;
    scanned_ = 0;
  }
  const void* end = memmem(begin + scanned_, size_ - scanned_, "\r\n\r\n", 4);
  const std::size_t bytes =
      end != nullptr ? static_cast<std::size_t>(static_cast<const char*>(end) - begin) + 4 : size_;
  if (bytes > most_head_bytes_) return Result::kHeadTooLarge;
  if (end == nullptr) {
    scanned_ = size_ < 3 ? 0 : size_ - 3;
    return Result::kNeedMore;
  }
  parser_ = std::make_unique<Parser>(*this);
  beast::error_code error;
  parser_->put(boost::asio::const_buffer(begin, bytes), error);
  if (error == http::error::body_limit) return Result::kBodyTooLarge;
  if (error) return Result::kMalformed;
  head_bytes_ = bytes;
  message_bytes_ += bytes;
  return Result::kComplete;
}

RequestReader::Result RequestReader::ParseBody() {
  char* const rest = buffer_.get() + head_bytes_;
  std::size_t used = 0;
  beast::error_code error;
  while (!parser_->is_done() && !error) {
    const std::size_t left = size_ - head_bytes_ - used;
    if (left == 0) break;
    const bool may_be_last = parser_->at_chunk_header() && rest[used] == '0';
    if (may_be_last && left < kLeastLastChunk) break;
    used += parser_->put(boost::asio::const_buffer(rest + used, left), error);
  }
  message_bytes_ += used;
  if (used > 0) std::memmove(rest, rest + used, size_ - head_bytes_ - used);
  size_ -= used;
  if (error == http::error::body_limit) return Result::kBodyTooLarge;
  if (error && error != http::error::need_more) return Result::kMalformed;
  if (parser_->is_done()) return Result::kComplete;
  return full() ? Result::kMalformed : Result::kNeedMore;  // full: an endless chunk header
}

bool RequestReader::TakeExpectsContinue() {
  const bool expects = expects_continue_ && head_bytes_ > 0 && !complete_;
  if (expects) expects_continue_ = false;
  return expects;
}

void RequestReader::Next() {
  SFP_CHECK(complete_);
  size_ -= head_bytes_;
  if (size_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + head_bytes_, size_);
  } else {
    buffer_.reset();
  }
  scanned_ = head_bytes_ = message_bytes_ = 0;
  complete_ = expects_continue_ = false;
  fields_.clear();
  body_.clear();
  if (body_.capacity() > kRoom) body_.shrink_to_fit();
  request_ = {};
}

}  // namespace sfp::net
