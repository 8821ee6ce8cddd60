#pragma once

// The simulated API's authorization server: POST /oauth2/token gives a bearer token to a client
// that names itself (RFC 6749, client credentials), in the Authorization header or in the form. A
// token is accepted for its lifetime, no longer. Who it refuses is told why, in JSON.
//
// Thread: confined to its loop.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/time.h"
#include "tests/demo_api/api.h"

namespace sfp::demo {

struct OAuth2Options {
  bool on = false;
  Duration lifetime{3'600'000'000'000};
};

class OAuth2 {
 public:
  static constexpr std::string_view kPath = "/oauth2/token";

  // The client's id and secret are the API's user and password.
  OAuth2(const OAuth2Options& options, const ApiOptions& api);

  // What a POST to kPath is answered.
  Answer Grant(std::string_view authorization, std::string_view form, Time now);
  // "Bearer ..." of a token that lives.
  bool Accepts(std::string_view authorization, Time now);

  std::string Json() const;  // counts, for /__stats
  void ResetCounts() { granted_ = refused_ = expired_ = 0; }

 private:
  Answer Refuse(int status, std::string_view error, std::string_view why);

  const OAuth2Options options_;
  const std::string id_, secret_;
  std::uint64_t state_;                           // of the tokens' random numbers
  std::unordered_map<std::string, Time> tokens_;  // until when
  std::uint64_t granted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t expired_ = 0;  // requests with a token whose time was over
};

}  // namespace sfp::demo
