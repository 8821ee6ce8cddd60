#include "worker/app/token_keeper.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/log.h"
#include "common/scenario/oauth2.h"
#include "common/stats/recorder.h"
#include "worker/http/client.h"
#include "worker/http/destination.h"
#include "worker/http/reactor.h"

namespace sfp::app {
namespace {

using Destination = std::shared_ptr<const http::Destination>;

constexpr Duration kMostPatience{10'000'000'000};
// A token younger than this was not yet there when the refused requests began.
constexpr Duration kYoung{1'000'000'000};

Duration PatienceOf(const v1::Target& target) {
  const Duration total(target.timeouts().total_ns());
  return total > Duration::zero() ? std::min(total, kMostPatience) : kMostPatience;
}

// The token URL as a target: a connection for each request, with the target's limits and addresses.
StatusOr<Destination> DestinationOf(const scenario::TokenSource& source, const v1::Target& target) {
  v1::Target to;
  *to.mutable_tls() = source.auth.tls();
  *to.mutable_timeouts() = target.timeouts();
  to.mutable_connections()->set_one_request(true);
  *to.mutable_connections()->mutable_source_addresses() = target.connections().source_addresses();
  to.set_max_header_bytes(target.max_header_bytes());
  to.set_max_body_bytes(1 << 20);
  return http::PrepareDestination(to, source.origin);
}

std::string Where(const scenario::TokenSource& source) {
  return std::string(source.origin.tls ? "https://" : "http://") + source.origin.authority;
}

}  // namespace

class TokenKeeper::Parts {
 public:
  Parts(std::shared_ptr<const scenario::Program> program, std::vector<Destination> destinations)
      : program_(std::move(program)),
        destinations_(std::move(destinations)),
        tokens_(program_->tokens().size()),
        thread_([this] { Run(); }) {}
  ~Parts() {
    reactor_.Post([this] { stopping_ = true; });
    thread_.join();
  }

  // Until there are all tokens, or the first failure.
  Status AwaitFirst() {
    std::unique_lock lock(mutex_);
    first_.wait(lock, [this] {
      return !failure_.ok() || std::all_of(tokens_.begin(), tokens_.end(),
                                           [](const Token& token) { return token != nullptr; });
    });
    return failure_;
  }

  std::vector<Token> tokens() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  void Follow(Changed changed) {
    const std::lock_guard lock(mutex_);
    changed_ = std::move(changed);
    resting_ = false;
  }
  void Rest() {
    const std::lock_guard lock(mutex_);
    changed_ = nullptr;
    resting_ = true;
  }
  void Refused(std::size_t number);
  void CountInto(stats::Interval& interval, Time run_start);

 private:
  class Fetcher;
  struct Fetch {  // begun, or with a sample ended
    std::size_t number = 0;
    std::optional<stats::Sample> sample;
    stats::Failure failure;
  };

  void Run();
  bool Resting() const {
    const std::lock_guard lock(mutex_);
    return resting_;
  }
  // False: nobody needs it.
  bool Begin(std::size_t number) {
    const std::lock_guard lock(mutex_);
    if (!resting_) fetches_.push_back({number, std::nullopt, {}});
    return !resting_;
  }
  void Ended(std::size_t number, const stats::Sample& sample, stats::Failure failure) {
    const std::lock_guard lock(mutex_);
    fetches_.push_back({number, sample, std::move(failure)});
  }
  void Have(std::size_t number, Token token);
  void Failed(const Status& why);

  const std::shared_ptr<const scenario::Program> program_;
  const std::vector<Destination> destinations_;  // by number
  http::Reactor reactor_;
  std::vector<std::unique_ptr<Fetcher>> fetchers_;  // the thread's
  bool stopping_ = false;                           // the thread's

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable first_;
  Status failure_ = Ok();
  std::vector<Token> tokens_;
  Changed changed_;
  bool resting_ = false;
  std::vector<Fetch> fetches_;  // not counted yet
  std::optional<stats::Recorder> recorder_;
  std::thread thread_;  // last: it uses all of the above
};

// Gets one token, again and again.
class TokenKeeper::Parts::Fetcher final : private engine::Timer, private engine::ExchangeHandler {
 public:
  Fetcher(Parts& parts, std::size_t number, engine::Wheel& wheel)
      : parts_(parts),
        number_(number),
        wheel_(wheel),
        client_(parts.reactor_, wheel, parts.destinations_[number]),
        connection_(client_.Connect(0, 0)) {}

  void Fetch() {
    asked_at_ = Now();
    next_at_ = asked_at_ + kYoung;  // if it rests
    fetching_ = parts_.Begin(number_);
    if (!fetching_) return Plan();
    connection_->Start({.bytes = source().request,
                        .keep_body = true,
                        .timeout = PatienceOf(parts_.program_->target())},
                       *this);
  }
  void Refused() {
    if (!fetching_ && failures_ == 0 && Now() - asked_at_ > kYoung) Fetch();
  }

 private:
  const scenario::TokenSource& source() const { return parts_.program_->tokens()[number_]; }

  void OnExchange(engine::Exchange& exchange) override {
    fetching_ = false;
    StatusOr<scenario::Grant> grant =
        exchange.sample.failure != nullptr
            ? Unavailable(exchange.failure.message)
            : scenario::ReadGrant(source(), exchange.sample.status, exchange.body);
    if (!grant.ok()) {
      Failed(exchange, Message(grant.status()));
    } else {
      parts_.Ended(number_, exchange.sample, {});
      Have(*std::move(grant));
    }
    Plan();
  }

  void Have(scenario::Grant grant) {
    if (failures_ > 0) LogInfo("oauth2: " + Where(source()) + " gives tokens again");
    failures_ = 0;
    said_ = false;
    life_ = grant.life;
    expires_at_ = life_ ? asked_at_ + *life_ : kNever;
    next_at_ = life_ ? asked_at_ + scenario::RenewAfter(*life_) : kNever;
    parts_.Have(number_, std::make_shared<const std::string>(std::move(grant.token)));
  }

  void Failed(engine::Exchange& exchange, std::string why) {
    const Time now = exchange.sample.ended;
    if (exchange.sample.failure == nullptr) {  // the answer came, but no token in it
      exchange.failure.kind = exchange.sample.status < 300 ? stats::FailureKind::kExpectation
                                                           : stats::FailureKind::kStatus;
      exchange.failure.phase = stats::Phase::kBody;
      exchange.failure.evidence.bytes_received = exchange.sample.bytes_received;
    }
    exchange.failure.message = now < expires_at_ ? why : why + " (the last token has expired)";
    exchange.sample.failure = &exchange.failure;
    parts_.Ended(number_, exchange.sample, exchange.failure);
    if (++failures_ == 1) LogWarn("oauth2: no new token from " + Where(source()) + ": " + why);
    next_at_ = now + scenario::RetryAfter(life_, failures_);
    parts_.Failed(Unavailable("oauth2: no token from " + Where(source()) + ": " + why));
  }

  // The timer stands for the next fetch or for the end of the token, whichever comes first.
  void Plan() {
    const Time next = std::min(fetching_ ? kNever : next_at_, said_ ? kNever : expires_at_);
    if (next != kNever) wheel_.Schedule(*this, next);
  }

  void OnTimer(Time now) override {
    if (!said_ && now >= expires_at_) {
      said_ = true;
      if (!parts_.Resting()) {
        LogWarn("oauth2: the token from " + Where(source()) +
                " has expired and there is no new one: requests carry the old one");
      }
    }
    if (!fetching_ && now >= next_at_) return Fetch();
    Plan();
  }

  Parts& parts_;
  const std::size_t number_;
  engine::Wheel& wheel_;
  http::Client client_;
  std::unique_ptr<engine::Connection> connection_;
  Time asked_at_{};
  std::optional<Duration> life_;  // of the token that there is
  Time expires_at_ = kNever;      // that it does
  Time next_at_ = kNever;         // the next fetch
  unsigned failures_ = 0;         // in a row
  bool fetching_ = false;
  bool said_ = false;  // that it has expired
};

void TokenKeeper::Parts::Run() {
  engine::Wheel wheel(Now());
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    fetchers_.push_back(std::make_unique<Fetcher>(*this, i, wheel));
    fetchers_.back()->Fetch();
  }
  while (!stopping_) {
    wheel.Advance(Now());
    reactor_.Turn(wheel.NextDue());
  }
  fetchers_.clear();
}

void TokenKeeper::Parts::Have(std::size_t number, Token token) {
  const std::lock_guard lock(mutex_);
  tokens_[number] = token;
  first_.notify_all();
  if (changed_) changed_(number, std::move(token));
}

void TokenKeeper::Parts::Failed(const Status& why) {
  const std::lock_guard lock(mutex_);
  failure_ = why;  // only the first fetches are waited for
  first_.notify_all();
}

void TokenKeeper::Parts::Refused(std::size_t number) {
  reactor_.Post([this, number] { fetchers_[number]->Refused(); });
}

void TokenKeeper::Parts::CountInto(stats::Interval& interval, Time run_start) {
  const std::lock_guard lock(mutex_);
  if (fetches_.empty()) return;
  if (!recorder_) recorder_.emplace(tokens_.size(), run_start);
  for (Fetch& fetch : fetches_) {
    if (!fetch.sample) {
      recorder_->Started(fetch.number);
      continue;
    }
    if (fetch.sample->failure != nullptr) fetch.sample->failure = &fetch.failure;
    fetch.sample->ended = std::max(fetch.sample->ended, run_start);
    recorder_->Completed(fetch.number, *fetch.sample);
  }
  fetches_.clear();
  // Only the endpoints: idle times and broken connections are told of the target alone.
  stats::Interval counted = recorder_->Rotate(interval.index, run_start + interval.end, 0);
  for (std::size_t i = 0; i < counted.endpoints.size(); ++i) {
    interval.endpoints[program_->tokens()[i].endpoint].Merge(counted.endpoints[i]);
  }
  recorder_->Recycle(std::move(counted));
}

TokenKeeper::TokenKeeper(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TokenKeeper::~TokenKeeper() = default;

StatusOr<std::unique_ptr<TokenKeeper>> TokenKeeper::Make(
    std::shared_ptr<const scenario::Program> program) {
  std::vector<Destination> destinations;
  for (const scenario::TokenSource& source : program->tokens()) {
    auto destination = DestinationOf(source, program->target());
    if (!destination.ok()) return Annotate(destination.status(), "oauth2: the token URL");
    destinations.push_back(*std::move(destination));
  }
  auto parts = std::make_unique<Parts>(std::move(program), std::move(destinations));
  if (Status status = parts->AwaitFirst(); !status.ok()) return status;
  return std::unique_ptr<TokenKeeper>(new TokenKeeper(std::move(parts)));
}

std::vector<TokenKeeper::Token> TokenKeeper::tokens() const { return parts_->tokens(); }
void TokenKeeper::Follow(Changed changed) { parts_->Follow(std::move(changed)); }
void TokenKeeper::Refused(std::size_t number) { parts_->Refused(number); }
void TokenKeeper::Rest() { parts_->Rest(); }
void TokenKeeper::CountInto(stats::Interval& interval, Time run_start) {
  parts_->CountInto(interval, run_start);
}

}  // namespace sfp::app
