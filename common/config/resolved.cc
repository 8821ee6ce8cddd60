#include "common/config/resolved.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

using Kind = Rule::Kind;
constexpr std::size_t kWidth = 100;

bool IsTyped(Kind kind) {
  switch (kind) {
    case Kind::kText:
    case Kind::kTemplate:
    case Kind::kFile:
    case Kind::kJson:
      return false;
    default:
      return true;
  }
}

// In double quotes, and such that ${…} is not filled in again.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7f) {
      out += absl::StrFormat("\\x%02x", c);
    } else if (c == '$' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '$')) {
      out += "$$";
    } else {
      out += text[i];
    }
  }
  return out + '"';
}

std::string KeyText(std::string_view key) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  const bool word = !key.empty() && key[0] != '-' && std::all_of(key.begin(), key.end(), plain);
  static constexpr std::string_view kReserved[] = {"null", "Null", "NULL", "true", "false", "yes",
                                                   "no",   "on",   "off",  "y",    "n"};
  const bool reserved =
      std::find(std::begin(kReserved), std::end(kReserved), key) != std::end(kReserved);
  if (word && !reserved) return std::string(key);
  std::string quoted = "\"";
  AppendJsonEscaped(quoted, key);
  return quoted + '"';
}

class Writer {
 public:
  explicit Writer(const std::map<const Node*, std::string>& notes) : notes_(notes) {}

  std::string Write(const Node& root) {
    out_ =
        "# The plan as sfp read it: variables filled in, every default written out, secrets as "
        "\"***\".\n";
    Map(&root, FileRule(), 0);
    return std::move(out_);
  }

 private:
  void Line(int indent, std::string_view text) {
    out_.append(static_cast<std::size_t>(indent), ' ');
    out_ += text;
    out_ += '\n';
  }

  std::string Scalar(const Node& node, const Rule& rule) {
    std::string text;
    switch (rule.kind) {
      case Kind::kDuration:
      case Kind::kAutoDuration: {
        const auto duration = DurationOf(&node);
        text = duration ? FormatDuration(*duration) : node.value;
        break;
      }
      case Kind::kRedirects:
        text = std::to_string(Redirects(&node).value_or(0));
        break;
      case Kind::kJson:
        text = JsonScalar(node);
        break;
      default:
        text = IsTyped(rule.kind) ? node.value : Quoted(node.Shown());
    }
    const auto note = notes_.find(&node);
    return note == notes_.end() ? text : text + "  # " + note->second;
  }

  static std::string JsonScalar(const Node& node) {
    if (node.kind == Node::Kind::kNull) return "null";
    const bool same = !node.shown && JsonText(node) == node.value;
    return same && !node.quoted ? node.value : Quoted(node.Shown());
  }

