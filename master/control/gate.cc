#include "master/control/gate.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <condition_variable>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "common/base/log.h"
#include "common/base/refusal_log.h"
#include "common/net/listener.h"
#include "common/net/loop_thread.h"
#include "common/net/tunnel.h"

namespace sfp::control {
namespace {

using boost::asio::posix::descriptor_base;
using boost::asio::posix::stream_descriptor;
using net::Trouble;

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kAcceptPause{50};  // when descriptors ran out
constexpr int kFirstBytes = 4;                         // enough to tell the protocols apart

constexpr std::string_view kHttp2 = "PRI ";
constexpr char kTlsHandshake = 0x16;
// A fatal TLS alert "unexpected message": what a TLS client or a plain one of ours understands.
constexpr std::string_view kTlsAlert("\x15\x03\x03\x00\x02\x02\x0a", 7);
// An empty SETTINGS frame: what HTTP/2 begins with, and no TLS.
constexpr std::string_view kHttp2Settings("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 9);
constexpr std::string_view kHttp1Answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 71\r\n"
    "Connection: close\r\n\r\n"
    "This is the port for sfp-worker. The web UI of sfp-master is on --web.\n";

void SetUp(int fd) {
  const int on = 1, idle = 15, every = 5, count = 3, first = kFirstBytes;
  const unsigned unacknowledged_ms = 30'000;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A peer that is gone without a word is noticed within half a minute.
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
  // Readable once it can be told apart.
  ::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &first, sizeof first);
}

std::string WhyNot(const Trouble& trouble, const GateOptions& options) {
  using Kind = Trouble::Kind;
  const std::string worker_dir =
      "give that worker --tls-dir (or SFP_TLS_DIR) with the worker directory of the same "
      "'sfp-master certs' that made " +
      options.tls_folder;
  switch (trouble.kind) {
    case Kind::kNoCertificate:
      return "it shows no certificate: " + worker_dir;
    case Kind::kUntrusted:
      return "its certificate is not signed by the authority in " + options.tls_folder +
             "/ca.pem: " + worker_dir;
    case Kind::kExpired:
      return "its certificate expired on " + trouble.detail +
             ": make new ones with 'sfp-master certs --force' and hand them out";
    case Kind::kNotYetValid:
      return "its certificate is not valid yet: are the clocks of both machines right?";
    case Kind::kWrongPurpose:
      return "its certificate is not a worker's: " + worker_dir;
    case Kind::kTheyDistrust:
      return "it does not trust this master's certificate: " + worker_dir;
    case Kind::kTheySayExpired:
      return "it says that this master's certificate has expired: make new ones with 'sfp-master "
             "certs --force', and check the clocks";
    case Kind::kTheyReject:
      return "it rejects this master's certificate, which is for " + options.own_names +
             ": did it connect to another name? Make certificates with that --host, or connect to "
             "one of these";
    case Kind::kTimeout:
      return "it did not finish the TLS handshake";
    case Kind::kOther:
      return "the TLS handshake failed: " + trouble.detail;
    default:
      return "";  // it went away: nothing to be said
  }
}

}  // namespace

class Gate::Doors {
 public:
  Doors(GateOptions options, OnAdmit on_admit)
      : options_(std::move(options)), on_admit_(std::move(on_admit)) {}

  ~Doors() { loop_.Stop(); }

  Status Open() {
    for (const bool local : {false, true}) {
      if (local && !options_.local_door) break;
      const HostPort at = local ? HostPort{"127.0.0.1", 0} : options_.address;
      const auto fd = net::OpenListener(at.host, at.port, kBacklog);
      if (!fd.ok()) return fd.status();
      doors_.push_back(
          {.listener = stream_descriptor(loop_.io(), *fd), .secure = !local && options_.tls});
      (local ? local_port : port) = net::PortOf(*fd);
    }
    loop_.Post([this] {
      for (Door& door : doors_) WaitFor(door);
      WatchWaiting();
    });
    return Ok();
  }

