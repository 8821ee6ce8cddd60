#include "worker/http/client.h"

#include <utility>

#include "common/base/check.h"
#include "worker/http/channel.h"
#include "worker/http/shared_pool.h"

namespace sfp::http {

Client::Client(Reactor& reactor, engine::Wheel& wheel,
               std::shared_ptr<const Destination> destination, std::uint32_t shared)
    : loop_(std::make_unique<Loop>(reactor, wheel, std::move(destination))) {
  if (shared > 0) pool_ = std::make_unique<SharedPool>(*loop_, shared);
}

Client::~Client() {
  pool_.reset();
  SFP_CHECK(loop_->channels() == 0);
}

std::unique_ptr<engine::Connection> Client::Connect(std::uint64_t user, std::uint16_t) {
  if (pool_ != nullptr) return pool_->Connect();
  return std::make_unique<Channel>(*loop_, user);
}

}  // namespace sfp::http
