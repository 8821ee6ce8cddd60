#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "common/config/builder.h"
#include "common/config/values.h"
#include "common/scenario/origin.h"

namespace sfp::config {
namespace {

bool IsControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsIpLiteral(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::int64_t Ns(const Node* node, std::int64_t fallback) {
  const auto duration = DurationOf(node);
  return duration ? duration->count() : fallback;
}

void BuildUrl(const Node* url, Context& context, v1::Target& out) {
  if (url == nullptr || !url->is_scalar()) return;
  const auto origin = scenario::ParseOrigin(url->value);
  if (origin.ok()) {
    std::string text = url->value;
    if (text.ends_with('/')) text.pop_back();
    out.set_url(text);
  } else if (url->secret) {
    context.Add(*url, "a URL here holds no user and password; they belong under 'auth'");
  } else {
    context.Add(*url, Message(origin.status()));
  }
}

void BuildBasePath(const Node* node, Context& context, v1::Target& out) {
  const auto path = Text(node);
  if (!path || path->empty()) return;
  out.set_base_path(*path);
  std::string wrong;
  if ((*path)[0] != '/') {
    wrong = "has to begin with '/'";
  } else if (path->back() == '/') {
    wrong = "has to end without '/'";
  } else if (path->find_first_of("?#") != std::string::npos) {
    wrong = "holds no '?' or '#'";
  } else if (path->find("{{") != std::string::npos) {
    wrong = "holds no template; put it into the tasks' paths";
  } else if (std::any_of(path->begin(), path->end(),
                         [](char c) { return c == ' ' || IsControl(c); })) {
    wrong = "holds no space (write %20)";
  }
  if (!wrong.empty()) context.Add(*node, "base_path " + wrong + ", not " + Quote(*node));
}

void BuildConnections(const Node* connections, Context& context, v1::Connections& out) {
  if (connections == nullptr) return;
  const auto number = [&](std::string_view key) {
    return static_cast<std::uint32_t>(Integer(connections->Get(key)).value_or(0));
  };
  out.set_shared(number("shared"));
  out.set_max_requests(number("max_requests"));
  out.set_one_request(!Bool(connections->Get("keep_alive")).value_or(true));
  out.set_idle_ttl_ns(Ns(connections->Get("idle_ttl"), 0));
  out.set_nagle(!Bool(connections->Get("nodelay")).value_or(true));
  out.set_dns_refresh_ns(Ns(connections->Get("dns_refresh"), 0));
  const Node* sources = connections->Get("source_addresses");
  if (sources == nullptr || !sources->is_list()) return;
  for (const Node& source : sources->children) {
    if (!source.is_scalar()) continue;
    if (!IsIpLiteral(source.value)) {
      context.Add(source, "a source address is a numeric IP address, not " + Quote(source));
    }
    out.add_source_addresses(source.value);
  }
}

void BuildTimeouts(const Node& target, v1::Target& out) {
  constexpr std::int64_t kTotal = 60'000'000'000;
  v1::Timeouts& to = *out.mutable_timeouts();
  to.set_total_ns(Ns(target.Get("timeout"), kTotal));
  const Node* phases = target.Get("timeouts");
  if (phases == nullptr) return;
  to.set_dns_ns(Ns(phases->Get("dns"), 0));
  to.set_connect_ns(Ns(phases->Get("connect"), 0));
  to.set_tls_ns(Ns(phases->Get("tls"), 0));
  to.set_send_ns(Ns(phases->Get("send"), 0));
  to.set_first_byte_ns(Ns(phases->Get("first_byte"), 0));
  to.set_body_ns(Ns(phases->Get("body"), 0));
}

}  // namespace

bool IsHeaderName(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

void BuildHeaders(const Node* headers, Context& context,
                  google::protobuf::RepeatedPtrField<v1::Header>& out) {
  if (headers == nullptr || !headers->is_map()) return;
  std::set<std::string> names;  // in lower case
  std::set<std::string> keys;
  for (const Node& child : headers->children) {
    const std::string lower = Lower(child.key);
    Node name;
    name.value = child.key;
    if (!IsHeaderName(child.key)) {
      context.diagnostics.Add(child.key_place, Quote(name) + " is not the name of a header");
    } else if (lower == "content-length" || lower == "transfer-encoding") {
      context.diagnostics.Add(child.key_place,
                              "header " + Quote(name) + " is set by sfp, from the body");
    } else if (names.contains(lower) && !keys.contains(child.key)) {
      // The same spelling twice is a duplicate key, which has been reported.
      context.diagnostics.Add(child.key_place, "header " + Quote(name) + " is there twice");
    }
    names.insert(lower);
    keys.insert(child.key);
    if (!child.is_scalar()) continue;
    if (std::any_of(child.value.begin(), child.value.end(),
                    [](char c) { return IsControl(c) && c != '\t'; })) {
      context.Add(child, "a header's value holds no control characters such as the end of a line");
    }
    CheckTemplate(child, context);
    v1::Header& header = *out.Add();
    header.set_name(child.key);
    header.set_value(child.value);
  }
}

void BuildTarget(const Node* target, Context& context, v1::Target& out) {
  constexpr std::uint64_t kHeaderBytes = 64'000;
  constexpr std::uint64_t kBodyBytes = 64'000'000;
  if (target == nullptr || !target->is_map()) return;
  BuildUrl(target->Get("url"), context, out);
  BuildBasePath(target->Get("base_path"), context, out);
  BuildTls(target->Get("tls"), context, *out.mutable_tls());
  if (const Node* auth = target->Get("auth")) {
    BuildAuth(auth, out, context, *out.mutable_auth());
  }
  BuildConnections(target->Get("connections"), context, *out.mutable_connections());
  BuildTimeouts(*target, out);
  BuildHeaders(target->Get("headers"), context, *out.mutable_headers());
  out.set_cookies(Bool(target->Get("cookies")).value_or(true));
  out.set_max_redirects(
      Redirects(target->Get("redirects")).value_or(static_cast<std::uint32_t>(kDefaultRedirects)));
  out.set_decompress(Bool(target->Get("decompress")).value_or(false));
  out.set_retry_stale(Text(target->Get("retry")).value_or("") == "report");
  const Node* limits = target->Get("limits");
  out.set_max_header_bytes(
      Bytes(limits == nullptr ? nullptr : limits->Get("header")).value_or(kHeaderBytes));
  out.set_max_body_bytes(
      Bytes(limits == nullptr ? nullptr : limits->Get("body")).value_or(kBodyBytes));
}

}  // namespace sfp::config
