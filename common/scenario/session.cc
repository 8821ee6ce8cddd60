#include "common/scenario/session.h"

namespace sfp::scenario {

UserSession::UserSession(const Program& program, std::uint64_t user, std::uint32_t most_users)
    : user_(user), class_(&program.ClassOf(user)), most_users_(most_users) {
  if (class_->counts_draws) draws_ = std::make_unique<std::uint32_t[]>(program.counters());
}

}  // namespace sfp::scenario
