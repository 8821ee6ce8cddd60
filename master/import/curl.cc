#include <algorithm>
#include <array>
#include <optional>

#include "common/base/text.h"
#include "common/base/units.h"
#include "master/import/import.h"
#include "master/import/recording.h"
#include "master/import/shell.h"

namespace sfp::import {
namespace {

enum class Does {
  kNothing,      // output, progress: no part of a request
  kUnsupported,  // noted
  kMethod,
  kHeader,
  kData,
  kRawData,
  kEncodedData,
  kJson,
  kForm,
  kUser,
  kInsecure,
  kGet,
  kHead,
  kCookie,
  kAgent,
  kReferer,
  kUrl,
  kCompressed,
  kFollow,
  kTimeout,
  kCa,
  kCert,
  kKey,
  kBearer,
};

struct Option {
  char letter;  // 0: none
  std::string_view name;
  bool argument;
  Does does;
};

constexpr Option kOptions[] = {
    {'X', "request", true, Does::kMethod},
    {'H', "header", true, Does::kHeader},
    {'d', "data", true, Does::kData},
    {0, "data-ascii", true, Does::kData},
    {0, "data-binary", true, Does::kData},
    {0, "data-raw", true, Does::kRawData},
    {0, "data-urlencode", true, Does::kEncodedData},
    {0, "json", true, Does::kJson},
    {'F', "form", true, Does::kForm},
    {0, "form-string", true, Does::kForm},
    {'u', "user", true, Does::kUser},
    {'k', "insecure", false, Does::kInsecure},
    {'G', "get", false, Does::kGet},
    {'I', "head", false, Does::kHead},
    {'b', "cookie", true, Does::kCookie},
    {'A', "user-agent", true, Does::kAgent},
    {'e', "referer", true, Does::kReferer},
    {0, "url", true, Does::kUrl},
    {0, "compressed", false, Does::kCompressed},
    {'L', "location", false, Does::kFollow},
    {'m', "max-time", true, Does::kTimeout},
    {0, "cacert", true, Does::kCa},
    {'E', "cert", true, Does::kCert},
    {0, "key", true, Does::kKey},
    {0, "oauth2-bearer", true, Does::kBearer},
    {'o', "output", true, Does::kNothing},
    {'O', "remote-name", false, Does::kNothing},
    {'w', "write-out", true, Does::kNothing},
    {'D', "dump-header", true, Does::kNothing},
    {'c', "cookie-jar", true, Does::kNothing},
    {'s', "silent", false, Does::kNothing},
    {'S', "show-error", false, Does::kNothing},
    {'v', "verbose", false, Does::kNothing},
    {'i', "include", false, Does::kNothing},
    {'f', "fail", false, Does::kNothing},
    {0, "fail-with-body", false, Does::kNothing},
    {'N', "no-buffer", false, Does::kNothing},
    {'#', "progress-bar", false, Does::kNothing},
    {0, "no-progress-meter", false, Does::kNothing},
    {0, "basic", false, Does::kNothing},
    {'g', "globoff", false, Does::kNothing},
    {0, "http1.1", false, Does::kNothing},
    {'4', "ipv4", false, Does::kUnsupported},
    {'6', "ipv6", false, Does::kUnsupported},
    {'0', "http1.0", false, Does::kUnsupported},
    {0, "http2", false, Does::kUnsupported},
    {0, "http3", false, Does::kUnsupported},
    {'x', "proxy", true, Does::kUnsupported},
    {'U', "proxy-user", true, Does::kUnsupported},
    {0, "connect-timeout", true, Does::kUnsupported},
    {0, "retry", true, Does::kUnsupported},
    {0, "retry-delay", true, Does::kUnsupported},
    {0, "resolve", true, Does::kUnsupported},
    {0, "connect-to", true, Does::kUnsupported},
    {0, "interface", true, Does::kUnsupported},
    {0, "limit-rate", true, Does::kUnsupported},
    {0, "unix-socket", true, Does::kUnsupported},
    {0, "digest", false, Does::kUnsupported},
    {0, "ntlm", false, Does::kUnsupported},
    {0, "negotiate", false, Does::kUnsupported},
    {0, "aws-sigv4", true, Does::kUnsupported},
    {'r', "range", true, Does::kUnsupported},
    {'T', "upload-file", true, Does::kUnsupported},
    {'K', "config", true, Does::kUnsupported},
    {'z', "time-cond", true, Does::kUnsupported},
    {0, "max-redirs", true, Does::kUnsupported},
    {0, "ciphers", true, Does::kUnsupported},
    {0, "tls-max", true, Does::kUnsupported},
};

// One command, read word by word.
class Reader {
 public:
  Reader(Recording& recording, const Options& options) : recording_(recording), options_(options) {}

  Status Read(const Command& command) {
    for (at_ = 1; at_ < command.words.size(); ++at_) {
      const std::string& word = command.words[at_];
      Status status = Ok();
      if (word.starts_with("--") && word.size() > 2) {
        status = Long(command, word.substr(2));
      } else if (word.starts_with('-') && word.size() > 1) {
        status = Letters(command, word.substr(1));
      } else {
        urls_.push_back(word);
      }
      if (!status.ok()) return status;
    }
    return Finish();
  }

