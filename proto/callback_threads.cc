#include "proto/callback_threads.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "sfp/v1/control.grpc.pb.h"

namespace sfp {
namespace {

// A call that is over before it begins, on a channel to nowhere: enough to hold the threads.
class Keeper : public grpc::ClientBidiReactor<v1::WorkerMessage, v1::MasterMessage> {
 public:
  Keeper()
      : channel_(grpc::CreateChannel("unix:/nonexistent", grpc::InsecureChannelCredentials())),
        stub_(v1::Control::NewStub(channel_)) {
    context_.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
    stub_->async()->Join(&context_, this);
    StartCall();
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Control::Stub> stub_;
  grpc::ClientContext context_;
};

}  // namespace

void KeepCallbackThreads() {
  static Keeper* const keeper = new Keeper;  // never destroyed
  static_cast<void>(keeper);
}

}  // namespace sfp
