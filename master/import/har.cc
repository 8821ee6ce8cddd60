#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <optional>
#include <set>

#include "master/import/document.h"
#include "master/import/import.h"
#include "master/import/recording.h"

namespace sfp::import {
namespace {

namespace json = boost::json;

struct Entry {
  const json::value* value = nullptr;
  const json::value* request = nullptr;
  const json::value* response = nullptr;
  std::string url;
  int status = 0;
  std::string redirect;       // where to; empty: nowhere
  std::int64_t pause_ms = 0;  // since everything before it had ended
};

// "2026-05-04T10:00:00.150Z" in ms. The zone is left out: it is the same in the whole recording.
std::optional<std::int64_t> TimeOf(const std::string& text) {
  std::tm time{};
  double seconds = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%lf", &time.tm_year, &time.tm_mon, &time.tm_mday,
                  &time.tm_hour, &time.tm_min, &seconds) != 6 ||
      time.tm_year < 1970 || time.tm_year > 9999 || !(seconds >= 0 && seconds < 61)) {
    return std::nullopt;
  }
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return timegm(&time) * 1000 + static_cast<std::int64_t>(seconds * 1000);
}

std::string Resolve(const std::string& base, const std::string& location) {
  if (location.find("://") != location.npos) return location;
  const std::size_t scheme = base.find("://");
  const std::string origin = base.substr(0, base.find('/', scheme == base.npos ? 0 : scheme + 3));
  if (location.starts_with("//")) return base.substr(0, scheme + 1) + location;
  if (location.starts_with('/')) return origin + location;
  return base.substr(0, base.rfind('/') + 1) + location;
}

std::string WithoutFragment(const std::string& url) { return url.substr(0, url.find('#')); }

// Pictures, styles, scripts and fonts: by what the browser says, else by the response's type.
bool IsAsset(const Entry& entry) {
  const std::string kind = TextIn(entry.value, "_resourceType");
  static constexpr std::string_view kKinds[] = {"image", "stylesheet", "script",   "font",
                                                "media", "manifest",   "texttrack"};
  if (!kind.empty())
    return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
  const std::string type = Lower(TextIn(Member(entry.response, "content"), "mimeType"));
  return type.starts_with("image/") || type.starts_with("font/") || type.starts_with("video/") ||
         type.starts_with("audio/") || type.starts_with("text/css") ||
         type.find("javascript") != type.npos || type.find("font-") != type.npos;
}

class HarReader {
 public:
  HarReader(const Options& options, const json::array& entries)
      : options_(options), entries_(entries) {}

