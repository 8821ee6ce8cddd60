#include "worker/control/dialer.h"

#include <netdb.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/net/loop_thread.h"
#include "common/net/tunnel.h"

namespace sfp::control {
namespace {

using boost::asio::ip::tcp;
using Kind = net::Trouble::Kind;

constexpr Duration kWatchEvery = std::chrono::milliseconds(250);

std::string Text(const HostPort& at) {
  const bool six = at.host.find(':') != std::string::npos;
  return (six ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

CallEnd EndOf(const net::Trouble& trouble, const DialOptions& options) {
  const std::string master = "the master at " + Text(options.master);
  const std::string folder = options.credentials ? options.credentials->folder : "";
  const std::string hand_out =
      "master and worker need directories that the same 'sfp-master certs' wrote";
  const auto permanent = [](std::string reason) { return CallEnd{std::move(reason), true}; };
  switch (trouble.kind) {
    case Kind::kPeerTls:
      return permanent(master +
                       " speaks TLS: give this worker --tls-dir (or SFP_TLS_DIR) with the worker "
                       "directory that 'sfp-master certs' wrote");
    case Kind::kPeerPlain:
      return permanent(master +
                       " speaks plain text, this worker TLS: start the master with --tls-dir (or "
                       "SFP_TLS_DIR), or this worker without");
    case Kind::kPeerHttp1:
      return {"a web server answers at " + Text(options.master) +
              ", not an sfp-master: its port for workers is another one (5557 by default)"};
    case Kind::kUntrusted:
      return permanent("the certificate of " + master + " is not signed by the authority in " +
                       folder + "/ca.pem: " + hand_out);
    case Kind::kExpired:
      return permanent("the certificate of " + master + " expired on " + trouble.detail +
                       ": make new ones with 'sfp-master certs --force' and hand them out");
    case Kind::kNotYetValid:
      return {"the certificate of " + master +
              " is not valid yet: are the clocks of both machines right?"};
    case Kind::kWrongName:
      return permanent("the certificate of " + master + " is for " + trouble.detail + ", not for " +
                       options.master.host +
                       ": give --master one of these names, or make certificates with --host " +
                       options.master.host);
    case Kind::kWrongPurpose:
      return permanent(master +
                       " shows a certificate that is not a master's: start it with the "
                       "master directory that 'sfp-master certs' wrote");
    case Kind::kTheyDistrust:
      return permanent(master + " does not trust this worker's certificate in " + folder + ": " +
                       hand_out);
    case Kind::kTheySayExpired:
      return permanent(master + " says that this worker's certificate in " + folder +
                       " has expired: make new ones with 'sfp-master certs --force', and check the "
                       "clocks");
    case Kind::kTheyWantCertificate:
      return permanent(master + " demands a certificate: give this worker --tls-dir");
    case Kind::kTheyReject:
      return permanent(master + " rejects this worker's certificate in " + folder + " (" +
                       trouble.detail + "): " + hand_out);
    case Kind::kTimeout:
      return {master + " does not finish the TLS handshake"};
    case Kind::kSilent:
      return {master + " closed the connection without a word"};
    case Kind::kOther:
    case Kind::kNoCertificate:
      return {"the TLS handshake with " + master + " failed: " + trouble.detail};
    case Kind::kNone:
      break;
  }
  return {};
}

struct Found {
  std::vector<tcp::endpoint> endpoints;
  std::string error;
};

Found LookUp(const HostPort& master) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(master.host.c_str(), std::to_string(master.port).c_str(), &hints, &list);
  if (error == EAI_NONAME) return {{}, "host not found"};
  if (error != 0) return {{}, gai_strerror(error)};
  Found found;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    tcp::endpoint endpoint;
    endpoint.resize(one->ai_addrlen);
    std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
    found.endpoints.push_back(endpoint);
  }
  freeaddrinfo(list);
  return found;
}

}  // namespace

class Dialer::Call {
 public:
  Call(DialOptions options, Events events)
      : options_(std::move(options)), events_(std::move(events)) {}

