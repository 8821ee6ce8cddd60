#pragma once

// A configuration in the making: what an importer has found out, before it is written as YAML.
//
// Texts here are *configuration text*: what stands in the file once YAML's quotes are off. Whoever
// fills a Draft makes it with Literal (braces and dollars stand for themselves), Use ({{name}}) and
// Secrets::Variable (${NAME:-…}); the writer adds quotes only.
//
// Notes say what of the source did not get into the draft, or only in another form: one line for
// each kind, with the places. They end up in the file's head and on stderr.
//
// Thread: confined to one import.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sfp::import {

std::string Literal(std::string_view text);
std::string Use(std::string_view data);

class Notes {
 public:
  // `what` is a clause without a full stop; `where` may be empty.
  void Add(std::string_view what, std::string_view where = {});
  // "callbacks are left out: createHook, updateHook (and 7 more)", in the order of their first.
  std::vector<std::string> Lines() const;

 private:
  struct Note {
    std::string what;
    std::vector<std::string> first;
    std::size_t places = 0;
  };
  std::vector<Note> notes_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;  // name, configuration text

struct Source {
  std::string name;
  std::vector<std::string> values;  // as they are sent: literal
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
  std::string about;  // a comment

  bool SameValues(const Source& other) const {
    return values == other.values && range == other.range;
  }
};

struct Request {
  std::string method;  // in upper case
  std::string path;    // begins with '/' or '?', or is empty
  Fields query;
  Fields headers;
  enum class Body { kNone, kText, kJson, kForm };
  Body body = Body::kNone;
  std::string text;   // of kText: configuration text; of kJson: that of a JSON text
  bool yaml = false;  // of kJson: the text is also YAML, to be written without quotes
  Fields form;
  std::vector<std::string> statuses;  // "200", "2xx"; empty: the default
  bool follow = true;                 // redirects
  std::string timeout;                // empty: the target's
};

struct Task {
  std::string name;
  Request request;
  std::vector<std::string> about;  // comments, a line each
  std::int64_t think_ms = 0;       // on average, before it; of steps
};

struct Draft {
  std::vector<std::string> head;  // comments: where this came from
  std::string name;               // of the run; empty: the file's
  std::string url;
  std::vector<std::string> url_about;  // comments, such as other servers
  std::string base_path;
  Fields auth;  // {"bearer", …} or {"user", …}, {"password", …}
  std::vector<std::string> auth_about;
  Fields headers;
  bool insecure = false;  // certificates are not checked
  bool decompress = false;
  std::vector<Source> data;
  std::string user_class = "user";
  std::vector<Task> tasks;
  std::string in_order;  // the tasks are steps of one, which has this name; empty: they are not
  std::vector<std::string> variables;  // to be set before a run
  Notes notes;
};

// The draft as a configuration file.
std::string Write(const Draft& draft);

}  // namespace sfp::import
