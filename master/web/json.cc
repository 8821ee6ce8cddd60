#include "master/web/json.h"

#include <boost/json.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "common/base/text.h"
#include "common/base/units.h"

namespace sfp::web {
namespace {

namespace json = boost::json;

constexpr double kMostUsers = 10'000'000;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

StatusOr<json::object> ReadObject(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object();
  json::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  json::value value = json::parse({body.data(), body.size()}, error, {}, options);
  if (error) return Invalid("the body is not JSON: " + error.message());
  if (!value.is_object()) return Invalid("the body must be a JSON object");
  return std::move(value.as_object());
}

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

StatusOr<double> ReadNumber(const json::value& value, std::string_view name) {
  double number = 0;
  if (value.is_int64()) {
    number = static_cast<double>(value.get_int64());
  } else if (value.is_uint64()) {
    number = static_cast<double>(value.get_uint64());
  } else if (value.is_double()) {
    number = value.get_double();
  } else {
    return Invalid("'" + std::string(name) + "' must be a number");
  }
  return number;
}

Status ReadMember(std::string_view name, const json::value& value, StartParams& params) {
  if (name == "users") {
    const StatusOr<double> users = ReadNumber(value, name);
    if (!users.ok()) return users.status();
    if (*users < 1 || *users > kMostUsers || *users != std::floor(*users)) {
      return Invalid("'users' must be a whole number from 1 to 10000000");
    }
    params.users = static_cast<std::uint32_t>(*users);
    return Ok();
  }
  if (name == "spawn_rate") {
    const StatusOr<double> rate = ReadNumber(value, name);
    if (!rate.ok()) return rate.status();
    if (!(*rate > 0) || *rate > kMostUsers) {
      return Invalid("'spawn_rate' must be above 0 and at most 10000000 users per second");
    }
    params.spawn_rate = *rate;
    return Ok();
  }
  if (name == "run_time") {
    if (!value.is_string()) {
      return Invalid("'run_time' must be a text such as \"5m\" or \"1m30s\"");
    }
    const StatusOr<Duration> time = ParseDuration(View(value.get_string()));
    if (!time.ok()) return Annotate(time.status(), "'run_time'");
    if (time->count() <= 0) return Invalid("'run_time' must be above 0");
    params.run_time = *time;
    return Ok();
  }
  const std::vector<std::string> known = {"users", "spawn_rate", "run_time"};
  const auto near = Nearest(name, known);
  return Invalid("unknown member '" + std::string(name) + "'" +
                 (near ? ", did you mean '" + *near + "'?"
                       : ": only users, spawn_rate and run_time can be given"));
}

}  // namespace

std::string StatusJson(const RunStatus& status) {
  json::object object;
  object["state"] = status.state;
  object["says"] = status.says;
  object["ready"] = status.ready;
  object["workers"] = status.workers;
  object["workers_wanted"] = status.workers_wanted;
  object["users"] = status.users;
  object["requests"] = status.requests;
  object["failures"] = status.failures;
  object["rps"] = std::isfinite(status.rps) ? std::round(status.rps * 1000) / 1000 : 0.0;
  object["second"] = status.second;
  return json::serialize(object) + "\n";
}

std::string ErrorJson(std::string_view sentence) {
  json::object object;
  object["error"] = json::string_view(sentence.data(), sentence.size());
  return json::serialize(object) + "\n";
}

StatusOr<StartParams> ReadStartParams(std::string_view body) {
  const StatusOr<json::object> object = ReadObject(body);
  if (!object.ok()) return object.status();
  StartParams params;
  for (const auto& member : *object) {
    if (Status status = ReadMember(View(member.key()), member.value(), params); !status.ok()) {
      return status;
    }
  }
  if (Status status = NoRepeats(body, *object); !status.ok()) return status;
  return params;
}

Status ReadNothing(std::string_view body) {
  const StatusOr<json::object> object = ReadObject(body);
  if (!object.ok()) return object.status();
  return object->empty() ? Ok() : Invalid("this request takes no members");
}

}  // namespace sfp::web
