#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/base/units.h"
#include "master/import/draft.h"

namespace sfp::import {
namespace {

constexpr std::size_t kWidth = 110;

// Characters that no configuration holds as they are: control characters, DEL among them.
void AppendEscaped(std::string& out, std::string_view text) {
  std::string escaped;
  AppendJsonEscaped(escaped, text);
  for (const char c : escaped) {
    if (c == '\x7f') {
      out += "\\x7f";
    } else {
      out += c;
    }
  }
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  AppendEscaped(out, text);
  return out + '"';
}

// As it is if YAML reads it as the same text, else in quotes.
std::string Scalar(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kReserved = {
      "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"};
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
  };
  const bool plain =
      !text.empty() && letter(text[0]) && text.back() != ':' &&
      std::all_of(text.begin(), text.end(), [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
      });
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool reserved = std::find(kReserved.begin(), kReserved.end(), lower) != kReserved.end();
  return plain && !reserved ? std::string(text) : Quoted(text);
}

std::string Pad(int indent) { return std::string(static_cast<std::size_t>(indent), ' '); }

// One line of a comment, whatever stands in the text.
std::string Comment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const bool blank = u <= ' ' || u == 0x7f;
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

class Writer {
 public:
  explicit Writer(const Draft& draft) : draft_(draft) {}

  std::string Write() {
    Head();
    Target();
    Line(0, "");
    Line(0, "# Small to begin with. See config-example.yaml for the other shapes of load.");
    Line(0, "load: {users: 2, spawn_rate: 1, run_time: 30s}");
    Data();
    Users();
    Line(0, "");
    Line(0, "thresholds: [\"failures < 1%\"]");
    return std::move(out_);
  }

 private:
  void Line(int indent, std::string_view text) {
    if (!text.empty()) out_ += Pad(indent);
    out_ += text;
    out_ += '\n';
  }
  void Comments(int indent, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) Wrapped(indent, line);
  }
  // Broken into lines between words.
  void Wrapped(int indent, std::string_view text) {
    std::string rest = Comment(text);
    std::string_view lead = "# ";
    while (!rest.empty()) {
      std::size_t end = rest.size();
      if (rest.size() > kWidth) {
        end = rest.rfind(' ', kWidth);
        if (end == std::string::npos || end == 0) end = std::min(rest.find(' '), rest.size());
      }
      Line(indent, std::string(lead) + rest.substr(0, end));
      rest.erase(0, std::min(end + 1, rest.size()));
      lead = "#   ";
    }
  }

  void Head() {
    Comments(0, draft_.head);
    if (!draft_.variables.empty()) {
      Line(0, "#");
      Line(0, "# To be set in the environment before a run (what stands here is no credential):");
      std::string names;
      for (const std::string& name : draft_.variables) names += (names.empty() ? "" : " ") + name;
      Wrapped(0, "  " + names);
    }
    const auto notes = draft_.notes.Lines();
    if (!notes.empty()) {
      Line(0, "#");
      Line(0, "# Not taken over as it was:");
      for (const std::string& note : notes) Wrapped(0, "- " + note);
    }
    Line(0, "");
    if (!draft_.name.empty()) Line(0, "name: " + Scalar(draft_.name));
  }

  static std::string Flow(const Fields& fields) {
    std::string out = "{";
    for (const auto& [name, value] : fields) {
      if (out.size() > 1) out += ", ";
      out += Scalar(name) + ": " + Scalar(value);
    }
    return out + "}";
  }
  // In one line if it fits, else a line for each.
  void Map(int indent, std::string_view key, const Fields& fields) {
    if (fields.empty()) return;
    const std::string flow = std::string(key) + ": " + Flow(fields);
    if (static_cast<std::size_t>(indent) + flow.size() <= kWidth) return Line(indent, flow);
    Line(indent, std::string(key) + ":");
    for (const auto& [name, value] : fields) {
      Line(indent + 2, Scalar(name) + ": " + Scalar(value));
    }
  }