  std::string JsonFlow(const Node& node) {
    if (!node.is_list() && !node.is_map()) return JsonScalar(node);
    std::string text = node.is_map() ? "{" : "[";
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) text += ", ";
      if (node.is_map()) text += KeyText(node.children[i].key) + ": ";
      text += JsonFlow(node.children[i]);
    }
    return text + (node.is_map() ? "}" : "]");
  }

  // A list of scalars in brackets, broken into lines.
  void FlowList(const Node& node, const Rule& element, std::string head, int indent) {
    std::string line = head + " [";
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const bool last = i + 1 == node.children.size();
      const std::string item = Scalar(node.children[i], element) + (last ? "]" : ", ");
      if (i > 0 && static_cast<std::size_t>(indent) + line.size() + item.size() > kWidth) {
        while (line.ends_with(' ')) line.pop_back();
        Line(indent, line);
        line = "  ";
      }
      line += item;
    }
    Line(indent, node.children.empty() ? line + "]" : line);
  }

  static constexpr Rule kText{.kind = Kind::kText};

  static bool AllTexts(const Node& list) {
    return std::all_of(list.children.begin(), list.children.end(),
                       [](const Node& item) { return item.is_scalar(); });
  }

  void Value(std::string_view key, const Node& node, const Rule& rule, int indent) {
    const std::string head = KeyText(key) + ":";
    static constexpr Rule kStatus{.kind = Kind::kStatus};
    if (rule.text && node.is_scalar()) return Line(indent, head + " " + Scalar(node, kText));
    switch (rule.kind) {
      case Kind::kJson:
        if (node.is_list() || node.is_map()) return Line(indent, head + " " + JsonFlow(node));
        break;
      case Kind::kStatuses:
        if (node.is_list()) return FlowList(node, kStatus, head, indent);
        break;
      case Kind::kList:
        if (rule.element->kind != Kind::kMap) return FlowList(node, *rule.element, head, indent);
        if (AllTexts(node)) return FlowList(node, kText, head, indent);
        Line(indent, head);
        for (const Node& item : node.children) Item(item, *rule.element, indent + 2);
        return;
      case Kind::kNamed:
      case Kind::kMap: {
        const std::size_t before = out_.size();
        Line(indent, head);
        const std::size_t after = out_.size();
        Map(&node, rule, indent + 2);
        if (out_.size() > after) return;
        out_.resize(before);
        return Line(indent, head + " {}");
      }
      default:
        break;
    }
    Line(indent, head + " " + Scalar(node, rule));
  }

  // "- first: 1" and the other keys below.
  void Item(const Node& item, const Rule& rule, int indent) {
    if (item.is_scalar()) return Line(indent, "- " + Scalar(item, kText));
    const std::size_t begin = out_.size();
    Map(&item, rule, indent + 2);
    if (out_.size() > begin) out_[begin + static_cast<std::size_t>(indent)] = '-';
  }

  void Map(const Node* node, const Rule& rule, int indent) {
    if (rule.kind == Kind::kNamed) {
      for (const Node& child : node->children) Value(child.key, child, *rule.element, indent);
      return;
    }
    for (const Key& key : rule.keys) {
      const Node* child = node == nullptr ? nullptr : node->Get(key.name);
      if (child != nullptr) {
        Value(key.name, *child, *key.rule, indent);
      } else if (key.fallback != nullptr && HasCompany(node, key) &&
                 (key.unless.empty() || node == nullptr || node->Get(key.unless) == nullptr)) {
        Default(key, indent);
      }
    }
  }

  static bool HasCompany(const Node* node, const Key& key) {
    if (key.with.empty()) return true;
    std::string_view rest = key.with;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (node != nullptr && node->Get(rest.substr(0, end)) != nullptr) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  }

  void Default(const Key& key, int indent) {
    const std::string head = KeyText(key.name) + ":";
    if (key.rule->kind == Kind::kMap) {
      Line(indent, head);
      return Map(nullptr, *key.rule, indent + 2);
    }
    Line(indent, head + " " + (IsTyped(key.rule->kind) ? key.fallback : Quoted(key.fallback)));
  }

  const std::map<const Node*, std::string>& notes_;
  std::string out_;
};

void Collect(const Node& node, const Rule* rule, std::vector<std::string>& secrets) {
  constexpr std::size_t kShortest = 5;
  const auto add = [&](const std::string& text) {
    if (text.size() >= kShortest) secrets.push_back(text);
  };
  if (node.is_scalar() && (rule == nullptr || rule->text || !IsTyped(rule->kind))) {
    for (const std::string& value : node.variables) add(value);
    if (node.secret) add(node.value);
  }
  for (const Node& child : node.children) {
    const Rule* next = rule == nullptr ? nullptr : rule->element;
    if (rule != nullptr && rule->kind == Kind::kMap) {
      for (const Key& key : rule->keys) {
        if (key.name == child.key) next = key.rule;
      }
    }
    Collect(child, next, secrets);
  }
}

// As credentials stand in the Authorization header.
void AddBasic(const Node* auth, std::vector<std::string>& secrets) {
  if (auth == nullptr) return;
  const auto add = [&](const Node* of, std::string_view user, std::string_view password) {
    if (of == nullptr) return;
    secrets.push_back(
        Base64(Text(of->Get(user)).value_or("") + ":" + Text(of->Get(password)).value_or("")));
  };
  add(auth->Get("basic"), "user", "password");
  add(auth->Get("oauth2"), "client_id", "client_secret");
}

}  // namespace

std::string ResolvedYaml(const Node& root, const std::map<const Node*, std::string>& notes) {
  return Writer(notes).Write(root);
}

std::vector<std::string> SecretsOf(const Node& root) {
  std::vector<std::string> secrets;
  Collect(root, &FileRule(), secrets);
  if (const Node* target = root.Get("target")) AddBasic(target->Get("auth"), secrets);
  if (const Node* users = root.Get("users")) {
    for (const Node& user_class : users->children) AddBasic(user_class.Get("auth"), secrets);
  }
  std::sort(secrets.begin(), secrets.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  return secrets;
}

}  // namespace sfp::config
