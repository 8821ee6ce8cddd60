#include "worker/control/control_client.h"

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "common/base/check.h"
#include "common/base/units.h"
#include "proto/callback_threads.h"
#include "sfp/v1/control.grpc.pb.h"

namespace sfp::control {
namespace {

std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options, int fd) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.most_message_bytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return grpc::CreateCustomInsecureChannelFromFd(options.master, fd, arguments);
}

// gRPC wraps the reason several times over ("…: Failed to connect to remote host: Connection
// refused"); people need its innermost part.
std::string Reason(const std::string& master, const grpc::Status& status) {
  if (status.ok()) return "the master at " + master + " closed the connection";
  const std::string& text = status.error_message();
  const auto last = text.rfind(": ");
  return "cannot reach the master at " + master + ": " +
         (last == std::string::npos ? text : text.substr(last + 2));
}

}  // namespace

// gRPC calls its On… methods on its own threads; everything else comes from the loop. It lives
// until OnDone, and as long as a posted call still holds it.
class ControlClient::Stream : public grpc::ClientBidiReactor<v1::WorkerMessage, v1::MasterMessage>,
                              public std::enable_shared_from_this<Stream> {
 public:
  Stream(const ClientOptions& options, int fd, Post post, ControlClient& owner)
      : master_(options.master),
        post_(std::move(post)),
        owner_(&owner),
        channel_(MakeChannel(options, fd)),
        stub_(v1::Control::NewStub(channel_)) {}

  void Begin() {
    self_ = shared_from_this();
    stub_->async()->Join(&context_, this);
    // Send and ReadNext come from outside gRPC's callbacks: the hold keeps the call open for them.
    AddHold();
    StartRead(&incoming_);
    // The metadata of the answer proves that the stream is up.
    StartCall();
  }

  void Send(const v1::WorkerMessage& message) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    outbox_.push_back(message);
    WriteNext();
  }

  void End() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (!writing_ && outbox_.empty()) WritesDone();
  }

  void Break() {
    context_.TryCancel();
    Release();
  }

  // The owner goes away: breaks off and waits until gRPC has let go, so that nothing is posted to a
  // loop that may be gone next.
  void Abandon() {
    owner_ = nullptr;
    Break();
    std::unique_lock lock(mutex_);
    gone_.wait(lock, [this] { return done_; });
  }

 private:
  void OnReadInitialMetadataDone(bool ok) override {
    if (!ok) return;
    post_([self = shared_from_this()] {
      if (self->owner_) self->owner_->handler_.OnConnected();
    });
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Release();
      return;
    }
    post_([self = shared_from_this()] {
      if (self->owner_) self->owner_->handler_.OnMessage(std::move(self->incoming_));
      self->ReadNext();
    });
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    outbox_.pop_front();
    if (!ok) {
      outbox_.clear();
    } else if (!outbox_.empty()) {
      WriteNext();
    } else if (ending_) {
      WritesDone();
    }
  }

  void OnDone(const grpc::Status& status) override {
    post_([self = shared_from_this(), reason = Reason(master_, status)] {
      if (ControlClient* owner = std::exchange(self->owner_, nullptr)) {
        // What stood in the way of the connection itself says more than the stream's end.
        const auto end = owner->dialer_->End();
        const bool known = end && !end->reason.empty();
        owner->Ended(known ? end->reason : reason, known && end->refused);
      }
    });
    const auto keep = std::move(self_);
    const std::lock_guard lock(mutex_);
    done_ = true;
    gone_.notify_all();
  }

  void ReadNext() {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    incoming_.Clear();
    StartRead(&incoming_);
  }

  // The one place where writes start; the mutex is held.
  void WriteNext() {
    if (writing_ || released_ || outbox_.empty()) return;
    writing_ = true;
    StartWrite(&outbox_.front());
  }

  void WritesDone() {
    if (!released_ && !std::exchange(writes_done_, true)) StartWritesDone();
  }

  void Release() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(released_, true)) return;
    ending_ = true;
    RemoveHold();
  }

  const std::string master_;
  const Post post_;
  ControlClient* owner_;  // read and written on the loop only
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Control::Stub> stub_;
  grpc::ClientContext context_;
  std::shared_ptr<Stream> self_;  // gRPC's reference
  v1::MasterMessage incoming_;

  std::mutex mutex_;
  std::deque<v1::WorkerMessage> outbox_;  // its front is being written while writing_
  bool writing_ = false;
  bool ending_ = false;  // nothing more is accepted
  bool writes_done_ = false;
  bool released_ = false;  // no operation may be started any more
  bool done_ = false;      // gRPC has let go
  std::condition_variable gone_;
};

ControlClient::ControlClient(ClientOptions options, Post post, ClientHandler& handler)
    : options_(std::move(options)), post_(std::move(post)), handler_(handler) {
  KeepCallbackThreads();
}

ControlClient::~ControlClient() {
  attempt_.reset();
  if (stream_) stream_->Abandon();
}

void ControlClient::Connect() {
  SFP_CHECK(dialer_ == nullptr);
  DialOptions dial{.credentials = options_.credentials};
  const auto master = ParseHostPort(options_.master);
  SFP_CHECK(master.ok());
  dial.master = *master;
  attempt_ = std::make_shared<int>();
  const std::weak_ptr<int> attempt = attempt_;
  dialer_ = std::make_unique<Dialer>(
      std::move(dial), Dialer::Events{.on_open =
                                          [this, attempt, post = post_](int fd) {
                                            // Closed if nobody takes it.
                                            const std::shared_ptr<int> held(new int(fd),
                                                                            [](int* left) {
                                                                              if (*left >= 0)
                                                                                close(*left);
                                                                              delete left;
                                                                            });
                                            post([this, attempt, held] {
                                              if (!attempt.expired())
                                                Join(std::exchange(*held, -1));
                                            });
                                          },
                                      .on_failed =
                                          [this, attempt, post = post_](const CallEnd& end) {
                                            post([this, attempt, end] {
                                              if (!attempt.expired())
                                                Ended(end.reason, end.refused);
                                            });
                                          }});
  dialer_->Dial();
}

void ControlClient::Join(int fd) {
  stream_ = std::make_shared<Stream>(options_, fd, post_, *this);
  stream_->Begin();
}

Time ControlClient::Reached() {
  if (dialer_) reached_ = std::max(reached_, dialer_->Reached());
  return reached_;
}

void ControlClient::Ended(const std::string& reason, bool refused) {
  Reached();
  attempt_.reset();
  stream_.reset();
  dialer_.reset();
  handler_.OnDisconnected(reason, refused);
}

void ControlClient::Send(const v1::WorkerMessage& message) {
  if (stream_) stream_->Send(message);
}

void ControlClient::Break() {
  if (stream_) return stream_->Break();
  if (!attempt_) return;
  // Not connected yet: the attempt is given up.
  attempt_ = std::make_shared<int>();
  post_([this, attempt = std::weak_ptr(attempt_)] {
    if (!attempt.expired()) Ended("given up", false);
  });
}

void ControlClient::Close() { stream_ ? stream_->End() : Break(); }

}  // namespace sfp::control
