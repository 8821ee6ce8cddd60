#include "tests/demo_api/records.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/rng.h"
#include "common/base/text.h"

namespace sfp::demo {
namespace {

constexpr std::size_t kPeople = 160;
constexpr std::uint64_t kTermsPerRecord = 16;
constexpr int kFirstYear = 2000;
constexpr int kLastYear = 2029;

constexpr std::string_view kFirstNames[] = {"Ada",  "Boris", "Chidi", "Dana",  "Emil", "Fatima",
                                            "Goro", "Hana",  "Ivo",   "Jonas", "Kai",  "Lena"};
constexpr std::string_view kLastNames[] = {"Abel",   "Benton", "Clatsop", "Deschutes",
                                           "Fisher", "Grant",  "Hood",    "Jackson",
                                           "Lane",   "Marion", "Umatilla"};
constexpr std::string_view kLevels[] = {"Undergraduate", "Graduate", "Professional"};
constexpr std::string_view kPeriods[] = {"Summer", "Fall", "Winter", "Spring"};

template <std::size_t N>
std::string_view Pick(const std::string_view (&from)[N], Rng& rng) {
  return from[rng.Below(N)];
}

bool AreDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void AppendMember(std::string& out, std::string_view name, std::string_view value) {
  out.append("\"").append(name).append("\":\"").append(value).append("\"");
}

}  // namespace

bool IsTerm(std::string_view text) { return text.size() == 6 && AreDigits(text); }
bool IsOsuId(std::string_view text) { return text.size() == 9 && AreDigits(text); }

Records::Records(std::uint64_t seed, std::string base_path) : base_path_(std::move(base_path)) {
  Rng rng(seed);
  std::set<std::string> osu_ids;
  while (osu_ids.size() < kPeople) {
    osu_ids.insert(std::to_string(930'000'000 + rng.Below(10'000'000)));
  }
  for (const std::string& osu_id : osu_ids) {
    for (int year = kFirstYear; year <= kLastYear; ++year) {
      for (int period = 0; period < 4; ++period) {
        const std::uint64_t random = rng.Next();
        if (random % kTermsPerRecord == 0) Add(osu_id, std::to_string(year * 100 + period), random);
      }
    }
  }
}

void Records::Add(const std::string& osu_id, const std::string& term, std::uint64_t random) {
  const std::string id = osu_id + "-" + term;
  Rng rng(random);
  std::string json = "{";
  AppendMember(json, "id", id);
  json.append(R"(,"type":"staffFeePrivilege","links":{)");
  AppendMember(json, "self", base_path_ + "/" + id);
  json.append(R"(},"attributes":{)");
  AppendMember(json, "studentLastName", Pick(kLastNames, rng));
  json.append(",");
  AppendMember(json, "studentFirstName", Pick(kFirstNames, rng));
  json.append(",");
  AppendMember(json, "studentLevel", Pick(kLevels, rng));
  json.append(",");
  const auto period = static_cast<std::size_t>(term.back() - '0');
  AppendMember(json, "academicPeriod", std::string(kPeriods[period]) + " " + term.substr(0, 4));
  json.append(R"(,"totalCredits":)").append(std::to_string(1 + rng.Below(12)));
  json.append(R"(,"currentEnrolled":)").append(rng.Below(2) == 0 ? "true" : "false").append(",");
  AppendMember(json, "employeeLastName", Pick(kLastNames, rng));
  json.append("}}");
  const std::string* const kept = &by_id_.emplace(id, std::move(json)).first->second;
  by_term_[term].push_back(kept);
  by_osu_id_[osu_id].push_back(kept);
}

void Records::AppendListHead(std::string& out, std::string_view query) const {
  out.append(R"({"links":{)");
  AppendMember(out, "self", base_path_ + std::string(query));
  out.append(R"(},"data":[)");
}

void Records::AppendList(std::string& out, std::string_view query, const Index& index,
                         std::string_view key) const {
  AppendListHead(out, query);
  if (const auto found = index.find(key); found != index.end()) {
    for (const std::string* record : found->second) {
      if (record != found->second.front()) out.append(",");
      out.append(*record);
    }
  }
  out.append("]}");
}

void Records::AppendByTerm(std::string& out, std::string_view term) const {
  AppendList(out, "?term=" + std::string(term), by_term_, term);
}

void Records::AppendByOsuId(std::string& out, std::string_view osu_id) const {
  std::string query = "?osuId=";
  AppendPercentEncoded(query, osu_id);
  AppendList(out, query, by_osu_id_, osu_id);
}

void Records::AppendByBoth(std::string& out, std::string_view osu_id, std::string_view term) const {
  std::string query = "?osuId=";
  AppendPercentEncoded(query, osu_id);
  AppendListHead(out, query.append("&term=").append(term));
  const auto found = by_id_.find(std::string(osu_id).append("-").append(term));
  if (found != by_id_.end()) out.append(found->second);
  out.append("]}");
}

bool Records::AppendById(std::string& out, std::string_view osu_id, std::string_view term) const {
  const auto found = by_id_.find(std::string(osu_id).append("-").append(term));
  if (found == by_id_.end()) return false;
  out.append(R"({"links":{)");
  AppendMember(out, "self", base_path_ + "/" + found->first);
  out.append(R"(},"data":)").append(found->second).append("}");
  return true;
}

}  // namespace sfp::demo