  void Close() {
    std::promise<void> done;
    loop_.Post([this, &done] {
      closed_ = true;
      boost::system::error_code ignored;
      for (Door& door : doors_) door.listener.close(ignored);
      while (!callers_.empty()) Drop(*callers_.begin());
      ReportInside();
      done.set_value();
    });
    done.get_future().wait();
  }

  void Drain(Duration limit) {
    std::unique_lock lock(mutex_);
    emptied_.wait_for(lock, limit, [this] { return empty_; });
  }

  int port = 0;
  int local_port = 0;

 private:
  struct Door {
    stream_descriptor listener;
    bool secure = false;
  };
  struct Caller {  // accepted, not yet let in
    stream_descriptor socket;
    net::Peer peer;
    Time since;
    bool secure = false;
    std::shared_ptr<net::Tunnel> tunnel;  // the handshake is under way
  };
  // By number, so that a handler that comes late finds nobody. The oldest first.
  using Callers = std::map<std::uint64_t, Caller>;

  void WaitFor(Door& door) {
    door.listener.async_wait(descriptor_base::wait_read,
                             [this, &door](const boost::system::error_code& error) {
                               if (!error && !closed_) Accept(door);
                             });
  }

  void Accept(Door& door) {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int fd =
          ::accept4(door.listener.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        Receive(fd, door.secure);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        LogWarn("the workers' port cannot accept: too many open files");
        auto pause = std::make_shared<boost::asio::steady_timer>(loop_.io(), kAcceptPause);
        pause->async_wait([this, &door, pause](const auto&) {
          if (!closed_) WaitFor(door);
        });
        return;
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      }
    }
    WaitFor(door);
  }

  void Receive(int fd, bool secure) {
    SetUp(fd);
    if (callers_.size() >= kMostWaiting) {
      TurnAway(*callers_.begin(), "it has said nothing yet, and others wait", "");
    }
    const std::uint64_t number = ++last_number_;
    Caller& caller = callers_
                         .emplace(number, Caller{.socket = stream_descriptor(loop_.io(), fd),
                                                 .peer = net::PeerOf(fd),
                                                 .since = Now(),
                                                 .secure = secure})
                         .first->second;
    caller.socket.async_wait(descriptor_base::wait_read,
                             [this, number](const boost::system::error_code& error) {
                               const auto found = callers_.find(number);
                               if (!error && found != callers_.end()) Look(*found);
                             });
  }

