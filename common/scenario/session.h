#pragma once

// What one virtual user carries from task to task: its number, its cookies, its own values, and
// where a redirect has led it. Small, because there are tens of thousands: 48 bytes on 64-bit
// machines, what hangs on it is allocated when first used.
//
// Built by the engine when a user starts; filled by Draw, Renderer and Collector. It must not
// outlive the program.
//
// Thread: confined to its user's loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/scenario/cookies.h"
#include "common/scenario/data.h"
#include "common/scenario/program.h"

namespace sfp::scenario {

class UserSession {
 public:
  // `most_users` is the plan's, fixed for the whole run: the stride of unique sources.
  UserSession(const Program& program, std::uint64_t user, std::uint32_t most_users)
      : UserSession(program, user, program.ClassOf(user), most_users) {}
  // In the open model users serve arrivals and are made of the class that one needs.
  UserSession(const Program&, std::uint64_t user, const UserClass& user_class,
              std::uint32_t most_users, bool serves = false)
      : user_(user), class_(&user_class), most_users_(most_users), serves_(serves) {}

  std::uint64_t user() const { return user_; }
  const UserClass& user_class() const { return *class_; }
  const CookieJar* cookies() const { return cookies_.get(); }  // null: it never had one

  // Its own newest value of a source of scope user; nothing before the first.
  std::optional<std::string_view> Value(SourceId source) const {
    if (own_ == nullptr) return std::nullopt;
    for (const Own& own : *own_) {
      if (own.source == source) return own.value;
    }
    return std::nullopt;
  }
  // Values longer than kMostBytes are left out.
  static constexpr std::size_t kMostBytes = 65'536;
  void Keep(SourceId source, std::string_view value) {
    if (value.size() > kMostBytes) return;
    if (own_ == nullptr) own_ = std::make_unique<std::vector<Own>>();
    for (Own& own : *own_) {
      if (own.source == source) {
        own.value = value;
        return;
      }
    }
    own_->push_back({source, std::string(value)});
  }
  // A collected value goes where its source keeps such.
  void Collect(SourceId source, std::string_view value, Pools& pools) {
    if (pools.OfUser(source)) {
      Keep(source, value);
    } else {
      pools.Add(source, value, class_->id);
    }
  }

 private:
  friend class Draw;
  friend class Renderer;

  // The request that the last redirect led to; its target is empty while the task's own request is
  // the last.
  struct Redirect {
    std::string target;
    bool get = false;  // the method became GET and the body is gone
  };

  struct Own {
    SourceId source;
    std::string value;
  };

  std::uint64_t user_;
  const UserClass* class_;
  std::unique_ptr<CookieJar> cookies_;
  std::unique_ptr<Redirect> redirect_;
  std::unique_ptr<std::vector<Own>> own_;
  std::uint32_t most_users_;
  bool serves_;
};

}  // namespace sfp::scenario
