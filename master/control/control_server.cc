#include "master/control/control_server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/refusal_log.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "master/control/gate.h"
#include "proto/callback_threads.h"
#include "sfp/v1/control.grpc.pb.h"

namespace sfp::control {

namespace {

int Milliseconds(Duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

// One line about a peer that is turned away.
using Note = std::function<void(const std::string& peer, const std::string& why)>;

// One worker's stream. gRPC calls its On… methods on its own threads; Send and End come from the
// loop. It lives until OnDone, and as long as a posted call still holds it.
class Stream : public grpc::ServerBidiReactor<v1::WorkerMessage, v1::MasterMessage>,
               public std::enable_shared_from_this<Stream> {
 public:
  Stream(ConnectionId id, grpc::CallbackServerContext* context, std::string peer,
         const ServerOptions& options, Post post, ServerHandler& handler, Note note,
         std::function<void(ConnectionId)> done)
      : id_(id),
        context_(context),
        peer_(std::move(peer)),
        options_(options),
        post_(std::move(post)),
        handler_(handler),
        note_(std::move(note)),
        done_(std::move(done)) {}

  void Begin() {
    self_ = shared_from_this();
    StartSendInitialMetadata();  // tells the worker that the stream is up
    post_([self = self_] {
      self->handler_.OnConnect(self->id_, self->peer_);
      self->ReadNext();
    });
  }

  void Send(const v1::MasterMessage& message) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    outbox_bytes_ += message.ByteSizeLong();
    outbox_.push_back(message);
    const bool stuck = writing_ && Now() - write_began_ > options_.most_write_time;
    if (outbox_bytes_ > options_.most_outbox_bytes || stuck) {
      note_(peer_, "it does not read what it is sent; it may register again");
      outbox_.resize(writing_ ? 1 : 0);
      ending_ = true;
      FinishOnce(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "it was not reading"));
      context_->TryCancel();  // what it does not read would keep the stream open
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
    if (const std::size_t bytes = incoming_.ByteSizeLong(); bytes > most_message_bytes()) {
      const std::string why = "a message of " + std::to_string(bytes) + " bytes, " +
                              std::to_string(most_message_bytes()) + " are allowed";
      note_(peer_, why);
      const std::lock_guard lock(mutex_);
      FinishOnce(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, why));
      return;
    }
    post_([self = shared_from_this()] {
      self->handler_.OnMessage(self->id_, self->incoming_);
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
    write_began_ = Now();
    StartWrite(&outbox_.front());
  }

  void FinishOnce(const grpc::Status& status) {
    if (std::exchange(finished_, true)) return;
    ending_ = true;
    Finish(status);
  }

  std::size_t most_message_bytes() const {
    return static_cast<std::size_t>(options_.most_message_bytes);
  }

  const ConnectionId id_;
  grpc::CallbackServerContext* const context_;  // until Finish
  const std::string peer_;
  const ServerOptions& options_;
  const Post post_;
  ServerHandler& handler_;
  const Note note_;
  const std::function<void(ConnectionId)> done_;
  std::shared_ptr<Stream> self_;  // gRPC's reference
  v1::WorkerMessage incoming_;

  std::mutex mutex_;
  std::deque<v1::MasterMessage> outbox_;  // its front is being written while writing_
  std::size_t outbox_bytes_ = 0;
  bool writing_ = false;
  Time write_began_{};
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
    GateOptions gate{.tls_folder = options_.credentials ? options_.credentials->folder : "",
                     .local_door = options_.local_door,
                     .handshake_limit = options_.handshake_limit};
    const auto address = ParseHostPort(options_.address);
    if (!address.ok()) return address.status();
    gate.address = *address;
    if (options_.credentials) {
      auto tls = net::ClusterContext(*options_.credentials, net::Purpose::kServer);
      if (!tls.ok()) return tls.status();
      gate.tls = *std::move(tls);
      gate.own_names = net::NamesIn(*options_.credentials);
    }
    grpc::ServerBuilder builder;
    // A worker has one stream; a connection that has none for long is of no use.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(options_.idle_limit));
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024);
    // What is a little too large is refused here, with a word; gRPC cuts the rest.
    builder.SetMaxReceiveMessageSize(std::min(options_.most_message_bytes, 1 << 29) * 2);
    builder.SetMaxSendMessageSize(-1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (!server_) return Unavailable("gRPC does not start");
    auto opened = Gate::Open(std::move(gate), [this](int fd, const std::string& peer) {
      {
        const std::lock_guard lock(mutex_);
        peers_["fd:" + std::to_string(fd)] = peer;
      }
      grpc::AddInsecureChannelFromFd(server_.get(), fd);
    });
    if (!opened.ok()) {
      return Unavailable(Message(opened.status()) + " (is another master running?)");
    }
    gate_ = *std::move(opened);
    return Ok();
  }

  ~Service() override {
    alive_.reset();
    if (gate_) gate_->Close();
    for (auto& [id, stream] : Streams()) stream->End();
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    if (gate_) gate_->Drain(std::chrono::seconds(1));  // the last bytes go through its tunnels
  }

  int port() const { return gate_->port(); }
  int local_port() const { return gate_->local_port(); }

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
    // gRPC names a connection after its descriptor, which is another's only when this one is gone.
    const auto found = peers_.find(context->peer());
    const std::string peer = found != peers_.end() ? found->second : context->peer();
    auto stream = std::make_shared<Stream>(
        id, context, peer, options_, post_, handler_,
        [this](const std::string& who, const std::string& why) { TurnAway(who, why); },
        [this](ConnectionId gone) { Forget(gone); });
    streams_.emplace(id, stream);
    stream->Begin();
    return stream.get();
  }

  void TurnAway(const std::string& peer, const std::string& why) {
    const std::lock_guard lock(log_mutex_);
    const auto line = log_.Note(peer.substr(0, peer.rfind(':')), peer, why, Now());
    if (line) LogWarn(*line);
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
  std::unique_ptr<Gate> gate_;
  std::mutex mutex_;
  std::mutex log_mutex_;
  RefusalLog log_;
  std::map<std::string, std::string> peers_;  // by gRPC's name; as many as descriptors
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
int ControlServer::local_port() const { return service_->local_port(); }

void ControlServer::Send(ConnectionId connection, const v1::MasterMessage& message) {
  if (const auto stream = service_->Find(connection)) stream->Send(message);
}

void ControlServer::Close(ConnectionId connection) {
  if (const auto stream = service_->Find(connection)) stream->End();
}

}  // namespace sfp::control
