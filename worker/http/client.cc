#include "worker/http/client.h"

#include <utility>

#include "worker/http/channel.h"

namespace sfp::http {
namespace {

// What a user owns. The channel may live a little longer, until its last wait has come back.
class Connection final : public engine::Connection {
 public:
  Connection(Loop& loop, std::uint64_t user) : channel_(new Channel(loop, user)) {}
  ~Connection() override { channel_->Detach(); }
  void Start(const engine::Request& request, engine::ExchangeHandler& handler) override {
    channel_->Start(request, handler);
  }

 private:
  boost::intrusive_ptr<Channel> channel_;
};

}  // namespace

Client::Client(boost::asio::io_context& io, engine::Wheel& wheel,
               std::shared_ptr<const Destination> destination)
    : loop_(std::make_unique<Loop>(io, wheel, std::move(destination))) {}

Client::~Client() = default;

std::unique_ptr<engine::Connection> Client::Connect(std::uint64_t user) {
  return std::make_unique<Connection>(*loop_, user);
}

}  // namespace sfp::http
