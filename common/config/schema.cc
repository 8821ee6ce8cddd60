#include "common/config/schema.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/units.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

using Kind = Rule::Kind;

std::vector<std::string> NamesOf(std::span<const Key> keys, std::string_view group = {}) {
  std::vector<std::string> names;
  for (const Key& key : keys) {
    if (group.empty() || key.group == group) names.emplace_back(key.name);
  }
  return names;
}

std::string Join(const std::vector<std::string>& names, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? std::string(last) : ", ";
    text += names[i];
  }
  return text;
}

// The map in which a key of this name belongs, the one nearest to the top, as "load" or
// "target.tls"; empty if there is none.
std::string Home(std::string_view name, const Rule& rule, const std::string& path, int depth = 0) {
  if (depth > 8) return "";
  if (rule.element != nullptr) return Home(name, *rule.element, path, depth + 1);
  for (const Key& key : rule.keys) {
    if (key.name == name) return path;
  }
  const auto levels = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '.');
  };
  std::string nearest;
  for (const Key& key : rule.keys) {
    const std::string below =
        path.empty() ? std::string(key.name) : path + "." + std::string(key.name);
    std::string home = Home(name, *key.rule, below, depth + 1);
    if (home.empty()) continue;
    if (nearest.empty() || levels(home) < levels(nearest)) nearest = std::move(home);
  }
  return nearest;
}

