#include "worker/http/response.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/base/check.h"
#include "worker/http/malformed.h"

namespace sfp::http {

namespace beast = boost::beast;
using beast::http::error;
using stats::FailureKind;

namespace {

// "0\r\n\r\n": no chunk header is complete with less behind it.
constexpr std::size_t kLeastChunkHeader = 5;

}  // namespace

void Response::Begin(bool head, bool keep_body, bool keep_headers, bool keep_fields) {
  SFP_CHECK(buffer_.capacity == 0);
  head_ = head;
  content_.keep_body = keep_body;
  content_.keep_headers = keep_headers;
  content_.keep_fields = keep_fields;
  begin_ = parsed_ = end_ = 0;
  received_ = 0;
  done_ = false;
  keep_alive_ = false;
  fault_.kind = FailureKind::kNone;
  BeginMessage();
}

void Response::BeginMessage() {
  begin_ = parsed_;
  header_done_ = asked_beast_ = plain_ = false;
  content_.Clear();
}

std::span<char> Response::Space() {
  if (buffer_.capacity == 0) buffer_ = pool_.Take();
  const std::size_t kept_from = header_done_ ? parsed_ : begin_;
  if (kept_from == end_) {
    begin_ = parsed_ = end_ = 0;
  } else if (end_ == buffer_.capacity) {
    std::memmove(buffer_.data.get(), buffer_.data.get() + kept_from, end_ - kept_from);
    end_ -= kept_from;
    parsed_ -= kept_from;
    begin_ = 0;
    if (end_ == buffer_.capacity) BufferPool::Grow(buffer_, end_);
  }
  return {buffer_.data.get() + end_, buffer_.capacity - end_};
}

Response::Progress Response::Received(std::size_t n) {
  end_ += n;
  received_ += n;
  return Parse();
}

// The short way, for a header that came whole and is as most are.
bool Response::ParsePlain() {
  const std::string_view unread(buffer_.data.get() + parsed_, end_ - parsed_);
  const auto header = plain_reader_.Read(unread, head_, content_);
  if (!header) return false;
  if (header->bytes > limits_.header_bytes || header->body_bytes > limits_.body_bytes) {
    content_.Clear();
    return false;
  }
  parsed_ += header->bytes;
  body_left_ = header->body_bytes;
  keep_alive_ = header->keep_alive;
  header_done_ = plain_ = true;
  return true;
}

Response::Progress Response::TakeBody() {
  const std::size_t n = std::min<std::uint64_t>(end_ - parsed_, body_left_);
  content_.TakeBody({buffer_.data.get() + parsed_, n});
  parsed_ += n;
  body_left_ -= n;
  if (body_left_ > 0) return Progress::kMore;
  done_ = true;
  return Progress::kDone;
}

Response::Progress Response::Parse() {
  for (;;) {
    const std::size_t unread = end_ - parsed_;
    if (unread == 0) return Progress::kMore;
    if (plain_ || (!asked_beast_ && ParsePlain())) return TakeBody();
    if (!std::exchange(asked_beast_, true)) {
      parser_.emplace(content_, head_, limits_.header_bytes, limits_.body_bytes);
    }
    if (parser_->at_chunk_header() && unread < kLeastChunkHeader) return Progress::kMore;
    const bool framing = parser_->at_chunk_header();
    beast::error_code result;
    const std::size_t used = parser_->put({buffer_.data.get() + parsed_, unread}, result);
    parsed_ += used;
    if (result == error::need_more) return AfterNeedMore();
    if (framing && used > limits_.header_bytes) result = error::header_limit;
    if (result) return Malformed(result);
    if (!header_done_ && parser_->is_header_done()) {
      header_done_ = true;
      if (parsed_ - begin_ > limits_.header_bytes) return Malformed(error::header_limit);
    }
    if (!parser_->is_done()) continue;
    const bool interim = content_.status / 100 == 1 && content_.status != 101;
    if (!interim) return Finish();
    BeginMessage();
  }
}

Response::Progress Response::AfterNeedMore() {
  // With the header done, a chunk's header or the trailers are incomplete; to Beast they have no
  // limit.
  const std::size_t incomplete = end_ - (header_done_ ? parsed_ : begin_);
  if (incomplete >= limits_.header_bytes) return Malformed(error::header_limit);
  return !header_done_ && CanNotBecomeHeader() ? ParseAgain() : Progress::kMore;
}

bool Response::CanNotBecomeHeader() const {
  const std::string_view header(buffer_.data.get() + begin_, end_ - begin_);
  return HasBareLineFeed(header) || !MayBeginStatusLine(header);
}

// Of the header's first n bytes, by a parser that has not seen them in pieces.
beast::error_code Response::HeaderFault(std::size_t n) const {
  ResponseContent ignored;
  ResponseParser fresh(ignored, head_, limits_.header_bytes, limits_.body_bytes);
  beast::error_code result;
  fresh.put({buffer_.data.get() + begin_, n}, result);
  return result == error::need_more ? beast::error_code() : result;
}

// How many bytes show the header's fault: what lies behind them must not matter, for it may not
// have come yet. 0: there is none.
std::size_t Response::ShortestFault() const {
  std::size_t bad = end_ - begin_;
  if (!HeaderFault(bad)) return 0;
  for (std::size_t good = 0; bad - good > 1;) {
    const std::size_t middle = good + (bad - good) / 2;
    (HeaderFault(middle) ? bad : good) = middle;
  }
  return bad;
}

Response::Progress Response::ParseAgain() {
  const beast::error_code fault = HeaderFault(end_ - begin_);
  return fault ? Malformed(fault) : Progress::kMore;
}

Response::Progress Response::Finish() {
  done_ = true;
  keep_alive_ = parser_->keep_alive() && content_.status != 101;
  return Progress::kDone;
}

Response::Progress Response::Ended() {
  if (!header_done_) {
    if (end_ > begin_ && ParseAgain() == Progress::kFailed) return Progress::kFailed;
  } else if (!plain_ && parser_->need_eof()) {
    beast::error_code result;
    parser_->put_eof(result);
    if (!result) return Finish();
  }
  return Fail(FailureKind::kTruncated, "Response truncated: " + Where());
}

std::string Response::Where() const {
  if (!header_done_) {
    if (end_ == begin_ && received_ > 0) return "nothing after an interim response";
    return absl::StrFormat("%d bytes of its header received", end_ - begin_);
  }
  if (plain_) {
    return absl::StrFormat("%d of %d body bytes received", content_.body_bytes,
                           content_.body_bytes + body_left_);
  }
  if (parser_->chunked()) {
    return absl::StrFormat("%d body bytes of a chunked response received", content_.body_bytes);
  }
  if (const auto length = parser_->content_length(); length && !parser_->need_eof()) {
    return absl::StrFormat("%d of %d body bytes received", content_.body_bytes, *length);
  }
  return absl::StrFormat("%d body bytes received, no length announced", content_.body_bytes);
}

Response::Progress Response::Malformed(beast::error_code result) {
  std::string_view bytes;
  if (!header_done_) {
    const std::size_t size = ShortestFault();
    if (size > 0) result = HeaderFault(size);
    if (size > limits_.header_bytes) result = error::header_limit;
    bytes = {buffer_.data.get() + begin_, size};
  }
  if (result == error::header_limit) {
    return Fail(FailureKind::kTooLarge,
                absl::StrFormat("Response header larger than %d bytes", limits_.header_bytes));
  }
  if (result == error::body_limit) {
    return Fail(FailureKind::kTooLarge,
                absl::StrFormat("Response body larger than %d bytes", limits_.body_bytes));
  }
  std::string message = "Malformed response: " + result.message();
  const std::string_view why = WhyMalformed(bytes, !header_done_);
  if (!why.empty()) message.append(" (").append(why).append(")");
  return Fail(FailureKind::kMalformed, std::move(message));
}

Response::Progress Response::Fail(FailureKind kind, std::string message) {
  fault_.kind = kind;
  fault_.message = std::move(message);
  return Progress::kFailed;
}

void Response::ReleaseIfEmpty() {
  if ((header_done_ ? parsed_ : begin_) == end_) Release();
}

void Response::Release() {
  if (buffer_.capacity != 0) pool_.GiveBack(std::move(buffer_));
  begin_ = parsed_ = end_ = 0;
}

}  // namespace sfp::http
