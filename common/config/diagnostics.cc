#include "common/config/diagnostics.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <numeric>

namespace sfp::config {
namespace {

constexpr std::size_t kWidest = 100;                 // characters of a source line that are shown
constexpr std::size_t kLongestWithSecrets = 10'000;  // bytes of a line; longer ones are not shown
constexpr std::string_view kStars = "***";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::size_t CharactersIn(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

// The length of the scalar as written at the front of `text`, as far as this line goes.
std::size_t RawLength(std::string_view text) {
  if (text.starts_with('"')) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        return i + 1;
      }
    }
    return text.size();
  }
  if (text.starts_with('\'')) {
    const std::size_t end = text.find('\'', 1);
    // A doubled quote stands for one: what follows it is hidden with the rest of the line.
    if (end == std::string_view::npos || text.substr(end).starts_with("''")) return text.size();
    return end + 1;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (text[i] == '}' || text[i] == ']' || (text[i] == ',' && next == ' ') ||
        (text[i] == ' ' && next == '#')) {
      return i;
    }
  }
  return text.size();
}

// A window of the line around the caret, and the caret below it.
std::string Excerpt(std::string_view line, std::size_t caret) {
  const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
  std::size_t begin = std::min(indent, caret);
  if (caret - begin > kWidest * 3 / 4) begin = caret - kWidest / 2;
  while (begin > 0 && IsContinuation(line[begin])) --begin;
  std::size_t end = std::min(line.size(), begin + kWidest);
  while (end < line.size() && IsContinuation(line[end])) ++end;
  std::string window(line.substr(begin, end - begin));
  std::replace(window.begin(), window.end(), '\t', ' ');
  const std::string front = begin > indent ? "..." : "";
  return "\n  " + front + window + (end < line.size() ? "..." : "") + "\n  " +
         std::string(front.size() + CharactersIn(line.substr(begin, caret - begin)), ' ') + "^";
}

}  // namespace

std::string Format(const Diagnostic& diagnostic) {
  std::string text = diagnostic.file;
  if (diagnostic.line > 0) absl::StrAppendFormat(&text, ":%d", diagnostic.line);
  if (diagnostic.line > 0 && diagnostic.column > 0) {
    absl::StrAppendFormat(&text, ":%d", diagnostic.column);
  }
  text += ": " + diagnostic.message;
  if (diagnostic.source_line.empty() || diagnostic.column == 0) return text;
  const int caret = diagnostic.caret > 0 ? diagnostic.caret : diagnostic.column;
  const std::size_t at =
      std::min(static_cast<std::size_t>(caret) - 1, diagnostic.source_line.size());
  return text + Excerpt(diagnostic.source_line, at);
}

std::string Redact(std::string_view text, const std::vector<std::string>& secrets) {
  std::string out(text);
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = out.find(secret, at)) != std::string::npos;) {
      out.replace(at, secret.size(), kStars);
      at += kStars.size();
    }
  }
  return out;
}

Diagnostics::Diagnostics(std::string path, std::string_view text) : path_(std::move(path)) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view Diagnostics::Line(int line) const {
  return line < 1 || line > lines() ? std::string_view() : lines_[line - 1];
}

void Diagnostics::Add(const Place& place, std::string message) {
  if (found_.size() == kMost) {
    ++left_out_;
    return;
  }
  Diagnostic diagnostic;
  diagnostic.file = place.option.empty() ? path_ : std::string(place.option);
  diagnostic.line = place.option.empty() ? place.line : 0;
  diagnostic.column = diagnostic.line > 0 ? place.column : 0;
  diagnostic.message = std::move(message);
  found_.push_back(std::move(diagnostic));
  lineless_.push_back(false);
}

void Diagnostics::AddWithoutLine(const Place& place, std::string message) {
  const std::size_t before = found_.size();
  Add(place, std::move(message));
  if (found_.size() > before) lineless_.back() = true;
}

