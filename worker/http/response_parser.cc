#include "worker/http/response_parser.h"

#include <boost/beast/core/string.hpp>

namespace sfp::http {

namespace beast = boost::beast;
using beast::http::field;

void ResponseContent::Clear() {
  status = 0;
  body_bytes = 0;
  coding = Coding::kIdentity;
  coding_name.clear();
  body.clear();
  location.clear();
  cookie_text.clear();
  cookie_ends.clear();
}

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

void ResponseParser::on_field_impl(field name, Text, Text value, ErrorCode&) {
  if (!in_header_) return;  // trailers change nothing any more
  switch (name) {
    case field::content_encoding:
      KeepCoding(value);
      break;
    case field::location:
      if (content_.keep_headers && content_.location.empty()) {
        content_.location.assign(value.data(), value.size());
      }
      break;
    case field::set_cookie:
      if (content_.keep_headers) {
        content_.cookie_text.append(value.data(), value.size());
        content_.cookie_ends.push_back(content_.cookie_text.size());
      }
      break;
    default:
      break;
  }
}

void ResponseParser::KeepCoding(Text value) {
  if (!content_.keep_body || value.empty() || beast::iequals(value, "identity")) return;
  const bool first = content_.coding == Coding::kIdentity;
  if (first && (beast::iequals(value, "gzip") || beast::iequals(value, "x-gzip"))) {
    content_.coding = Coding::kGzip;
  } else if (first && beast::iequals(value, "deflate")) {
    content_.coding = Coding::kDeflate;
  } else {
    content_.coding = Coding::kUnknown;
  }
  if (!content_.coding_name.empty()) content_.coding_name += ", ";
  content_.coding_name.append(value.data(), value.size());
}

void ResponseParser::on_header_impl(ErrorCode&) {
  in_header_ = false;
  at_chunk_header_ = chunked();
}

std::size_t ResponseParser::on_body_impl(Text body, ErrorCode&) {
  content_.body_bytes += body.size();
  if (content_.keep_body) content_.body.append(body.data(), body.size());
  return body.size();
}

void ResponseParser::on_chunk_header_impl(std::uint64_t size, Text, ErrorCode&) {
  at_chunk_header_ = size == 0;
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t remain, Text body, ErrorCode&) {
  content_.body_bytes += body.size();
  if (content_.keep_body) content_.body.append(body.data(), body.size());
  at_chunk_header_ = body.size() == remain;
  return body.size();
}

}  // namespace sfp::http
