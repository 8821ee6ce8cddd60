#include "worker/http/response_parser.h"

#include <string_view>

namespace sfp::http {

using boost::beast::http::field;

ResponseParser::ResponseParser(ResponseContent& content, bool head,
                               std::uint32_t header_limit_bytes, std::uint64_t body_limit_bytes)
    : content_(content) {
  skip(head);
  header_limit(header_limit_bytes);
  body_limit(body_limit_bytes);
}

void ResponseParser::on_response_impl(int status, Text, int, ErrorCode&) {
  content_.status = status;
}

void ResponseParser::on_field_impl(field name, Text written, Text value, ErrorCode&) {
  if (!in_header_) return;  // trailers change nothing any more
  const std::string_view text(value.data(), value.size());
  content_.KeepField({written.data(), written.size()}, text);
  if (name == field::content_encoding) content_.KeepCoding(text);
  if (name == field::location) content_.KeepLocation(text);
  if (name == field::set_cookie) content_.KeepCookie(text);
}

void ResponseParser::on_header_impl(ErrorCode&) {
  in_header_ = false;
  at_chunk_header_ = chunked();
}

std::size_t ResponseParser::on_body_impl(Text body, ErrorCode&) {
  content_.TakeBody({body.data(), body.size()});
  return body.size();
}

void ResponseParser::on_chunk_header_impl(std::uint64_t size, Text, ErrorCode&) {
  at_chunk_header_ = size == 0;
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t remain, Text body, ErrorCode&) {
  content_.TakeBody({body.data(), body.size()});
  at_chunk_header_ = body.size() == remain;
  return body.size();
}

}  // namespace sfp::http