  void Target() {
    Line(0, "target:");
    Comments(2, draft_.url_about);
    Line(2, "url: " + Scalar(draft_.url));
    if (!draft_.base_path.empty()) Line(2, "base_path: " + Scalar(draft_.base_path));
    Comments(2, draft_.auth_about);
    if (!draft_.auth.empty()) {
      const std::string& kind = draft_.auth.front().first;
      Line(2, kind == "bearer" ? "auth: " + Flow(draft_.auth)
                               : "auth: {basic: " + Flow(draft_.auth) + "}");
    }
    if (draft_.insecure) Line(2, "tls: {verify: false}");
    if (draft_.decompress) Line(2, "decompress: true");
    Map(2, "headers", draft_.headers);
  }

  void Data() {
    if (draft_.data.empty()) return;
    Line(0, "");
    Line(0, "# Values for {{name}}; examples, until you replace them by ones that the API knows.");
    Line(0, "data:");
    for (const Source& source : draft_.data) {
      const std::string about = source.about.empty() ? "" : "  # " + Comment(source.about);
      const std::string key = Scalar(source.name) + ": ";
      if (source.range) {
        Line(2, key + "{range: {from: " + std::to_string(source.range->first) +
                    ", to: " + std::to_string(source.range->second) + "}}" + about);
        continue;
      }
      std::string line = key + "{values: [";
      for (std::size_t i = 0; i < source.values.size(); ++i) {
        const std::string value = Quoted(Dollars(source.values[i]));
        if (i > 0 && line.size() + value.size() > kWidth) {
          Line(2, line + ",");
          line = "  " + value;
        } else {
          line += (i > 0 ? ", " : "") + value;
        }
      }
      Line(2, line + "]}" + about);
    }
  }
  // Values of data are no templates.
  static std::string Dollars(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '$' ? "$$" : std::string(1, c);
    return out;
  }

  void Users() {
    Line(0, "");
    Line(0, "users:");
    Line(2, Scalar(draft_.user_class) + ":");
    Line(4, "wait: {uniform: [500ms, 2s]}");
    Line(4, "tasks:");
    if (!draft_.in_order.empty()) return Steps();
    for (const Task& task : draft_.tasks) {
      Comments(6, task.about);
      Line(6, Scalar(task.name) + ":");
      WriteRequest(8, task.request);
    }
  }

  void Steps() {
    Line(6, Scalar(draft_.in_order) + ":");
    Line(8, "steps:");
    for (const Task& task : draft_.tasks) {
      if (task.think_ms > 0) {
        const auto time = [](std::int64_t ms) { return FormatDuration(Duration(ms * 1'000'000)); };
        Line(10, "- think: {uniform: [" + time(task.think_ms / 2) + ", " +
                     time(task.think_ms + task.think_ms / 2) + "]}");
      }
      Comments(10, task.about);
      Line(10, "- name: " + Scalar(task.name));
      WriteRequest(12, task.request);
    }
  }

  void WriteRequest(int indent, const Request& request) {
    std::string method = request.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    Line(indent, method + ": " + Scalar(request.path));
    Map(indent, "query", request.query);
    Map(indent, "headers", request.headers);
    Body(indent, request);
    if (request.statuses.size() == 1) {
      Line(indent, "expect: {status: " + request.statuses[0] + "}");
    } else if (!request.statuses.empty()) {
      std::string list;
      for (const std::string& status : request.statuses)
        list += (list.empty() ? "" : ", ") + status;
      Line(indent, "expect: {status: [" + list + "]}");
    }
    if (!request.timeout.empty()) Line(indent, "timeout: " + request.timeout);
    if (!request.follow) Line(indent, "redirects: false");
  }

  void Body(int indent, const Request& request) {
    switch (request.body) {
      case Request::Body::kNone:
        return;
      case Request::Body::kText:
        return Line(indent, "body: " + Quoted(request.text));
      case Request::Body::kForm:
        if (request.form.empty()) return Line(indent, "form: {}");
        return Map(indent, "form", request.form);
      case Request::Body::kJson:
        break;
    }
    if (!request.yaml) return Line(indent, "json: " + Quoted(request.text));
    // Lines of a longer text are indented below the key.
    std::string text;
    for (const char c : request.text) {
      text += c;
      if (c == '\n') text += Pad(indent + 2);
    }
    Line(indent, "json: " + text);
  }

  const Draft& draft_;
  std::string out_;
};

}  // namespace

std::string Write(const Draft& draft) { return Writer(draft).Write(); }

}  // namespace sfp::import
