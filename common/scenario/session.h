#pragma once

// What one virtual user carries from task to task: its number, its cookies, and where a redirect
// has led it. Small, because there are tens of thousands: 40 bytes on 64-bit machines, what hangs
// on it is allocated when first used.
//
// Built by the engine when a user starts; filled by Draw and Renderer. It must not outlive the
// program.
//
// Thread: confined to its user's loop.

#include <cstdint>
#include <memory>
#include <string>

#include "common/scenario/cookies.h"
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

 private:
  friend class Draw;
  friend class Renderer;

  // The request that the last redirect led to; its target is empty while the task's own request is
  // the last.
  struct Redirect {
    std::string target;
    bool get = false;  // the method became GET and the body is gone
  };

  std::uint64_t user_;
  const UserClass* class_;
  std::unique_ptr<CookieJar> cookies_;
  std::unique_ptr<Redirect> redirect_;
  std::uint32_t most_users_;
  bool serves_;
};

}  // namespace sfp::scenario
