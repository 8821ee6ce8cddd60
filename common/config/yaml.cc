#include "common/config/yaml.h"

#include <absl/strings/str_format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>

namespace sfp::config {
namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

Place PlaceOf(const YAML::Mark& mark) { return {{}, mark.line + 1, mark.column + 1}; }

std::size_t CountNodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& child : node.children) count += CountNodes(child);
  return count;
}

int DepthOf(const Node& node) {
  int deepest = 0;
  for (const Node& child : node.children) deepest = std::max(deepest, DepthOf(child));
  return deepest + 1;
}

// Thrown to leave yaml-cpp once a limit is passed; the finding has been added.
struct Stop {};

// Builds the tree from the parser's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Diagnostics& diagnostics, YamlLimits limits)
      : diagnostics_(diagnostics), limits_(limits) {}

  Node Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    diagnostics_.Add(PlaceOf(mark), "a second document begins here; a configuration is one");
    throw Stop();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Put(Made(Node::Kind::kNull, mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = Made(Node::Kind::kScalar, mark);
    node.quoted = tag == "!" || tag == kStringTag;
    if (!node.quoted) CheckTag(tag, mark);
    node.value = value;
    Put(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      diagnostics_.Add(PlaceOf(mark), "an alias stands inside of what it refers to");
      throw Stop();
    }
    if (static_cast<int>(open_.size()) + DepthOf(known->second) > limits_.depth) TooDeep(mark);
    Count(CountNodes(known->second), PlaceOf(mark));
    Put(known->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Place key_place;
    std::unordered_map<std::string, int> lines;  // of the keys so far
  };

  Node Made(Node::Kind kind, const YAML::Mark& mark) {
    Node node;
    node.kind = kind;
    node.place = PlaceOf(mark);
    Count(1, node.place);
    return node;
  }
  void Count(std::size_t nodes, const Place& place) {
    count_ += nodes;
    if (count_ <= limits_.nodes) return;
    diagnostics_.Add(place, absl::StrFormat("more than %d values, counting what aliases repeat: "
                                            "data as large as this belongs in a CSV file",
                                            limits_.nodes));
    throw Stop();
  }
  [[noreturn]] void TooDeep(const YAML::Mark& mark) {
    diagnostics_.Add(PlaceOf(mark),
                     absl::StrFormat("nested more than %d levels deep", limits_.depth));
    throw Stop();
  }
  void CheckTag(const std::string& tag, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    diagnostics_.Add(PlaceOf(mark), "a tag ('!...') has no meaning here");
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (static_cast<int>(open_.size()) >= limits_.depth) TooDeep(mark);
    CheckTag(tag, mark);
    Frame frame;
    frame.node = Made(kind, mark);
    frame.anchor = anchor;
    open_.push_back(std::move(frame));
  }
  void Close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    Put(std::move(frame.node), frame.anchor);
  }

  void Put(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& top = open_.back();
    if (top.node.kind == Node::Kind::kList) {
      top.node.children.push_back(std::move(node));
    } else if (top.node.kind == Node::Kind::kBroken) {
      return;
    } else if (!top.has_key) {
      PutKey(top, node);
    } else {
      top.has_key = false;
      node.key = std::move(top.key);
      node.key_place = top.key_place;
      top.node.children.push_back(std::move(node));
    }
  }
  void PutKey(Frame& top, const Node& node) {
    if (!node.is_scalar()) {
      const bool brace = node.is_map();
      diagnostics_.Add(node.place,
                       brace ? "a key has to be text (a template needs quotes: \"{{name}}\")"
                             : "a key has to be text");
      top.node.kind = Node::Kind::kBroken;
      return;
    }
    top.has_key = true;
    top.key = node.value;
    top.key_place = node.place;
    const auto [first, is_new] = top.lines.emplace(node.value, node.place.line);
    if (is_new) return;
    diagnostics_.Add(node.place, absl::StrFormat("duplicate key '%s', first on line %d", node.value,
                                                 first->second));
  }

  Diagnostics& diagnostics_;
  const YamlLimits limits_;
  Node root_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t count_ = 0;
  int documents_ = 0;
};

std::string Explain(const YAML::Exception& error, std::string_view line) {
  const std::string& message = error.msg;
  std::string hint;
  if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ) {
    hint = "; is the indentation the same as that of the lines above?";
  }
  if (message == YAML::ErrorMsg::END_OF_MAP_FLOW) hint = "; a '}' or ',' is missing";
  if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW) hint = "; a ']' or ',' is missing";
  if (message == YAML::ErrorMsg::MAP_VALUE) hint = "; text that holds ': ' needs quotes";
  if (message == YAML::ErrorMsg::UNKNOWN_TOKEN) hint = "; does the text need quotes?";
  const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != std::string_view::npos) hint = "; indent with spaces, not with tabs";
  return "this is not YAML: " + message + hint;
}

void AddNonText(std::string_view text, std::size_t at, Diagnostics& diagnostics) {
  const std::string_view before = text.substr(0, at);
  const auto line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? at : at - start - 1;
  diagnostics.AddWithoutLine(
      {{}, line, static_cast<int>(column) + 1},
      absl::StrFormat("this is not UTF-8 text: a byte 0x%02x stands here; is it the right file?",
                      static_cast<unsigned char>(text[at])));
}

}  // namespace

std::size_t FindNonText(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
      ++i;
      continue;
    }
    const int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || text.size() - i <= static_cast<std::size_t>(more)) return i;
    std::uint32_t point = c & (0x3f >> more);
    for (int k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return i;
      point = point << 6 | (next & 0x3f);
    }
    const std::uint32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return i;
    i += more + 1;
  }
  return std::string_view::npos;
}

std::optional<Node> ParseYaml(std::string_view text, Diagnostics& diagnostics, YamlLimits limits) {
  diagnostics.set_trusted(false);
  if (const std::size_t at = FindNonText(text); at != std::string_view::npos) {
    AddNonText(text, at, diagnostics);
    return std::nullopt;
  }
  TreeBuilder tree(diagnostics, limits);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(tree)) {
    }
    diagnostics.set_trusted(true);
    return tree.Take();
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    const Place place = error.mark.is_null() ? Place() : PlaceOf(error.mark);
    diagnostics.Add(place, Explain(error, diagnostics.Line(place.line)));
    return std::nullopt;
  } catch (const std::exception&) {
    diagnostics.Add({}, "this is not YAML");
    return std::nullopt;
  }
}

}  // namespace sfp::config
