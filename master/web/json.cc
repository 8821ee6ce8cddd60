#include "master/web/json.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <vector>

#include "common/base/text.h"

namespace sfp::web {
namespace {

namespace json = boost::json;

constexpr double kMostUsers = 10'000'000;

// Members as typed text, by name.
using Members = std::map<std::string, std::string, std::less<>>;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

// Boost.JSON keeps the last of repeated members silently; a count of the names shows that there
// were some.
Status NoRepeats(std::string_view body, const json::object& object) {
  std::size_t names = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (in_string && body[i] == '\\') {
      ++i;
    } else if (body[i] == '"') {
      in_string = !in_string;
    } else if (body[i] == ':' && !in_string) {
      ++names;
    }
  }
  return names == object.size() ? Ok() : Invalid("a member is given twice");
}

StatusOr<std::string> TextOf(std::string_view name, const json::value& value) {
  if (value.is_string()) return std::string(View(value.get_string()));
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  if (value.is_double()) return absl::StrFormat("%.15g", value.get_double());
  if (value.is_array() && name == "sweep" && !value.get_array().empty()) {
    std::string levels;
    for (const json::value& level : value.get_array()) {
      if (!level.is_int64()) return Invalid("'sweep' must be a list of whole numbers");
      levels += (levels.empty() ? "" : ",") + std::to_string(level.get_int64());
    }
    return levels;
  }
  return Invalid(absl::StrFormat("'%s' must be a number or a text", name));
}

StatusOr<Members> ReadJson(std::string_view body) {
  Members members;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return members;
  json::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value value = json::parse({body.data(), body.size()}, error, {}, options);
  if (error) return Invalid("the body is not JSON: " + error.message());
  if (!value.is_object()) return Invalid("the body must be a JSON object");
  for (const auto& member : value.get_object()) {
    auto text = TextOf(View(member.key()), member.value());
    if (!text.ok()) return text.status();
    members.emplace(View(member.key()), *std::move(text));
  }
  if (Status status = NoRepeats(body, value.get_object()); !status.ok()) return status;
  return members;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// Calls visit(name, value) for each field, until it returns false.
template <typename Visit>
Status ForEachField(std::string_view form, Visit visit) {
  while (!form.empty()) {
    const std::size_t end = std::min(form.find('&'), form.size());
    const std::string_view field = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (field.empty()) continue;
    const std::size_t equals = std::min(field.find('='), field.size());
    auto name = Decode(field.substr(0, equals));
    auto value = Decode(field.substr(std::min(equals + 1, field.size())));
    if (!name || !value) return Invalid("the form is broken: a % needs two hexadecimal digits");
    if (!visit(*name, *value)) return Invalid("a member is given twice");
  }
  return Ok();
}

StatusOr<Members> ReadMembers(std::string_view body, BodyKind kind) {
  if (kind == BodyKind::kJson) return ReadJson(body);
  Members members;
  while (body.ends_with('\n') || body.ends_with('\r')) body.remove_suffix(1);
  const Status status = ForEachField(body, [&](std::string& name, std::string& value) {
    return members.emplace(std::move(name), std::move(value)).second;
  });
  if (!status.ok()) return status;
  return members;
}

Status Unknown(std::string_view name, const std::vector<std::string>& known) {
  const auto near = Nearest(name, known);
  std::string all;
  for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
  return Invalid("unknown member '" + std::string(name) + "'" +
                 (near ? ", did you mean '" + *near + "'?" : "; there are " + all));
}

StatusOr<double> Positive(std::string_view name, const std::string& text) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number > 0) || number > kMostUsers) {
    return Invalid(absl::StrFormat("'%s' must be a number above 0 and at most 10000000, not '%s'",
                                   name, text));
  }
  return number;
}

}  // namespace

StatusOr<StartParams> ReadStartParams(std::string_view body, BodyKind kind) {
  StatusOr<Members> members = ReadMembers(body, kind);
  if (!members.ok()) return members.status();
  StartParams params;
  const std::vector<std::pair<std::string, std::optional<std::string>*>> known = {
      {"host", &params.host},
      {"users", &params.users},
      {"spawn_rate", &params.spawn_rate},
      {"run_time", &params.run_time},
      {"sweep", &params.sweep},
      {"step_time", &params.step_time},
      {"rate", &params.rate},
      {"iterations", &params.iterations}};
  for (auto& [name, text] : *members) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&name = name](const auto& k) { return k.first == name; });
    if (found == known.end()) {
      std::vector<std::string> names;
      for (const auto& [one, unused] : known) names.push_back(one);
      return Unknown(name, names);
    }
    *found->second = std::move(text);
  }
  return params;
}

StatusOr<EditParams> ReadEditParams(std::string_view body, BodyKind kind) {
  const StatusOr<Members> members = ReadMembers(body, kind);
  if (!members.ok()) return members.status();
  EditParams params;
  for (const auto& [name, text] : *members) {
    if (name != "users" && name != "spawn_rate" && name != "rate") {
      return Unknown(name, {"users", "spawn_rate", "rate"});
    }
    const StatusOr<double> number = Positive(name, text);
    if (!number.ok()) return number.status();
    if (name == "rate") params.rate = *number;
    if (name == "spawn_rate") params.spawn_rate = *number;
    if (name != "users") continue;
    if (*number != std::floor(*number)) {
      return Invalid("'users' must be a whole number, not '" + text + "'");
    }
    params.users = static_cast<std::uint32_t>(*number);
  }
  if (params.rate && (params.users || params.spawn_rate)) {
    return Invalid("'rate' and 'users' exclude each other");
  }
  if (!params.rate && !params.users) return Invalid("either 'users' or 'rate' is needed");
  return params;
}

Status ReadNothing(std::string_view body, BodyKind kind) {
  const StatusOr<Members> members = ReadMembers(body, kind);
  if (!members.ok()) return members.status();
  return members->empty() ? Ok() : Invalid("this request takes no members");
}

std::optional<std::string> FormValue(std::string_view form, std::string_view name) {
  std::optional<std::string> out;
  const Status status = ForEachField(form, [&](const std::string& field, std::string& value) {
    if (field == name) out = std::move(value);
    return true;
  });
  return status.ok() ? out : std::nullopt;
}

std::string ErrorJson(std::string_view sentence) {
  std::string out = R"({"error":")";
  AppendJsonEscaped(out, sentence);
  return out + "\"}\n";
}

}  // namespace sfp::web