  StatusOr<Imported> Read() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry entry;
      entry.value = &entries_[i];
      entry.request = Member(entry.value, "request");
      entry.response = Member(entry.value, "response");
      entry.url = TextIn(entry.request, "url");
      if (entry.url.empty() || TextIn(entry.request, "method").empty()) {
        return Invalid(absl::StrFormat("%s: '#/log/entries/%d/request' has no method and url",
                                       options_.path, i));
      }
      const json::value* status = Member(entry.response, "status");
      if (status != nullptr && status->is_int64()) {
        entry.status = static_cast<int>(status->get_int64());
      }
      const bool redirects = entry.status >= 301 && entry.status <= 308 && entry.status != 304;
      const std::string location = redirects ? Location(entry) : "";
      if (!location.empty()) entry.redirect = Resolve(entry.url, location);
      entry.pause_ms = PauseBefore(entry);
      if (IsWanted(entry)) kept_.push_back(std::move(entry));
    }
    for (std::size_t i = 0; i < kept_.size(); ++i) AddEntry(i);
    return Finish();
  }

 private:
  void Note(std::string_view what, std::string_view where = {}) {
    recording_.draft().notes.Add(what, where);
  }

  // How long the browser was idle in front of it; 0 if it was not, or if nobody knows.
  std::int64_t PauseBefore(const Entry& entry) {
    constexpr std::int64_t kShortest = 200, kLongest = 3'600'000;
    const auto start = TimeOf(TextIn(entry.value, "startedDateTime"));
    if (!start) return 0;
    const std::int64_t pause = idle_since_ ? *start - *idle_since_ : 0;
    const json::value* time = Member(entry.value, "time");
    const double took = time != nullptr && time->is_number() ? time->to_number<double>() : 0;
    const std::int64_t end =
        *start + static_cast<std::int64_t>(std::clamp(took, 0.0, static_cast<double>(kLongest)));
    idle_since_ = std::max(idle_since_.value_or(end), end);
    return pause < kShortest ? 0 : std::min(pause, kLongest);
  }

  static std::string Location(const Entry& entry) {
    const std::string text = TextIn(entry.response, "redirectURL");
    if (!text.empty()) return text;
    for (const auto& [name, value] : PairsIn(entry.response, "headers")) {
      if (Lower(name) == "location") return value;
    }
    return "";
  }

  // [{"name": …, "value": …}, …]
  static Pairs PairsIn(const json::value* home, std::string_view key) {
    Pairs pairs;
    const json::array* list = ArrayIn(home, key);
    if (list == nullptr) return pairs;
    for (const json::value& item : *list) {
      pairs.emplace_back(TextIn(&item, "name"), TextIn(&item, "value"));
    }
    return pairs;
  }

  bool IsWanted(const Entry& entry) {
    const std::string origin = Recording::OriginOf(entry.url);
    const std::string scheme = entry.url.substr(0, std::min<std::size_t>(entry.url.find(':'), 20));
    if (origin.empty()) {
      Note("what is not http or https is left out", scheme);
      return false;
    }
    if (!options_.only.empty() && entry.url.find(options_.only) == entry.url.npos) return false;
    if (entry.status == 0) {
      Note("requests that got no response (blocked or broken off) are left out",
           TextIn(entry.request, "method") + " " + origin);
      return false;
    }
    if (TextIn(entry.value, "_resourceType") == "websocket" || entry.status == 101) {
      Note("WebSockets are left out", origin);
      return false;
    }
    if (!options_.assets && IsAsset(entry)) {
      ++assets_;
      return false;
    }
    if (TextIn(entry.request, "method") == "OPTIONS") {
      for (const auto& [name, value] : PairsIn(entry.request, "headers")) {
        if (Lower(name) != "access-control-request-method") continue;
        Note("requests by which a browser asks for permission (CORS) are left out", origin);
        return false;
      }
    }
    return true;
  }

  // The entry that the browser sent because of this one's redirect; 0: there is none.
  std::size_t Follower(std::size_t of) const {
    for (std::size_t i = of + 1; i < kept_.size(); ++i) {
      if (!followed_.contains(i) &&
          WithoutFragment(kept_[i].url) == WithoutFragment(kept_[of].redirect)) {
        return i;
      }
    }
    return 0;
  }

  void AddEntry(std::size_t index) {
    if (followed_.contains(index)) return;
    const Entry& entry = kept_[index];
    Recorded recorded;
    recorded.method = TextIn(entry.request, "method");
    recorded.url = entry.url;
    recorded.think_ms = entry.pause_ms / 10 * 10;
    recorded.headers = PairsIn(entry.request, "headers");
    AddBody(entry, recorded);
    int status = FollowRedirects(index, recorded);
    if (status == 304) {
      recorded.statuses = {"200", "304"};
    } else {
      recorded.statuses = {std::to_string(status)};
    }
    if (status >= 400)
      recorded.about.push_back(absl::StrFormat("Answered %d when recorded.", status));
    recording_.Add(recorded);
    for (const auto& [name, value] : PairsIn(entry.response, "headers")) {
      // Several in one, as Chrome writes them: a line each.
      if (Lower(name) != "set-cookie") continue;
      for (std::size_t at = 0; at < value.size();) {
        const std::size_t end = std::min(value.find('\n', at), value.size());
        recording_.SetByResponse(value.substr(at, value.find('=', at) - at));
        at = end + 1;
      }
    }
    for (const auto& [name, value] : PairsIn(entry.response, "cookies")) {
      recording_.SetByResponse(name);
    }
  }

  // sfp follows redirects by itself: the requests that the browser made of them are no tasks.
  int FollowRedirects(std::size_t index, Recorded& recorded) {
    std::size_t at = index;
    while (!kept_[at].redirect.empty()) {
      const std::string& to = kept_[at].redirect;
      const std::size_t next = Follower(at);
      if (Recording::OriginOf(to) != Recording::OriginOf(recorded.url) || next == 0) {
        recorded.follow = false;
        if (at != index) Note("a chain of redirects that leaves the host is not followed", to);
        return kept_[index].status;
      }
      followed_.insert(next);
      recorded.about.push_back("Is redirected to " +
                               to.substr(std::min(to.find('/', to.find("://") + 3), to.size())) +
                               ".");
      at = next;
    }
    return kept_[at].status;
  }

  void AddBody(const Entry& entry, Recorded& recorded) {
    const json::value* data = Member(entry.request, "postData");
    if (data == nullptr) return;
    recorded.type = TextIn(data, "mimeType");
    recorded.body = TextIn(data, "text");
    const std::string bare = Lower(recorded.type.substr(0, recorded.type.find(';')));
    const json::array* params = ArrayIn(data, "params");
    if (bare == "multipart/form-data") {
      if ((params == nullptr || params->empty()) && !recorded.body.empty()) ReadParts(recorded);
      if (params != nullptr) AddParams(*params, recorded);
      recorded.body.clear();
    } else if (recorded.body.empty() && params != nullptr) {
      AddParams(*params, recorded);
    }
  }

  static void AddParams(const json::array& params, Recorded& recorded) {
    for (const json::value& param : params) {
      const std::string file = TextIn(&param, "fileName");
      if (file.empty()) {
        recorded.parts.emplace_back(TextIn(&param, "name"), TextIn(&param, "value"));
      } else {
        recorded.files.push_back(TextIn(&param, "name") + "=" + file);
      }
    }
  }

  // The parts of a multipart body that the browser kept as text only.
  static void ReadParts(Recorded& recorded) {
    const std::size_t mark = recorded.type.find("boundary=");
    if (mark == recorded.type.npos) return;
    const std::string boundary = "--" + recorded.type.substr(mark + 9);
    const std::string& body = recorded.body;
    std::size_t at = body.find(boundary);
    while (at != body.npos) {
      const std::size_t end = body.find(boundary, at + boundary.size());
      if (end == body.npos) return;
      const std::string part = body.substr(at + boundary.size(), end - at - boundary.size());
      at = end;
      const std::size_t blank = part.find("\r\n\r\n");
      const std::size_t name = part.find("name=\"");
      if (blank == part.npos || name == part.npos) continue;
      const std::string key = part.substr(name + 6, part.find('"', name + 6) - name - 6);
      const std::size_t file = part.find("filename=\"");
      if (file < blank) {
        recorded.files.push_back(key + "=" +
                                 part.substr(file + 10, part.find('"', file + 10) - file - 10));
      } else {
        const std::size_t length = part.size() - blank - 4;
        recorded.parts.emplace_back(key, part.substr(blank + 4, length < 2 ? 0 : length - 2));
      }
    }
  }

  StatusOr<Imported> Finish() {
    if (assets_ > 0) {
      Note(absl::StrFormat("%d pictures, styles, scripts and fonts are left out (--assets)",
                           assets_));
    }
    Draft draft = recording_.Take();
    if (draft.tasks.empty()) {
      return Invalid(options_.path + (options_.only.empty()
                                          ? ": no request is left to import"
                                          : ": no URL holds '" + options_.only + "'"));
    }
    draft.in_order = "recording";
    draft.head.push_back(
        absl::StrFormat("From the recording %s: %d of %d requests, in their order.", options_.path,
                        draft.tasks.size(), entries_.size()));
    Imported imported{Write(draft), draft.notes.Lines(), draft.variables, draft.tasks.size()};
    return imported;
  }

  const Options& options_;
  const json::array& entries_;
  Recording recording_;
  std::vector<Entry> kept_;
  std::set<std::size_t> followed_;
  int assets_ = 0;
  std::optional<std::int64_t> idle_since_;
};

}  // namespace

StatusOr<Imported> ImportHar(std::string_view text, const Options& options) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto document = ReadJson(text, options.path);
  if (!document.ok()) return document.status();
  const json::array* entries = ArrayIn(Member(&*document, "log"), "entries");
  if (entries == nullptr) return Invalid(options.path + ": '#/log/entries' is not there: no HAR");
  return HarReader(options, *entries).Read();
}

}  // namespace sfp::import
