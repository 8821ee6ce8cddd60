#include "tests/demo_api/api.h"

#include <algorithm>

#include "common/base/percent.h"
#include "common/base/text.h"

namespace sfp::demo {
namespace {

std::string_view Title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

std::string_view Name(Route route) {
  static constexpr std::string_view kNames[kRoutes] = {"by_term", "by_osu_id", "by_id",
                                                       "bad_request", "other"};
  return kNames[static_cast<int>(route)];
}

Api::Api(const ApiOptions& options)
    : base_path_(options.base_path),
      authorization_("Basic " + Base64(options.user + ":" + options.password)),
      bearer_(options.bearer),
      records_(options.seed, options.base_path) {}

std::string FormField(std::string_view form, std::string_view name) {
  std::string value;
  while (!form.empty()) {
    const std::size_t end = std::min(form.find('&'), form.size());
    const std::string_view pair = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) {
      value = FormDecoded(pair.substr(std::min(equals + 1, pair.size())));
    }
  }
  return value;
}

Question Api::ReadFrom(bool authorized, std::string_view method, std::string_view target) const {
  Question question;
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  if (path == base_path_ || path == base_path_ + "/") {
    ReadQuery(mark == std::string_view::npos ? "" : target.substr(mark + 1), question);
  } else if (path.starts_with(base_path_) && path.size() == base_path_.size() + 17 &&
             path[base_path_.size()] == '/' && path[base_path_.size() + 10] == '-' &&
             IsOsuId(path.substr(base_path_.size() + 1, 9)) &&
             IsTerm(path.substr(base_path_.size() + 11))) {
    question.route = Route::kById;
    question.osu_id = path.substr(base_path_.size() + 1, 9);
    question.term = path.substr(base_path_.size() + 11);
  } else {
    question.refused = 404;
  }
  if (path.starts_with(base_path_) && !authorized) {
    question.refused = 401;
  } else if (question.refused == 0 && method != "GET") {
    question.refused = 405;
  }
  return question;
}

void Api::ReadQuery(std::string_view query, Question& question) const {
  question.term = FormField(query, "term");
  question.osu_id = FormField(query, "osuId");
  if (!question.term.empty()) {
    question.route = IsTerm(question.term) ? Route::kByTerm : Route::kBadRequest;
  } else {
    question.route = question.osu_id.empty() ? Route::kBadRequest : Route::kByOsuId;
  }
}

Answer Api::Reply(const Question& question) const {
  Answer answer;
  const auto error = [&](int status, std::string_view detail) {
    answer.status = status;
    answer.body = ErrorBody(status, detail);
  };
  switch (question.refused) {
    case 401:
      answer.fields = bearer_ ? "WWW-Authenticate: Bearer realm=\"Staff Fee Privilege API\"\r\n"
                              : "WWW-Authenticate: Basic realm=\"Staff Fee Privilege API\"\r\n";
      error(401, "Missing or wrong credentials.");
      return answer;
    case 405:
      answer.fields = "Allow: GET\r\n";
      error(405, "Only GET is allowed here.");
      return answer;
    case 404:
      error(404, "There is nothing at this path.");
      return answer;
    default:
      break;
  }
  switch (question.route) {
    case Route::kByTerm:
      if (question.osu_id.empty()) {
        records_.AppendByTerm(answer.body, question.term);
      } else {
        records_.AppendByBoth(answer.body, question.osu_id, question.term);
      }
      break;
    case Route::kByOsuId:
      records_.AppendByOsuId(answer.body, question.osu_id);
      break;
    case Route::kById:
      if (!records_.AppendById(answer.body, question.osu_id, question.term)) {
        error(404, "A staff fee privilege record with the specified ID was not found.");
      }
      break;
    case Route::kBadRequest:
      error(400, question.term.empty() ? "Either term or osuId must be given."
                                       : "The term must be six digits.");
      break;
    case Route::kOther:
      error(404, "There is nothing at this path.");
      break;
  }
  return answer;
}

std::string Api::ErrorBody(int status, std::string_view detail) {
  std::string body = R"({"errors":[{"status":")" + std::to_string(status) + R"(","title":")";
  body.append(Title(status)).append(R"(","detail":")");
  AppendJsonEscaped(body, detail);
  return body.append(R"("}]})");
}

}  // namespace sfp::demo
