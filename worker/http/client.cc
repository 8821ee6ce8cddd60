#include "worker/http/client.h"

#include <utility>

#include "common/base/check.h"
#include "worker/http/channel.h"

namespace sfp::http {
namespace {

// What a user owns. The channel may live a little longer, until its last wait has come back.
class Connection final : public engine::Connection {
 public:
  Connection(Loop& loop, std::uint64_t user) : loop_(loop), channel_(new Channel(loop, user)) {
    loop_.Add();
  }
  ~Connection() override {
    channel_->Detach();
    loop_.Remove();
  }
  void Start(const engine::Request& request, engine::ExchangeHandler& handler) override {
    channel_->Start(request, handler);
  }

 private:
  Loop& loop_;
  boost::intrusive_ptr<Channel> channel_;
};

}  // namespace

Client::Client(boost::asio::io_context& io, engine::Wheel& wheel,
               std::shared_ptr<const Destination> destination)
    : loop_(std::make_unique<Loop>(io, wheel, std::move(destination))) {}

Client::~Client() { SFP_CHECK(loop_->connections() == 0); }

std::unique_ptr<engine::Connection> Client::Connect(std::uint64_t user) {
  return std::make_unique<Connection>(*loop_, user);
}

}  // namespace sfp::http
