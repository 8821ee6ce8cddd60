#pragma once

// What the simulated API knows: who used the staff fee privilege in which term. Everything follows
// from the seed, so two processes with the same seed answer alike, byte for byte.
//
// 160 people with nine-digit ids; terms 200000..202903 (years 2000 to 2029, suffix 00..03); a
// person has the privilege in one term of 16, so a term's list holds about ten records and a
// person's about eight.
//
// Thread: immutable.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::demo {

// Six digits. Whether anything is known about the term is another question.
bool IsTerm(std::string_view text);
// Nine digits.
bool IsOsuId(std::string_view text);

class Records {
 public:
  Records(std::uint64_t seed, std::string base_path);
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  // JSON:API documents. Lists are empty for what nobody knows.
  void AppendByTerm(std::string& out, std::string_view term) const;
  void AppendByOsuId(std::string& out, std::string_view osu_id) const;
  // Both given: the person's record of that term, as a list.
  void AppendByBoth(std::string& out, std::string_view osu_id, std::string_view term) const;
  // False if there is no such record; `out` is as it was then.
  bool AppendById(std::string& out, std::string_view osu_id, std::string_view term) const;

 private:
  using ById = std::map<std::string, std::string, std::less<>>;
  using Index = std::map<std::string, std::vector<const std::string*>, std::less<>>;

  void Add(const std::string& osu_id, const std::string& term, std::uint64_t random);
  void AppendList(std::string& out, std::string_view query, const Index& index,
                  std::string_view key) const;
  void AppendListHead(std::string& out, std::string_view query) const;

  const std::string base_path_;
  ById by_id_;  // "931234567-201803" -> the record's JSON
  Index by_term_;
  Index by_osu_id_;
};

}  // namespace sfp::demo
