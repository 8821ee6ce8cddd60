#include "worker/http/response_content.h"

#include <boost/beast/core/string.hpp>

namespace sfp::http {

using boost::beast::iequals;

void ResponseContent::Clear() {
  status = 0;
  body_bytes = 0;
  coding = Coding::kIdentity;
  coding_name.clear();
  body.clear();
  location.clear();
  fields.clear();
  cookie_text.clear();
  cookie_ends.clear();
}

void ResponseContent::KeepCoding(std::string_view value) {
  const boost::beast::string_view name(value.data(), value.size());
  if (!keep_body || name.empty() || iequals(name, "identity")) return;
  const bool first = coding == Coding::kIdentity;
  if (first && (iequals(name, "gzip") || iequals(name, "x-gzip"))) {
    coding = Coding::kGzip;
  } else if (first && iequals(name, "deflate")) {
    coding = Coding::kDeflate;
  } else {
    coding = Coding::kUnknown;
  }
  if (!coding_name.empty()) coding_name += ", ";
  coding_name += value;
}

void ResponseContent::KeepLocation(std::string_view value) {
  if (keep_headers && location.empty()) location = value;
}

void ResponseContent::KeepCookie(std::string_view value) {
  if (!keep_headers) return;
  cookie_text += value;
  cookie_ends.push_back(cookie_text.size());
}

void ResponseContent::KeepField(std::string_view name, std::string_view value) {
  if (!keep_fields) return;
  fields += name;
  fields += ": ";
  fields += value;
  fields += '\n';
}

void ResponseContent::TakeBody(std::string_view part) {
  body_bytes += part.size();
  if (keep_body) body += part;
}

}  // namespace sfp::http
