#pragma once

// Requests that were really sent, in their order, to a draft: what HAR files and curl commands have
// in common. The first request says which origin is the target; requests to others are noted and
// left out.
//
// Secrets (credentials, cookies, fields and parameters whose name or value says so) become
// variables. What a browser or curl adds by itself (Host, sec-…, caching) is left out.
//
// Thread: confined to one import.

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/import/draft.h"
#include "master/import/names.h"

namespace sfp::import {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // name, text as it was sent

struct Recorded {
  std::string method;
  std::string url;  // scheme://host/path?query
  Pairs headers;
  std::string body;
  std::string type;                // of the body: its Content-Type
  Pairs parts;                     // of a multipart body or form, if the source has them apart
  std::vector<std::string> files;  // names of the parts that are files
  std::vector<std::string> statuses;
  bool follow = true;
  std::string timeout;
  std::vector<std::string> about;
  std::int64_t think_ms = 0;  // since whatever came before
};

// A shell variable in a text: curl commands may hold them. Text turns it into ${NAME:-…}.
std::string ShellVariable(std::string_view name);
// Does the text begin with one of the marks around its name?
bool IsShellMark(std::string_view text);

class Recording {
 public:
  // False if it was left out (noted).
  bool Add(const Recorded& recorded);
  // Names of cookies that a response set: the users' jars send them from then on.
  void SetByResponse(const std::string& cookie) { jar_.insert(cookie); }
  void SetUser(std::string_view user, std::string_view password);

  // Common headers moved to the target; variables listed.
  Draft Take();
  Draft& draft() { return draft_; }
  // scheme://host[:port] of a URL, in lower case, without a default port; empty if it is none.
  static std::string OriginOf(std::string_view url);

 private:
  std::string Text(std::string_view text);
  std::string Hidden(std::string_view name, std::string_view value);
  std::string Value(std::string_view name, std::string_view value);
  void SetPath(std::string_view url, Request& request);
  void SetHeaders(const Recorded& recorded, const std::string& task, Request& request);
  bool SetAuthorization(std::string_view value);
  void SetCookies(std::string_view cookies, const std::string& task, Request& request);
  void SetBody(const Recorded& recorded, const std::string& task, Request& request);
  void SetForm(const Pairs& fields, Request& request);

  Draft draft_;
  Secrets secrets_;
  UniqueNames names_;
  std::set<std::string> jar_;
  std::string authorization_;  // that the target's auth stands for
  std::set<std::string> shell_variables_;
  bool first_ = true;
};

// "a=1&b=2" decoded.
Pairs FormPairs(std::string_view text);

}  // namespace sfp::import
