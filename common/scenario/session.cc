#include "common/scenario/session.h"

namespace sfp::scenario {

UserSession::UserSession(const Program& program, std::uint64_t user, const UserClass& user_class,
                         std::uint32_t most_users)
    : user_(user), class_(&user_class), most_users_(most_users) {
  if (class_->counts_draws) draws_ = std::make_unique<std::uint32_t[]>(program.counters());
}

}  // namespace sfp::scenario
