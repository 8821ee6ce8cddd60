#include <boost/json.hpp>
#include <charconv>

#include "common/config/blocks.h"
#include "common/config/values.h"

namespace sfp::config {
namespace {

namespace json = boost::json;

class Reader {
 public:
  explicit Reader(std::span<const std::string> columns) : columns_(columns) {}

  // False once there is an error.
  bool Take(std::string_view block) {
    while (out.error.empty() && !block.empty()) {
      const std::size_t end = block.find('\n');
      line_ += block.substr(0, end);
      if (end == std::string_view::npos) return true;
      TakeLine();
      block.remove_prefix(end + 1);
    }
    return out.error.empty();
  }

  void Finish() {
    if (out.error.empty()) TakeLine();
    if (out.error.empty() && out.values.empty()) out.error = "it has no lines";
  }

  Rows out;

 private:
  void Fail(std::string_view what) {
    out.error = "line " + std::to_string(number_) + " " + std::string(what);
  }

  void TakeLine() {
    ++number_;
    if (number_ == 1 && line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
    if (line_.find_first_not_of(" \t\r") != std::string::npos) TakeObject();
    line_.clear();
  }

  void TakeObject() {
    json::error_code error;
    const json::value value = json::parse(line_, error);
    if (error) return Fail("is not JSON: " + error.message());
    if (!value.is_object()) return Fail("is not an object such as {\"user\": \"a\"}");
    if (out.values.size() + columns_.size() > kMostRowValues) {
      out.error = "it has more than " + std::to_string(kMostRowValues / columns_.size()) + " lines";
    }
    for (std::size_t i = 0; i < columns_.size() && out.error.empty(); ++i) {
      TakeMember(value.as_object(), i);
    }
  }

  void TakeMember(const json::object& object, std::size_t column) {
    const json::value* member = Find(object, columns_[column]);
    if (member == nullptr) return NoMember(object, column);
    if (member->is_string()) {
      out.values.emplace_back(member->as_string());
    } else if (member->is_double()) {
      char digits[32] = {};
      const auto end = std::to_chars(digits, digits + sizeof digits, member->get_double());
      out.values.emplace_back(digits, static_cast<std::size_t>(end.ptr - digits));
    } else if (member->is_bool() || member->is_number()) {
      out.values.push_back(json::serialize(*member));
    } else {
      Fail("holds neither text nor a number nor a boolean in '" + columns_[column] + "'");
    }
  }

  void NoMember(const json::object& object, std::size_t column) {
    std::vector<std::string> names;
    for (const auto& member : object) names.emplace_back(member.key());
    Fail("has no '" + columns_[column] + "'" + Suggest(columns_[column], names));
    if (out.values.empty()) out.no_such_column = column;
  }

  static const json::value* Find(const json::object& object, std::string_view path) {
    const auto at = [&](std::string_view key) {
      return object.if_contains(json::string_view(key.data(), key.size()));
    };
    if (const json::value* member = at(path)) return member;
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) return nullptr;
    const json::value* below = at(path.substr(0, dot));
    if (below == nullptr || !below->is_object()) return nullptr;
    return Find(below->as_object(), path.substr(dot + 1));
  }

  const std::span<const std::string> columns_;
  std::string line_;
  std::size_t number_ = 0;
};

}  // namespace

Rows ReadJsonLines(const std::string& path, std::span<const std::string> columns) {
  return ReadRows<Reader>(path, columns);
}

}  // namespace sfp::config