  void Look(Callers::value_type& entry) {
    const Caller& caller = entry.second;
    char first[kFirstBytes];
    const ssize_t n = ::recv(PlainFd(entry), first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    if (n <= 0) return Drop(entry);  // a probe of the port: nothing to be said
    const std::string_view said(first, static_cast<std::size_t>(n));
    const bool tls = said.front() == kTlsHandshake;
    if (tls && caller.secure) return Shake(entry);
    if (said == kHttp2 && !caller.secure) return LetIn(entry);
    if (tls) {
      return TurnAway(entry,
                      "it speaks TLS, this master plain text: start the master with --tls-dir, or "
                      "that worker without",
                      kHttp2Settings);
    }
    if (said == kHttp2) {
      return TurnAway(
          entry,
          "it speaks plain text, this port TLS: give that worker --tls-dir (or "
          "SFP_TLS_DIR) with the worker directory that 'sfp-master certs' made beside " +
              options_.tls_folder,
          kTlsAlert);
    }
    if (said == "GET " || said == "POST" || said == "HEAD" || said == "PUT " || said == "OPTI") {
      return TurnAway(entry, "it speaks HTTP/1 to the workers' port; the web UI is on --web",
                      kHttp1Answer);
    }
    TurnAway(entry, "what it sent is not what a worker says", "");
  }

  void LetIn(Callers::value_type& entry) {
    const int fd = Release(entry);
    const std::string peer = entry.second.peer.text;
    callers_.erase(entry.first);
    on_admit_(fd, peer);
  }

  void Shake(Callers::value_type& entry) {
    const std::uint64_t number = entry.first;
    const net::Peer peer = entry.second.peer;
    const auto tunnel = std::make_shared<net::Tunnel>(
        loop_.io(), Release(entry),
        net::Tunnel::Options{.tls = options_.tls, .handshake_limit = options_.handshake_limit},
        net::Tunnel::Events{.on_open =
                                [this, number, peer](int plain) {
                                  inside_.emplace(number, callers_.at(number).tunnel);
                                  callers_.erase(number);
                                  on_admit_(plain, peer.text);
                                },
                            .on_end =
                                [this, number, peer](const Trouble& trouble) {
                                  if (callers_.erase(number) > 0) {
                                    const std::string why = WhyNot(trouble, options_);
                                    if (!why.empty()) Note(peer, why);
                                  }
                                  inside_.erase(number);
                                  ReportInside();
                                }});
    entry.second.tunnel = tunnel;
    tunnel->Begin();
  }

  static int PlainFd(Callers::value_type& entry) { return entry.second.socket.native_handle(); }

  // Takes the descriptor out of a caller's hands, ready for ordinary reading.
  static int Release(Callers::value_type& entry) {
    const int fd = entry.second.socket.release();
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    return fd;
  }

  void TurnAway(Callers::value_type& entry, const std::string& why, std::string_view answer) {
    Note(entry.second.peer, why);
    if (!entry.second.tunnel) {
      // What was read does not turn the answer into a reset.
      char unread[4096];
      while (::recv(PlainFd(entry), unread, sizeof unread, MSG_DONTWAIT) > 0) {
      }
      if (!answer.empty()) {
        ::send(PlainFd(entry), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      }
    }
    Drop(entry);
  }

  void Drop(Callers::value_type& entry) {
    if (const auto tunnel = entry.second.tunnel) return tunnel->Cut();  // its end erases the entry
    callers_.erase(entry.first);
  }

  // Those who connect and say nothing, or little.
  void WatchWaiting() {
    watch_.expires_after(std::chrono::milliseconds(500));
    watch_.async_wait([this](const boost::system::error_code& error) {
      if (error || closed_) return;
      const Time now = Now();
      for (auto caller = callers_.begin(); caller != callers_.end();) {
        const auto next = std::next(caller);
        if (!caller->second.tunnel && now - caller->second.since > options_.handshake_limit) {
          TurnAway(*caller, "it connected and said nothing", "");
        }
        caller = next;
      }
      WatchWaiting();
    });
  }

  void Note(const net::Peer& peer, const std::string& why) {
    if (const auto line = log_.Note(peer.address, peer.text, why, Now())) LogWarn(*line);
  }

  void ReportInside() {
    if (!closed_ || !inside_.empty()) return;
    const std::lock_guard lock(mutex_);
    empty_ = true;
    emptied_.notify_all();
  }

  const GateOptions options_;
  const OnAdmit on_admit_;
  net::LoopThread loop_;
  std::list<Door> doors_;
  Callers callers_;
  std::map<std::uint64_t, std::shared_ptr<net::Tunnel>> inside_;
  std::uint64_t last_number_ = 0;
  boost::asio::steady_timer watch_{loop_.io()};
  RefusalLog log_;
  bool closed_ = false;
  std::mutex mutex_;
  std::condition_variable emptied_;
  bool empty_ = false;
};

Gate::Gate() = default;
Gate::~Gate() = default;

StatusOr<std::unique_ptr<Gate>> Gate::Open(GateOptions options, OnAdmit on_admit) {
  std::unique_ptr<Gate> gate(new Gate);
  gate->doors_ = std::make_unique<Doors>(std::move(options), std::move(on_admit));
  if (const Status status = gate->doors_->Open(); !status.ok()) return status;
  return gate;
}

int Gate::port() const { return doors_->port; }
int Gate::local_port() const { return doors_->local_port; }
void Gate::Close() { doors_->Close(); }
void Gate::Drain(Duration limit) { doors_->Drain(limit); }

}  // namespace sfp::control
