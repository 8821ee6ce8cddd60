#pragma once

// Small questions about text that several folders ask.
//
// Thread: safe, no state.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp {

// The candidate nearest to `word` by edit distance, if it is near enough to be a slip of the
// keyboard (at most a third of the longer one's letters, at least one).
std::optional<std::string> Nearest(std::string_view word, std::span<const std::string> candidates);

std::string Base64(std::string_view bytes);
void AppendBase64(std::string& out, std::string_view bytes);

// RFC 3986: everything but unreserved characters becomes %XX.
void AppendPercentEncoded(std::string& out, std::string_view text);

// Characters that a JSON string needs escaped, without the quotes around it.
void AppendJsonEscaped(std::string& out, std::string_view text);

// A whole file; the error names the path. `most_bytes` guards against a wrong file.
StatusOr<std::string> ReadFile(const std::string& path, std::size_t most_bytes);

// The version of this build, "0.1.0".
std::string_view Version();

}  // namespace sfp
