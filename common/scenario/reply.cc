#include "common/scenario/reply.h"

#include <algorithm>

namespace sfp::scenario {
namespace {

char Small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::optional<std::string_view> NextField(std::string_view fields, std::string_view name,
                                          std::size_t& at) {
  while (at < fields.size()) {
    const std::size_t end = std::min(fields.find('\n', at), fields.size());
    const std::string_view line = fields.substr(at, end - at);
    at = end + 1;
    if (line.size() < name.size() + 2 || line.substr(name.size(), 2) != ": ") continue;
    if (std::equal(name.begin(), name.end(), line.begin(),
                   [](char a, char b) { return Small(a) == Small(b); })) {
      return line.substr(name.size() + 2);
    }
  }
  return std::nullopt;
}

}  // namespace sfp::scenario