  void Begin() {
    limit_.expires_after(options_.limit);
    limit_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Fail("no answer within " + HumanDuration(options_.limit));
    });
    // A thread of its own, which nobody waits for: a name server may be silent for long.
    std::thread([lookup = lookup_, master = options_.master] {
      Found found = LookUp(master);
      const std::lock_guard lock(lookup->mutex);
      if (lookup->call == nullptr) return;
      lookup->call->loop_.Post(
          [call = lookup->call, found = std::move(found)] { call->Connect(found); });
    }).detach();
  }

  void Stop() {
    {
      const std::lock_guard lock(lookup_->mutex);
      lookup_->call = nullptr;
    }
    loop_.Stop();
  }
  net::LoopThread& loop() { return loop_; }

  Time reached() const { return Time(Duration(reached_ns_.load(std::memory_order_relaxed))); }

  std::optional<CallEnd> end() const {
    const std::lock_guard lock(mutex_);
    return end_;
  }

 private:
  struct Lookup {
    explicit Lookup(Call* waiting) : call(waiting) {}
    std::mutex mutex;
    Call* call;  // null: no one waits for the answer any more
  };

  void Connect(const Found& found) {
    if (end()) return;
    if (!found.error.empty()) return Fail(found.error);
    endpoints_ = found.endpoints;
    boost::asio::async_connect(socket_, endpoints_,
                               [this](const boost::system::error_code& failed, const auto&) {
                                 if (end()) return;
                                 if (failed == boost::asio::error::connection_refused)
                                   Answered(Now());
                                 failed ? Fail(failed.message()) : Shake();
                               });
  }

  void Shake() {
    limit_.cancel();
    boost::system::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    net::Tunnel::Options tunnel{
        .client = true, .peer_name = options_.master.host, .handshake_limit = options_.limit};
    if (options_.credentials) {
      auto tls = net::ClusterContext(*options_.credentials, net::Purpose::kClient);
      if (!tls.ok()) return Fail(Message(tls.status()));
      tunnel.tls = *std::move(tls);
    }
    tunnel_ = std::make_shared<net::Tunnel>(
        loop_.io(), socket_.release(ignored), std::move(tunnel),
        net::Tunnel::Events{
            .on_open =
                [this](int fd) {
                  open_ = true;
                  events_.on_open(fd);
                },
            .on_end = [this](const net::Trouble& trouble) { Finish(EndOf(trouble, options_)); }});
    tunnel_->Begin();
    Watch();
  }

  void Answered(Time at) {
    reached_ns_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }

  void Watch() {
    if (const auto silence = tunnel_->SinceAnswer()) Answered(Now() - *silence);
    watch_.expires_after(kWatchEvery);
    watch_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !end()) Watch();
    });
  }

  void Fail(const std::string& what) {
    Finish({"cannot reach the master at " + Text(options_.master) + ": " + what});
  }

  void Finish(const CallEnd& end) {
    {
      const std::lock_guard lock(mutex_);
      if (end_) return;
      end_ = end;
    }
    limit_.cancel();
    watch_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (!open_) events_.on_failed(end);
  }

  const DialOptions options_;
  const Events events_;
  net::LoopThread loop_;
  const std::shared_ptr<Lookup> lookup_ = std::make_shared<Lookup>(this);
  std::vector<tcp::endpoint> endpoints_;
  tcp::socket socket_{loop_.io()};
  boost::asio::steady_timer limit_{loop_.io()};
  boost::asio::steady_timer watch_{loop_.io()};
  std::atomic<std::int64_t> reached_ns_{0};
  std::shared_ptr<net::Tunnel> tunnel_;
  bool open_ = false;
  mutable std::mutex mutex_;
  std::optional<CallEnd> end_;
};

Dialer::Dialer(DialOptions options, Events events)
    : call_(std::make_unique<Call>(std::move(options), std::move(events))) {}

Dialer::~Dialer() { call_->Stop(); }

void Dialer::Dial() {
  call_->loop().Post([call = call_.get()] { call->Begin(); });
}

Time Dialer::Reached() const { return call_->reached(); }

std::optional<CallEnd> Dialer::End() const { return call_->end(); }

}  // namespace sfp::control
