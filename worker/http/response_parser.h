#pragma once

// Beast's parser with a sink that keeps only what the request asked for (response_content.h). One
// parser reads one message and is then made anew in place.
//
// Thread: confined to its loop.

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>

#include "worker/http/response_content.h"

namespace sfp::http {

class ResponseParser final : public boost::beast::http::basic_parser<false> {
 public:
  ResponseParser(ResponseContent& content, bool head, std::uint32_t header_limit,
                 std::uint64_t body_limit);

  // What follows next is a chunk's header, or the last one with the trailers.
  bool at_chunk_header() const { return at_chunk_header_; }

 private:
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int status, Text reason, int version, ErrorCode& error) override;
  void on_field_impl(boost::beast::http::field field, Text name, Text value,
                     ErrorCode& error) override;
  void on_header_impl(ErrorCode&) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text body, ErrorCode&) override;
  void on_chunk_header_impl(std::uint64_t size, Text, ErrorCode&) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text body, ErrorCode&) override;
  void on_finish_impl(ErrorCode&) override { at_chunk_header_ = false; }

  ResponseContent& content_;
  bool in_header_ = true;
  bool at_chunk_header_ = false;
};

}  // namespace sfp::http