class Checker {
 public:
  explicit Checker(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void Value(const Node& node, const Rule& rule) {
    if (node.kind == Node::Kind::kBroken) return;
    if (rule.text && node.is_scalar()) return;
    switch (rule.kind) {
      case Kind::kJson:
        return;
      case Kind::kList:
        return List(node, rule);
      case Kind::kNamed:
      case Kind::kMap:
        return Map(node, rule);
      case Kind::kStatuses:
        if (node.is_list()) return List(node, rule);
        break;
      default:
        break;
    }
    if (node.is_scalar()) {
      Scalar(node, rule);
    } else {
      Wrong(node, rule);
    }
  }

 private:
  void Wrong(const Node& node, const Rule& rule, std::string_view more = "") {
    std::string what;
    const std::string name = node.key.empty() ? "an item" : "'" + node.key + "'";
    switch (node.kind) {
      case Node::Kind::kNull:
        return diagnostics_.Add(
            node.key.empty() ? node.place : node.key_place,
            absl::StrFormat("%s has no value; it takes %s", name, Describe(rule)));
      case Node::Kind::kScalar:
        what = Quote(node);
        break;
      case Node::Kind::kList:
        what = "a list";
        break;
      default:
        what = "a map";
    }
    diagnostics_.Add(node.place,
                     absl::StrFormat("%s takes %s, not %s%s", name, Describe(rule), what, more));
  }

  void Scalar(const Node& node, const Rule& rule) {
    const std::string& text = node.value;
    bool good = true;
    std::string more;
    const auto within = [&](auto number) {
      return number && *number >= static_cast<decltype(*number + 0)>(rule.least) &&
             *number <= static_cast<decltype(*number + 0)>(rule.most);
    };
    switch (rule.kind) {
      case Kind::kText:
      case Kind::kTemplate:
        break;
      case Kind::kFile:
        good = !text.empty();
        break;
      case Kind::kWord:
        good = std::find(rule.words.begin(), rule.words.end(), text) != rule.words.end();
        if (!node.shown) more = Suggest(text, {rule.words.begin(), rule.words.end()});
        break;
      case Kind::kInteger:
        good = within(Integer(&node));
        break;
      case Kind::kRedirects:
        good = Bool(&node) || within(Integer(&node));
        break;
      case Kind::kRate: {
        const auto rate = Rate(&node);
        good = rate && (*rate > 0 || rule.zero) && *rate <= static_cast<double>(rule.most);
        break;
      }
      case Kind::kAutoDuration:
        if (text == "auto") break;
        [[fallthrough]];
      case Kind::kDuration: {
        const auto duration = DurationOf(&node);
        good = duration && duration->count() >= rule.least && duration->count() <= rule.most;
        if (!good && !duration && !node.shown && ParseDuration(text + "s").ok()) {
          more = ", did you mean '" + text + "s'?";
        }
        break;
      }
      case Kind::kBytes: {
        const auto bytes = Bytes(&node);
        good = bytes && *bytes >= static_cast<std::uint64_t>(rule.least) &&
               *bytes <= static_cast<std::uint64_t>(rule.most);
        break;
      }
      case Kind::kBool:
        good = Bool(&node).has_value();
        break;
      case Kind::kStatus:
      case Kind::kStatuses:
        good = ToStatus(text).has_value();
        break;
      default:
        good = false;
    }
    if (!good) Wrong(node, rule, more);
  }

  void List(const Node& node, const Rule& rule) {
    if (!node.is_list()) return Wrong(node, rule);
    static constexpr Rule kOneStatus{.kind = Kind::kStatus};
    const Rule& element = rule.element != nullptr ? *rule.element : kOneStatus;
    const std::int64_t least = rule.kind == Kind::kStatuses ? 1 : rule.least;
    const std::int64_t most = rule.kind == Kind::kStatuses ? 100 : rule.most;
    const auto count = static_cast<std::int64_t>(node.children.size());
    if (count < least || count > most) {
      const std::string wanted = least == most   ? absl::StrFormat("%d", least)
                                 : count < least ? absl::StrFormat("at least %d", least)
                                                 : absl::StrFormat("at most %d", most);
      diagnostics_.Add(node.place, absl::StrFormat("'%s' takes %s item%s, not %d", node.key, wanted,
                                                   wanted.ends_with(" 1") ? "" : "s", count));
    }
    for (const Node& item : node.children) Value(item, element);
  }

  void Map(const Node& node, const Rule& rule) {
    if (!node.is_map()) return Wrong(node, rule);
    if (rule.kind == Kind::kNamed) {
      if (static_cast<std::int64_t>(node.children.size()) < rule.least) {
        diagnostics_.Add(node.place,
                         absl::StrFormat("'%s' is empty; it takes %s", node.key, Describe(rule)));
      }
      for (const Node& child : node.children) Value(child, *rule.element);
      return;
    }
    for (const Node& child : node.children) {
      const auto key = std::find_if(rule.keys.begin(), rule.keys.end(),
                                    [&](const Key& k) { return k.name == child.key; });
      if (key == rule.keys.end()) {
        Unknown(node, child, rule);
      } else {
        Value(child, *key->rule);
        Beside(node, child, *key);
      }
    }
    Missing(node, rule);
    Exclusive(node, rule);
  }

  void Unknown(const Node& map, const Node& child, const Rule& rule) {
    if (diagnostics_.full()) return diagnostics_.Add(child.key_place, "");
    const std::vector<std::string> known = NamesOf(rule.keys);
    std::string suggestion = Suggest(child.key, known);
    if (map.secret && (suggestion.empty() || child.kind == Node::Kind::kNull)) {
      return diagnostics_.Add(child.key_place,
                              "unknown key; the keys here are " + Join(known, " and "));
    }
    if (child.key == "<<") suggestion = ": maps can't be merged here";
    if (suggestion.empty()) {
      const std::string home = Home(child.key, FileRule(), "");
      if (!home.empty()) suggestion = ", which belongs under '" + home + "'";
    }
    if (suggestion.empty()) suggestion = "; the keys here are " + Join(known, " and ");
    Node name;
    name.value = child.key;
    diagnostics_.Add(child.key_place, "unknown key " + Quote(name) + suggestion);
  }

  // A key that makes sense only beside others.
  void Beside(const Node& map, const Node& child, const Key& key) {
    if (key.with.empty()) return;
    std::string_view rest = key.with;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (map.Get(rest.substr(0, end)) != nullptr) return;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const std::string_view first = key.with.substr(0, key.with.find(' '));
    diagnostics_.Add(child.key_place,
                     absl::StrFormat("'%s' has no meaning without '%s'", key.name, first));
  }

  static Place KeyOr(const Node& map) { return map.key_place.line > 0 ? map.key_place : map.place; }

  // Whether an unknown key of the map was taken for this one.
  static bool IsMisspelt(const Node& map, std::string_view name) {
    const std::vector<std::string> only = {std::string(name)};
    constexpr std::size_t kMost = 100;  // nobody misspells more
    const auto end =
        map.children.begin() + static_cast<std::ptrdiff_t>(std::min(map.children.size(), kMost));
    return std::any_of(map.children.begin(), end, [&](const Node& child) {
      return child.key != name && Likely(child.key, only).has_value();
    });
  }

  void Missing(const Node& node, const Rule& rule) {
    const std::string in = node.key.empty() ? "" : " in '" + node.key + "'";
    for (const Key& key : rule.keys) {
      if (!key.required || node.Get(key.name) != nullptr || IsMisspelt(node, key.name)) continue;
      diagnostics_.Add(KeyOr(node), absl::StrFormat("'%s' is missing%s", key.name, in));
    }
    if (rule.needs.empty()) return;
    const std::vector<std::string> choice = NamesOf(rule.keys, rule.needs);
    if (std::any_of(choice.begin(), choice.end(), [&](const std::string& name) {
          return node.Get(name) != nullptr || IsMisspelt(node, name);
        })) {
      return;
    }
    diagnostics_.Add(KeyOr(node),
                     absl::StrFormat("one of %s is missing%s", Join(choice, " or "), in));
  }

  void Exclusive(const Node& node, const Rule& rule) {
    std::vector<const Node*> firsts;  // of each key that is in a group
    for (const Node& child : node.children) {
      const std::string_view group = GroupOf(rule, child.key);
      if (group.empty() || std::any_of(firsts.begin(), firsts.end(),
                                       [&](const Node* f) { return f->key == child.key; })) {
        continue;
      }
      const auto other = std::find_if(firsts.begin(), firsts.end(), [&](const Node* f) {
        return GroupOf(rule, f->key) == group;
      });
      if (other != firsts.end()) {
        diagnostics_.Add(child.key_place, absl::StrFormat("'%s' and '%s' exclude each other",
                                                          (*other)->key, child.key));
      }
      firsts.push_back(&child);
    }
  }
  static std::string_view GroupOf(const Rule& rule, std::string_view name) {
    for (const Key& key : rule.keys) {
      if (key.name == name) return key.group;
    }
    return {};
  }

  Diagnostics& diagnostics_;
};

std::string Span(const Rule& rule) {
  if (rule.most == std::numeric_limits<std::int64_t>::max()) return "";
  return absl::StrFormat(" from %d to %d", rule.least, rule.most);
}

}  // namespace

