#pragma once

// The contract of the Staff Fee Privilege API, without sockets and without time: which route a
// request means, who may ask, and what the answer is.
//
//   GET {base}?term=201803              200, a list          400 unless the term is six digits
//   GET {base}?osuId=931234567          200, a list; empty for a stranger
//   GET {base}                          400
//   GET {base}/931234567-201803         200 or 404
//   no or wrong credentials 401 · another method 405 · another path 404
//
// Every authorised question of the first four kinds goes through the database, the 400 too: that is
// what the old table's throughput says. 401, 405 and an unknown path are answered at once.
//
// Thread: immutable.

#include <string>
#include <string_view>

#include "tests/demo_api/records.h"

namespace sfp::demo {

enum class Route { kByTerm, kByOsuId, kById, kBadRequest, kOther };
inline constexpr int kRoutes = 5;
std::string_view Name(Route route);

struct Question {
  Route route = Route::kOther;
  int refused = 0;  // 401, 404 or 405, without the database; 0: ask it
  std::string osu_id;
  std::string term;
};

struct Answer {
  int status = 200;
  std::string body;
  std::string_view fields;  // further header lines
};

struct ApiOptions {
  std::string base_path = "/v1/staff-fee-privilege";
  std::string user = "user";
  std::string password = "password";
  std::uint64_t seed = 0;
  bool bearer = false;  // credentials are tokens, which somebody else looks at
};

// A field of a query or form, decoded; empty if there is none, the last one if there are several.
std::string FormField(std::string_view form, std::string_view name);

class Api {
 public:
  explicit Api(const ApiOptions& options);

  Question Read(std::string_view method, std::string_view target,
                std::string_view authorization) const {
    return ReadFrom(authorization == authorization_, method, target);
  }
  Question ReadFrom(bool authorized, std::string_view method, std::string_view target) const;
  Answer Reply(const Question& question) const;
  // {"errors":[...]}, as JSON:API has it.
  static std::string ErrorBody(int status, std::string_view detail);

 private:
  void ReadQuery(std::string_view query, Question& question) const;

  const std::string base_path_;
  const std::string authorization_;
  const bool bearer_;
  const Records records_;
};

}  // namespace sfp::demo