void Diagnostics::AddWithin(const Node& scalar, std::string_view piece, std::string message) {
  Place place = scalar.place;
  if (place.option.empty() && place.column > 0) {
    const std::string_view line = Line(place.line);
    const std::size_t at = line.find(piece, static_cast<std::size_t>(place.column) - 1);
    if (at != std::string_view::npos) place.column = static_cast<int>(at) + 1;
  }
  Add(place, std::move(message));
}

void Diagnostics::Hide(const Place& begin, const Place& next) {
  if (begin.option.empty() && begin.line > 0 && begin.column > 0) hidden_.push_back({begin, next});
}

void Diagnostics::HideText(std::string_view secret) {
  const auto end = hidden_texts_.end();
  if (std::find(hidden_texts_.begin(), end, secret) == end) hidden_texts_.emplace_back(secret);
}

void Diagnostics::ShowLine(Diagnostic& diagnostic) const {
  const std::string_view line = Line(diagnostic.line);
  // Parts to hide: first byte and the byte behind the last.
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  for (const Span& span : hidden_) {
    const int last = span.next.line > 0 ? span.next.line : lines();
    if (diagnostic.line < span.begin.line || diagnostic.line > last) continue;
    const std::size_t begin = std::min(
        diagnostic.line == span.begin.line ? static_cast<std::size_t>(span.begin.column) - 1 : 0,
        line.size());
    if (diagnostic.line == span.begin.line) {
      parts.emplace_back(begin, begin + RawLength(line.substr(begin)));
    } else if (diagnostic.line < last || span.next.line == 0) {
      parts.emplace_back(0, line.size());
    } else {
      // The next key may be the indented first one of a line: only what is in front of it can be a
      // value.
      const std::size_t end =
          std::min(static_cast<std::size_t>(std::max(span.next.column, 1)) - 1, line.size());
      if (line.substr(0, end).find_first_not_of(" \t-") != std::string_view::npos) {
        parts.emplace_back(0, end);
      }
    }
  }
  if (line.size() > kLongestWithSecrets && !parts.empty()) return;
  std::sort(parts.begin(), parts.end());
  std::string shown;
  std::size_t done = 0;
  const auto column = static_cast<std::size_t>(diagnostic.column);
  std::size_t caret = column;
  for (const auto& [begin, end] : parts) {
    if (end <= done) continue;
    const std::size_t from = std::max(begin, done);
    shown += line.substr(done, from - done);
    if (column > end) {
      caret += kStars.size();
      caret -= end - from;
    } else if (column > from) {
      caret = shown.size() + 1;
    }
    shown += kStars;
    done = end;
  }
  shown += line.substr(std::min(done, line.size()));
  diagnostic.source_line = std::move(shown);
  if (caret != column) diagnostic.caret = static_cast<int>(caret);
}

// Asks the line, the one above it and those that it is indented under.
bool Diagnostics::MayHoldSecret(int line) const {
  const auto indent = [](std::string_view text) { return text.find_first_not_of(" \t-"); };
  std::size_t depth = std::string_view::npos;
  for (int i = line; i > 0; --i) {
    std::string text(Line(i));
    const std::size_t here = indent(text);
    if (here == std::string::npos) continue;
    const bool counts = i + 1 >= line || here < depth;
    if (!counts) continue;
    depth = std::min(depth, here);
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (const char* word : {"auth", "passw", "bearer", "token", "secret", "cookie", "key"}) {
      if (text.find(word) != std::string::npos) return true;
    }
  }
  return false;
}

std::vector<Diagnostic> Diagnostics::Take() {
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const bool shown = trusted_ || !MayHoldSecret(found_[i].line);
    if (found_[i].line > 0 && !lineless_[i] && shown) ShowLine(found_[i]);
    found_[i].message = Redact(found_[i].message, hidden_texts_);
    found_[i].source_line = Redact(found_[i].source_line, hidden_texts_);
  }
  std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (left_out_ > 0) {
    found_.push_back({path_, 0, 0, absl::StrFormat("there are %d more mistakes", left_out_), ""});
  }
  return std::move(found_);
}

}  // namespace sfp::config