void Check(const Node& node, const Rule& rule, Diagnostics& diagnostics) {
  Checker(diagnostics).Value(node, rule);
}

std::string Describe(const Rule& rule) {
  const std::string example = rule.example.empty() ? "" : " such as " + std::string(rule.example);
  const std::string keys = Join(NamesOf(rule.keys), ", ");
  switch (rule.kind) {
    case Kind::kText:
      return "text" + example;
    case Kind::kTemplate:
      return "text" + example;
    case Kind::kFile:
      return "a file's name";
    case Kind::kWord:
      return Join({rule.words.begin(), rule.words.end()}, " or ");
    case Kind::kInteger:
      return "a whole number" + Span(rule);
    case Kind::kRate:
      return absl::StrFormat("%s %s %d, such as 10 or 600/m", rule.unit,
                             rule.zero ? "from 0 to" : "above 0, up to", rule.most);
    case Kind::kDuration:
    case Kind::kAutoDuration: {
      std::string text = "a duration such as 250ms, 5s or 1m30s";
      if (rule.least > 0) {
        text +=
            rule.least == 1 ? ", above 0" : ", at least " + FormatDuration(Duration(rule.least));
      }
      return (rule.kind == Kind::kAutoDuration ? "auto or " : "") + text;
    }
    case Kind::kBytes:
      return absl::StrFormat("a size such as 512, 64KB or 1MiB, from %d to %d bytes", rule.least,
                             rule.most);
    case Kind::kBool:
      return "true or false";
    case Kind::kRedirects:
      return "true, false or a whole number" + Span(rule);
    case Kind::kStatus:
      return "a status such as 404, 2xx or 200-299";
    case Kind::kStatuses:
      return "statuses such as 404, [200, 404], 2xx or 200-299";
    case Kind::kJson:
      return "JSON";
    case Kind::kList:
      return "a list" + example;
    case Kind::kNamed:
      return "a map" + example;
    case Kind::kMap:
      if (rule.text) return "text" + example + " or a map of " + keys;
      return example.empty() ? "a map of " + keys : "a map" + example;
  }
  return "";
}

}  // namespace sfp::config