 private:
  void Note(std::string_view what, std::string_view where = {}) {
    recording_.draft().notes.Add(what, where);
  }

  Status Long(const Command& command, const std::string& name) {
    const auto option = std::find_if(std::begin(kOptions), std::end(kOptions),
                                     [&](const Option& one) { return one.name == name; });
    if (option == std::end(kOptions)) {
      Note("an unknown option of curl is left out (an argument of it would be taken for a URL)",
           "--" + name);
      return Ok();
    }
    if (!option->argument) return Apply(*option, "");
    if (++at_ >= command.words.size()) return Invalid("--" + name + " takes an argument");
    return Apply(*option, command.words[at_]);
  }

  // -sSLXPOST: letters without arguments, then one with its argument behind or in the next word.
  Status Letters(const Command& command, std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters[0];
      letters.remove_prefix(1);
      const auto option = std::find_if(std::begin(kOptions), std::end(kOptions),
                                       [&](const Option& one) { return one.letter == letter; });
      const std::string shown = std::string("-") + letter;
      if (option == std::end(kOptions)) {
        Note("an unknown option of curl is left out", shown);
        continue;
      }
      std::string argument;
      if (option->argument) {
        argument = letters;
        letters = {};
        if (argument.empty()) {
          if (++at_ >= command.words.size()) return Invalid(shown + " takes an argument");
          argument = command.words[at_];
        }
      }
      if (Status status = Apply(*option, argument); !status.ok()) return status;
    }
    return Ok();
  }

  Status Apply(const Option& option, const std::string& argument) {
    Draft& draft = recording_.draft();
    switch (option.does) {
      case Does::kNothing:
        break;
      case Does::kUnsupported:
        Note("options of curl that sfp has nothing for are left out",
             "--" + std::string(option.name));
        break;
      case Does::kMethod:
        method_ = argument;
        break;
      case Does::kHeader:
        Header(argument);
        break;
      case Does::kData:
        if (argument.starts_with('@')) {
          Note("a body from a file is not read; write it into the task", argument);
        } else {
          AddData(argument);
        }
        break;
      case Does::kRawData:
        AddData(argument);
        break;
      case Does::kEncodedData:
        Encoded(argument);
        break;
      case Does::kJson:
        if (argument.starts_with('@')) {
          Note("a body from a file is not read; write it into the task", argument);
        } else {
          data_ = data_.value_or("") + argument;
        }
        type_ = "application/json";
        break;
      case Does::kForm:
        Form(argument, option.name == "form-string");
        break;
      case Does::kUser: {
        const std::size_t colon = std::min(argument.find(':'), argument.size());
        recording_.SetUser(argument.substr(0, colon),
                           argument.substr(std::min(colon + 1, argument.size())));
        break;
      }
      case Does::kInsecure:
        draft.insecure = true;
        break;
      case Does::kGet:
        get_ = true;
        break;
      case Does::kHead:
        head_ = true;
        break;
      case Does::kCookie:
        if (argument.find('=') == argument.npos) {
          Note("a file of cookies is not read; users keep the cookies that responses set",
               argument);
        } else {
          recorded_.headers.emplace_back("Cookie", argument);
        }
        break;
      case Does::kAgent:
        recorded_.headers.emplace_back("User-Agent", argument);
        break;
      case Does::kReferer:
        Note("headers that a browser sets by itself, or that are about its cache, are left out",
             "Referer");
        break;
      case Does::kUrl:
        urls_.push_back(argument);
        break;
      case Does::kCompressed:
        draft.decompress = true;
        break;
      case Does::kFollow:
        follow_ = true;
        break;
      case Does::kTimeout:
        if (ParseDuration(argument + "s").ok()) {
          recorded_.timeout = argument + "s";
        } else {
          Note("a time limit that is no number of seconds is left out", argument);
        }
        break;
      case Does::kCa:
        File("ca", argument);
        break;
      case Does::kCert:
        File("cert", argument);
        break;
      case Does::kKey:
        File("key", argument);
        break;
      case Does::kBearer:
        recorded_.headers.emplace_back("Authorization", "Bearer " + argument);
        break;
    }
    return Ok();
  }

  // Files are named, but lie elsewhere: a configuration whose files are not there would be refused.
  void File(const std::string& key, const std::string& path) {
    Note("files of certificates: write them under target.tls", key + ": " + path);
  }

  void Header(const std::string& argument) {
    const std::size_t colon = argument.find(':');
    if (argument.starts_with('@')) return Note("a file of headers is not read", argument);
    if (colon == argument.npos) {
      return Note("a header without ':' is left out (or is sent empty)", argument);
    }
    std::size_t value = argument.find_first_not_of(' ', colon + 1);
    const std::string name = argument.substr(0, colon);
    if (value == argument.npos) return;  // "Accept:" takes one of curl's own away
    if (Lower(name) == "content-type") type_ = argument.substr(value);
    recorded_.headers.emplace_back(name, argument.substr(value));
  }

