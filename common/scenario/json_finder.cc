#include "common/scenario/json_finder.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>

namespace sfp::scenario {
namespace {

namespace json = boost::json;

// Undoes ~1 and ~0.
bool Unescape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') {
      out += text[i];
      continue;
    }
    if (++i == text.size() || (text[i] != '0' && text[i] != '1')) return false;
    out += text[i] == '0' ? '~' : '/';
  }
  return true;
}

Pointer::Step MakeStep(std::string key) {
  Pointer::Step step;
  step.any = key == "*";
  const char* const end = key.data() + key.size();
  const bool plain = key == "0" || (!key.empty() && key[0] != '0' && key[0] != '-');
  const auto [stop, error] = std::from_chars(key.data(), end, step.index);
  step.is_index = plain && !key.empty() && error == std::errc() && stop == end;
  step.key = std::move(key);
  return step;
}

}  // namespace

StatusOr<Pointer> ParsePointer(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return Invalid("'" + std::string(text) +
                   "' is not a JSON pointer such as /data/*/id: " + std::string(why));
  };
  Pointer pointer;
  if (text.empty()) return pointer;
  if (text[0] != '/') return wrong("it has to begin with '/'");
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find('/'), text.size());
    std::string key;
    if (!Unescape(text.substr(0, end), key)) return wrong("'~' stands only in ~0 and ~1");
    pointer.steps.push_back(MakeStep(std::move(key)));
    text.remove_prefix(end);
  }
  if (pointer.steps.size() > JsonFinder::kMostDepth) return wrong("it is too deep");
  return pointer;
}

// The parser's events. For each pointer it keeps how many of its steps the path of the value at
// hand matches, counted from the root; a value is taken when that is all of them and the value
// lies exactly there. `depth` is the number of open containers, hence the length of the path of
// what stands in the innermost one.
struct Handler {
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  struct Level {
    bool array = false;
    std::uint64_t next = 0;  // index of the next element
  };

  std::span<const Pointer> pointers;
  std::vector<std::size_t> matched;  // by pointer
  std::array<Level, JsonFinder::kMostDepth + 2> levels;
  std::size_t depth = 0;
  std::size_t furthest = 0;  // the largest of `matched`: most of a body lies off every path
  std::string part;          // of a key or string that has escapes
  std::string text;
  std::vector<JsonFinder::Found> found;

  void Begin(std::span<const Pointer> of) {
    pointers = of;
    matched.assign(pointers.size(), 0);
    depth = 0;
    furthest = 0;
    part.clear();
    text.clear();
    found.clear();
  }

  template <typename Fits>
  void StepTo(Fits fits) {
    const std::size_t above = depth - 1;
    if (furthest < above) return;
    furthest = 0;
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      std::size_t& m = matched[i];
      if (m > above) m = above;
      const auto& steps = pointers[i].steps;
      if (m == above && above < steps.size() && fits(steps[above])) ++m;
      furthest = std::max(furthest, m);
    }
  }
  void StepToElement() {
    if (depth == 0 || !levels[depth].array) return;
    const std::uint64_t index = levels[depth].next++;
    StepTo([&](const Pointer::Step& s) { return s.any || (s.is_index && s.index == index); });
  }
  bool Open(bool array) {
    StepToElement();
    levels[++depth] = {array, 0};
    return true;
  }
  bool Close() {
    --depth;
    return true;
  }
  void Take(std::string_view value) {
    if (furthest < depth) return;
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      if (matched[i] != depth || pointers[i].steps.size() != depth) continue;
      found.push_back({i, text.size(), value.size()});
      text += value;
    }
  }
  bool Scalar(std::string_view value) {
    StepToElement();
    Take(value);
    return true;
  }
  bool Part(json::string_view s) {
    part.append(s.data(), s.size());
    return true;
  }
  // The whole of a key or string whose last part is `s`.
  std::string_view Whole(json::string_view s, std::size_t n) {
    if (s.size() == n) return {s.data(), s.size()};
    part.append(s.data(), s.size());
    return part;
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return Open(true); }
  bool on_array_end(std::size_t, json::error_code&) { return Close(); }
  bool on_object_begin(json::error_code&) { return Open(false); }
  bool on_object_end(std::size_t, json::error_code&) { return Close(); }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) { return Part(s); }
  bool on_key(json::string_view s, std::size_t n, json::error_code&) {
    const std::string_view key = Whole(s, n);
    StepTo([&](const Pointer::Step& step) { return step.any || step.key == key; });
    part.clear();
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) { return Part(s); }
  bool on_string(json::string_view s, std::size_t n, json::error_code&) {
    Scalar(Whole(s, n));
    part.clear();
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view s, json::error_code&) {
    return Scalar({s.data(), s.size()});
  }
  bool on_uint64(std::uint64_t, json::string_view s, json::error_code&) {
    return Scalar({s.data(), s.size()});
  }
  bool on_double(double, json::string_view s, json::error_code&) {
    return Scalar({s.data(), s.size()});
  }
  bool on_bool(bool b, json::error_code&) { return Scalar(b ? "true" : "false"); }
  bool on_null(json::error_code&) {
    StepToElement();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

struct JsonFinder::Parser {
  Parser() : json(Options()) {}

  static json::parse_options Options() {
    json::parse_options options;
    options.max_depth = kMostDepth;
    options.allow_invalid_utf8 = true;  // cheaper, and no matter of ours
    return options;
  }

  // False if the body is not one JSON value.
  bool Read(std::string_view body, std::span<const Pointer> pointers) {
    json.reset();
    json.handler().Begin(pointers);
    json::error_code error;
    const std::size_t used = json.write_some(false, body.data(), body.size(), error);
    return !error && used == body.size();
  }

  json::basic_parser<Handler> json;
};

JsonFinder::JsonFinder() : parser_(std::make_unique<Parser>()) {}
JsonFinder::~JsonFinder() = default;

void JsonFinder::Read(std::string_view body, std::span<const Pointer> pointers) {
  if (!parser_->Read(body, pointers)) parser_->json.handler().found.clear();
}

std::span<const JsonFinder::Found> JsonFinder::found() const {
  return parser_->json.handler().found;
}

std::string_view JsonFinder::value(const Found& found) const {
  return std::string_view(parser_->json.handler().text).substr(found.begin, found.size);
}

}  // namespace sfp::scenario
