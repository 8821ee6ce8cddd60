#include "master/control/control_server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "common/base/check.h"
#include "common/base/log.h"
#include "proto/callback_threads.h"
#include "sfp/v1/control.grpc.pb.h"

namespace sfp::control {

namespace {

// One worker's stream. gRPC calls its On… methods on its own threads; Send and End come from the
// loop. It lives until OnDone, and as long as a posted call still holds it.
class Stream : public grpc::ServerBidiReactor<v1::WorkerMessage, v1::MasterMessage>,
               public std::enable_shared_from_this<Stream> {
 public:
  Stream(ConnectionId id, std::size_t most_outbox_bytes, Post post, ServerHandler& handler,
         std::function<void(ConnectionId)> done)
      : id_(id),
        most_outbox_bytes_(most_outbox_bytes),
        post_(std::move(post)),
        handler_(handler),
        done_(std::move(done)) {}

  void Begin(std::string peer) {
    self_ = shared_from_this();
    StartSendInitialMetadata();  // tells the worker that the stream is up
    post_([self = self_, peer = std::move(peer)] {
      self->handler_.OnConnect(self->id_, peer);
      self->ReadNext();
    });
  }

  void Send(const v1::MasterMessage& message) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    outbox_bytes_ += message.ByteSizeLong();
    outbox_.push_back(message);
    if (outbox_bytes_ > most_outbox_bytes_) {
      LogWarn("a worker does not read what it is sent: its connection is closed");
      outbox_.resize(writing_ ? 1 : 0);
      ending_ = true;
      if (!writing_) FinishOnce(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "not reading"));
      return;
    }
    WriteNext();
  }

  void End() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (outbox_.empty()) FinishOnce(grpc::Status::OK);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard lock(mutex_);
      FinishOnce(grpc::Status::OK);
      return;
    }
    post_([self = shared_from_this()] {
      self->handler_.OnMessage(self->id_, std::move(self->incoming_));
      self->ReadNext();
    });
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    outbox_bytes_ -= outbox_.front().ByteSizeLong();
    outbox_.pop_front();
    if (!ok) {
      FinishOnce(grpc::Status::OK);
    } else if (!outbox_.empty()) {
      WriteNext();
    } else if (ending_) {
      FinishOnce(grpc::Status::OK);
    }
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    FinishOnce(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    post_([self = shared_from_this()] {
      self->handler_.OnDisconnect(self->id_);
      self->done_(self->id_);
    });
    self_.reset();
  }

  void ReadNext() {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    incoming_.Clear();
    StartRead(&incoming_);
  }

  // The one place where writes start; the mutex is held.
  void WriteNext() {
    if (writing_ || finished_ || outbox_.empty()) return;
    writing_ = true;
    StartWrite(&outbox_.front());
  }

  void FinishOnce(const grpc::Status& status) {
    if (std::exchange(finished_, true)) return;
    ending_ = true;
    Finish(status);
  }

  const ConnectionId id_;
  const std::size_t most_outbox_bytes_;
  const Post post_;
  ServerHandler& handler_;
  const std::function<void(ConnectionId)> done_;
  std::shared_ptr<Stream> self_;  // gRPC's reference
  v1::WorkerMessage incoming_;

  std::mutex mutex_;
  std::deque<v1::MasterMessage> outbox_;  // its front is being written while writing_
  std::size_t outbox_bytes_ = 0;
  bool writing_ = false;
  bool ending_ = false;    // nothing more is accepted
  bool finished_ = false;  // Finish was called
};

}  // namespace

class ControlServer::Service : public v1::Control::CallbackService {
 public:
  Service(ServerOptions options, Post post, ServerHandler& handler)
      : options_(std::move(options)),
        post_([post = std::move(post), alive = std::weak_ptr(alive_)](std::function<void()> call) {
          post([alive, call = std::move(call)] {
            if (!alive.expired()) call();
          });
        }),
        handler_(handler) {}

  Status Listen() {
    KeepCallbackThreads();
    grpc::ServerBuilder builder;
    // Without SO_REUSEPORT, so that a second master on the same port is refused.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort(options_.address, grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(options_.most_message_bytes);
    builder.SetMaxSendMessageSize(-1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) {
      return Unavailable("cannot listen on " + options_.address + ": is another master running?");
    }
    return Ok();
  }

  ~Service() override {
    alive_.reset();
    for (auto& [id, stream] : Streams()) stream->End();
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }

  int port() const { return port_; }

  std::shared_ptr<Stream> Find(ConnectionId connection) {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(connection);
    return found == streams_.end() ? nullptr : found->second;
  }

 private:
  grpc::ServerBidiReactor<v1::WorkerMessage, v1::MasterMessage>* Join(
      grpc::CallbackServerContext* context) override {
    const std::lock_guard lock(mutex_);
    const ConnectionId id = ++last_id_;
    auto stream = std::make_shared<Stream>(id, options_.most_outbox_bytes, post_, handler_,
                                           [this](ConnectionId gone) { Forget(gone); });
    streams_.emplace(id, stream);
    stream->Begin(context->peer());
    return stream.get();
  }

  void Forget(ConnectionId connection) {
    const std::lock_guard lock(mutex_);
    streams_.erase(connection);
  }

  std::map<ConnectionId, std::shared_ptr<Stream>> Streams() {
    const std::lock_guard lock(mutex_);
    return streams_;
  }

  const ServerOptions options_;
  // Posted calls that come after destruction do nothing.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  const Post post_;
  ServerHandler& handler_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::mutex mutex_;
  ConnectionId last_id_ = 0;
  std::map<ConnectionId, std::shared_ptr<Stream>> streams_;
};

ControlServer::ControlServer() = default;
ControlServer::~ControlServer() = default;

StatusOr<std::unique_ptr<ControlServer>> ControlServer::Listen(ServerOptions options, Post post,
                                                               ServerHandler& handler) {
  std::unique_ptr<ControlServer> server(new ControlServer);
  server->service_ = std::make_unique<Service>(std::move(options), std::move(post), handler);
  if (const Status status = server->service_->Listen(); !status.ok()) return status;
  return server;
}

int ControlServer::port() const { return service_->port(); }

void ControlServer::Send(ConnectionId connection, const v1::MasterMessage& message) {
  if (const auto stream = service_->Find(connection)) stream->Send(message);
}

void ControlServer::Close(ConnectionId connection) {
  if (const auto stream = service_->Find(connection)) stream->End();
}

}  // namespace sfp::control