  void AddData(const std::string& text) { data_ = data_ ? *data_ + "&" + text : text; }

  // "text", "=text", "name=text": the text is encoded.
  void Encoded(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const std::size_t at = argument.find('@');
    if (at < equals)
      return Note("a body from a file is not read; write it into the task", argument);
    const std::size_t begin = equals == argument.npos ? 0 : equals + 1;
    std::string text = equals == argument.npos || equals == 0 ? "" : argument.substr(0, begin);
    for (std::string_view rest = std::string_view(argument).substr(begin); !rest.empty();) {
      const std::size_t size = IsShellMark(rest) ? 3 : 1;
      if (size == 1) {
        AppendPercentEncoded(text, rest.substr(0, 1));
      } else {
        text += rest.substr(0, size);
      }
      rest.remove_prefix(size);
    }
    AddData(text);
  }

  void Form(const std::string& argument, bool literal) {
    const std::size_t equals = argument.find('=');
    multipart_ = true;
    if (equals == argument.npos) return;
    const std::string name = argument.substr(0, equals);
    std::string value = argument.substr(equals + 1);
    if (!literal && (value.starts_with('@') || value.starts_with('<'))) {
      recorded_.files.push_back(name + "=" + value);
      return;
    }
    if (!literal) value = value.substr(0, value.find(";type="));
    recorded_.parts.emplace_back(name, value);
  }

  std::string Absolute(std::string url) {
    if (url.find("://") == url.npos) url = "http://" + url;
    const std::size_t at = url.find('@');
    const std::size_t scheme = url.find("://") + 3;
    if (at < url.find('/', scheme)) {
      const std::string who = url.substr(scheme, at - scheme);
      const std::size_t colon = std::min(who.find(':'), who.size());
      recording_.SetUser(who.substr(0, colon), who.substr(std::min(colon + 1, who.size())));
      url.erase(scheme, at + 1 - scheme);
    }
    return url;
  }

  Status Finish() {
    if (urls_.empty()) return Invalid("no URL in it");
    recorded_.follow = follow_;
    if (multipart_) recorded_.type = "multipart/form-data";
    if (data_) {
      recorded_.body = *data_;
      recorded_.type = type_.empty() ? "application/x-www-form-urlencoded" : type_;
    }
    const bool body = (data_ && !get_) || multipart_;
    recorded_.method = !method_.empty() ? method_ : head_ ? "HEAD" : body ? "POST" : "GET";
    for (const std::string& url : urls_) {
      Recorded one = recorded_;
      one.url = Absolute(url);
      if (Recording::OriginOf(one.url).empty()) {
        return Invalid("'" + url + "' is not the URL of an http or https server");
      }
      if (get_ && data_) {
        one.url += (one.url.find('?') == one.url.npos ? '?' : '&') + *data_;
        one.body.clear();
        one.type.clear();
      }
      recording_.Add(one);
    }
    return Ok();
  }

  Recording& recording_;
  const Options& options_;
  std::size_t at_ = 0;
  Recorded recorded_;
  std::vector<std::string> urls_;
  std::string method_, type_;
  std::optional<std::string> data_;
  bool get_ = false, head_ = false, follow_ = false, multipart_ = false;
};

bool IsCurl(std::string_view word) {
  return word == "curl" || word == "curl.exe" || word.ends_with("/curl");
}

}  // namespace

StatusOr<Imported> ImportCurl(std::string_view text, const Options& options) {
  if (text.find("^\"") != text.npos && text.find("^\n") != text.npos) {
    return Invalid(options.path +
                   ": this is quoted for Windows' command line; copy it as cURL (bash)");
  }
  const auto commands = SplitCommands(text);
  if (!commands.ok()) return Annotate(commands.status(), options.path);
  Recording recording;
  std::size_t number = 0;
  for (Command command : *commands) {
    if (command.words.front() == "$") command.words.erase(command.words.begin());
    if (command.words.empty()) continue;
    if (command.piped) {
      recording.draft().notes.Add("what reads a command's output is left out", command.words[0]);
      continue;
    }
    ++number;
    const std::string place = options.path + ": command " + std::to_string(number);
    if (!IsCurl(command.words.front())) {
      return Invalid(place + " begins with '" + command.words.front() + "', not with 'curl'");
    }
    if (Status status = Reader(recording, options).Read(command); !status.ok()) {
      return Annotate(status, place);
    }
  }
  if (number == 0) return Invalid(options.path + ": there is no command in it");
  Draft draft = recording.Take();
  if (draft.tasks.empty()) return Invalid(options.path + ": no command is left");
  draft.head.push_back("From " + std::to_string(number) +
                       (number == 1 ? " curl command." : " curl commands."));
  Imported imported{Write(draft), draft.notes.Lines(), draft.variables, draft.tasks.size()};
  return imported;
}

}  // namespace sfp::import
