// The wire form of an interval. What comes in was written by a peer that may be of another version,
// broken or hostile: nothing of it is believed that does not fit together.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "common/stats/interval.h"

namespace sfp::stats {
namespace {

// Far above what an interval can hold, far below where sums of intervals could overflow.
constexpr std::uint64_t kMostOfAny = 1ULL << 48;

// One byte sequence of UTF-8 at the head of `text`: its length, or 0 if it is none.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool outside = (lead == 0xed && byte(1) >= 0xa0) || (lead == 0xf4 && byte(1) >= 0x90);
  return overlong || outside ? 0 : length;
}

// The same, but control characters count as none.
std::size_t PrintableLength(std::string_view text) {
  const bool control = (text[0] >= 0 && text[0] < 0x20) || text[0] == 0x7f;
  return control ? 0 : Utf8Length(text);
}

void PutEvidence(const Evidence& in, v1::Evidence& out) {
  out.set_reused(in.reused);
  out.set_idle_ns(in.idle.count());
  out.set_served(in.served);
  out.set_bytes_sent(in.bytes_sent);
  out.set_bytes_received(in.bytes_received);
  out.set_since_send_ns(in.since_send.count());
  out.set_reset(in.reset);
  out.set_error(in.error);
}

Evidence TakeEvidence(const v1::Evidence& in) {
  return Evidence{.reused = in.reused(),
                  .reset = in.reset(),
                  .error = in.error(),
                  .served = in.served(),
                  .idle = Duration(in.idle_ns()),
                  .since_send = Duration(in.since_send_ns()),
                  .bytes_sent = in.bytes_sent(),
                  .bytes_received = in.bytes_received()};
}

void PutMachine(const Machine& in, v1::Machine& out) {
  out.set_throttled_ns(in.throttled.count());
  out.set_throttled_periods(in.throttled_periods);
  out.set_descriptors(in.descriptors);
  out.set_descriptor_limit(in.descriptor_limit);
  out.set_ports(in.ports);
  out.set_port_limit(in.port_limit);
}

Status TakeMachine(const v1::Machine& in, Machine& out) {
  // A cgroup's processors may be held back at once, but not for ever.
  constexpr std::int64_t kMostThrottled = 1LL << 48;
  if (in.throttled_ns() < 0 || in.throttled_ns() > kMostThrottled) {
    return Invalid("impossible throttling");
  }
  out = {.throttled = Duration(in.throttled_ns()),
         .throttled_periods = std::min<std::uint64_t>(in.throttled_periods(), kMostOfAny),
         .descriptors = in.descriptors(),
         .descriptor_limit = in.descriptor_limit(),
         .ports = in.ports(),
         .port_limit = in.port_limit()};
  return Ok();
}

void PutHistogram(const Histogram& in, v1::Histogram* (v1::EndpointStats::*field)(),
                  v1::EndpointStats& out) {
  if (in.count() > 0) in.ToProto(*(out.*field)());
}

void PutFailures(const FailureMap& in, google::protobuf::RepeatedPtrField<v1::Failure>& out) {
  for (const auto& [key, row] : in) {
    v1::Failure& failure = *out.Add();
    failure.set_kind(static_cast<std::uint32_t>(key.kind));
    failure.set_phase(static_cast<std::uint32_t>(key.phase));
    failure.set_message(key.message);
    failure.set_count(row.count);
    failure.set_first_ns(row.first.count());
    failure.set_last_ns(row.last.count());
    for (const Evidence& sample : row.samples) PutEvidence(sample, *failure.add_samples());
    if (row.idle.count() > 0) row.idle.ToProto(*failure.mutable_idle());
    if (row.since_send.count() > 0) row.since_send.ToProto(*failure.mutable_since_send());
  }
}

void PutEndpoint(const EndpointStats& in, v1::EndpointStats& out) {
  out.set_started(in.started);
  out.set_succeeded(in.succeeded);
  out.set_failed(in.failed);
  out.set_skipped(in.skipped);
  out.set_dropped(in.dropped);
  out.set_reconnects(in.reconnects);
  out.set_bytes_sent(in.bytes_sent);
  out.set_bytes_received(in.bytes_received);
  out.set_failed_sum_ns(static_cast<std::uint64_t>(in.failed_sum_ns));
  PutHistogram(in.response, &v1::EndpointStats::mutable_response, out);
  PutHistogram(in.intended, &v1::EndpointStats::mutable_intended, out);
  for (const Histogram& phase : in.phases) phase.ToProto(*out.add_phases());
  PutHistogram(in.unanswered, &v1::EndpointStats::mutable_unanswered, out);
  for (const auto& [code, count] : in.status) (*out.mutable_status())[code] = count;
  PutFailures(in.failures, *out.mutable_failures());
  PutFailures(in.warnings, *out.mutable_warnings());
}

Status TakeHistogram(const v1::Histogram& in, std::uint64_t most, std::string_view what,
                     Histogram& out) {
  if (Status status = out.Decode(in); !status.ok()) return Annotate(status, what);
  if (out.count() > most) {
    return Invalid(std::string(what) + ": more values than there can be");
  }
  return Ok();
}

Status TakeHistograms(const v1::EndpointStats& in, EndpointStats& out) {
  const std::uint64_t requests = out.requests();
  if (Status s = TakeHistogram(in.response(), requests, "response", out.response); !s.ok()) {
    return s;
  }
  if (out.response.count() != requests) {
    return Invalid("response: not one value for each completed request");
  }
  if (Status s = TakeHistogram(in.intended(), requests, "intended", out.intended); !s.ok()) {
    return s;
  }
  if (in.phases_size() > static_cast<int>(kPhases)) return Invalid("unknown phase");
  for (int i = 0; i < in.phases_size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::string_view name = Name(static_cast<Phase>(i));
    if (Status s = TakeHistogram(in.phases(i), requests, name, out.phases[at]); !s.ok()) return s;
  }
  return Ok();
}

Status TakeStatus(const v1::EndpointStats& in, EndpointStats& out) {
  std::uint64_t left = out.requests();
  for (const auto& [code, count] : in.status()) {
    if (code < 100 || code > 999 || count == 0) return Invalid("impossible status code");
    if (count > left) return Invalid("more status codes than completed requests");
    left -= count;
    out.status[code] = count;
  }
  return Ok();
}

Status TakeFailure(const v1::Failure& in, std::uint64_t& left, FailureMap& out) {
  if (in.kind() == 0 || in.kind() >= kFailureKinds) return Invalid("unknown kind of failure");
  if (in.phase() >= kPhases) return Invalid("unknown phase of a failure");
  if (!IsCleanMessage(in.message())) return Invalid("impossible failure message");
  if (in.count() == 0 || in.count() > left) return Invalid("failure rows do not add up");
  if (in.first_ns() > in.last_ns()) return Invalid("a failure's last time is before its first");
  if (in.samples_size() > static_cast<int>(FailureStats::kMostSamples) ||
      static_cast<std::uint64_t>(in.samples_size()) > in.count()) {
    return Invalid("too much evidence of a failure");
  }
  const FailureKey key{static_cast<FailureKind>(in.kind()), static_cast<Phase>(in.phase()),
                       in.message()};
  FailureStats row{
      .count = in.count(), .first = Duration(in.first_ns()), .last = Duration(in.last_ns())};
  for (const v1::Evidence& sample : in.samples()) row.samples.push_back(TakeEvidence(sample));
  if (Status s = TakeHistogram(in.idle(), in.count(), "idle", row.idle); !s.ok()) return s;
  if (Status s = TakeHistogram(in.since_send(), in.count() - row.idle.count(), "since_send",
                               row.since_send);
      !s.ok()) {
    return s;
  }
  left -= in.count();
  if (!out.emplace(key, std::move(row)).second) return Invalid("a failure row comes twice");
  return Ok();
}

// `left`: how many there are at most; then, how many are missing.
Status TakeRows(const google::protobuf::RepeatedPtrField<v1::Failure>& in, std::uint64_t& left,
                FailureMap& out) {
  if (in.size() > static_cast<int>(EndpointStats::kMostFailures + 1)) {
    return Invalid("too many failure rows");
  }
  for (const v1::Failure& failure : in) {
    if (Status s = TakeFailure(failure, left, out); !s.ok()) return s;
  }
  return Ok();
}

Status TakeFailures(const v1::EndpointStats& in, EndpointStats& out) {
  std::uint64_t left = out.failed;
  if (Status s = TakeRows(in.failures(), left, out.failures); !s.ok()) return s;
  if (left != 0) return Invalid("failure rows do not add up");
  left = out.succeeded;
  return Annotate(TakeRows(in.warnings(), left, out.warnings), "warnings");
}

// `in_flight`: how many requests of the whole worker may still be without an answer.
Status TakeUnanswered(const v1::EndpointStats& in, std::uint64_t& in_flight, EndpointStats& out) {
  StatusOr<Histogram> histogram = Histogram::FromProto(in.unanswered());
  if (!histogram.ok()) return Annotate(histogram.status(), "unanswered");
  if (histogram->count() > in_flight) return Invalid("more requests given up than in flight");
  in_flight -= histogram->count();
  out.unanswered = *std::move(histogram);
  return Ok();
}

Status TakeEndpoint(const v1::EndpointStats& in, std::uint64_t& in_flight, EndpointStats& out) {
  for (const std::uint64_t counter :
       {in.started(), in.succeeded(), in.failed(), in.skipped(), in.dropped(), in.reconnects(),
        in.bytes_sent(), in.bytes_received()}) {
    if (counter > kMostOfAny) return Invalid("impossible counter");
  }
  out.started = in.started();
  out.succeeded = in.succeeded();
  out.failed = in.failed();
  out.skipped = in.skipped();
  out.dropped = in.dropped();
  out.reconnects = in.reconnects();
  out.bytes_sent = in.bytes_sent();
  out.bytes_received = in.bytes_received();
  if (Status s = TakeHistograms(in, out); !s.ok()) return s;
  if (in.failed_sum_ns() > out.response.sum_ns() || (in.failed() == 0 && in.failed_sum_ns() != 0)) {
    return Invalid("the failures took longer than all requests");
  }
  out.failed_sum_ns = in.failed_sum_ns();
  if (Status s = TakeUnanswered(in, in_flight, out); !s.ok()) return s;
  if (Status s = TakeStatus(in, out); !s.ok()) return s;
  return TakeFailures(in, out);
}

}  // namespace

bool IsCleanMessage(std::string_view text) {
  if (text.size() > kMostMessageBytes) return false;
  while (!text.empty()) {
    const std::size_t length = PrintableLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string CleanMessage(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = PrintableLength(text);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (out.size() + taken > kMostMessageBytes) break;
    if (length == 0) {
      out.push_back('?');
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(taken);
  }
  return out;
}

void ToProto(const Interval& interval, v1::Snapshot& out) {
  out.set_interval(interval.index);
  out.set_begin_ns(interval.begin.count());
  out.set_end_ns(interval.end.count());
  out.set_users(interval.users);
  out.set_in_flight(interval.in_flight);
  out.set_cpu(interval.cpu);
  out.set_iterations(interval.iterations);
  out.set_users_stopped(interval.users_stopped);
  out.clear_lag();
  out.clear_loop_lag();
  out.clear_kept_idle();
  out.clear_closed_idle();
  if (interval.lag.count() > 0) interval.lag.ToProto(*out.mutable_lag());
  if (interval.loop_lag.count() > 0) interval.loop_lag.ToProto(*out.mutable_loop_lag());
  if (interval.kept_idle.count() > 0) interval.kept_idle.ToProto(*out.mutable_kept_idle());
  if (interval.closed_idle.count() > 0) interval.closed_idle.ToProto(*out.mutable_closed_idle());
  PutMachine(interval.machine, *out.mutable_machine());
  out.clear_breaks();
  if (std::any_of(interval.breaks.begin(), interval.breaks.end(), [](auto n) { return n > 0; })) {
    for (const std::uint32_t n : interval.breaks) out.add_breaks(n);
  }
  out.clear_endpoints();
  for (std::size_t i = 0; i < interval.endpoints.size(); ++i) {
    if (interval.endpoints[i].empty()) continue;
    v1::EndpointStats& endpoint = *out.add_endpoints();
    endpoint.set_endpoint(static_cast<std::uint32_t>(i));
    PutEndpoint(interval.endpoints[i], endpoint);
  }
}

StatusOr<Interval> FromProto(const v1::Snapshot& in, std::size_t endpoints) {
  if (in.end_ns() < in.begin_ns()) return Invalid("the interval ends before it begins");
  if (!std::isfinite(in.cpu()) || in.cpu() < 0) return Invalid("impossible CPU share");
  Interval out;
  out.index = in.interval();
  out.begin = Duration(in.begin_ns());
  out.end = Duration(in.end_ns());
  out.users = in.users();
  out.in_flight = in.in_flight();
  out.cpu = in.cpu();
  if (in.iterations() > kMostOfAny) return Invalid("impossible number of iterations");
  out.iterations = in.iterations();
  if (in.users_stopped() > kMostOfAny) return Invalid("impossible number of users");
  out.users_stopped = in.users_stopped();
  if (Status s = TakeHistogram(in.lag(), kMostOfAny, "lag", out.lag); !s.ok()) return s;
  if (Status s = TakeHistogram(in.loop_lag(), kMostOfAny, "loop_lag", out.loop_lag); !s.ok()) {
    return s;
  }
  if (Status s = TakeHistogram(in.kept_idle(), kMostOfAny, "kept_idle", out.kept_idle); !s.ok()) {
    return s;
  }
  if (Status s = TakeHistogram(in.closed_idle(), kMostOfAny, "closed_idle", out.closed_idle);
      !s.ok()) {
    return s;
  }
  if (Status s = TakeMachine(in.machine(), out.machine); !s.ok()) return s;
  if (in.breaks_size() > static_cast<int>(Interval::kBreaks)) return Invalid("too many breaks");
  std::copy(in.breaks().begin(), in.breaks().end(), out.breaks.begin());
  out.endpoints.resize(endpoints);
  std::vector<bool> seen(endpoints, false);
  std::uint64_t in_flight = in.in_flight();
  for (const v1::EndpointStats& endpoint : in.endpoints()) {
    const std::size_t at = endpoint.endpoint();
    if (at >= endpoints) return Invalid("unknown endpoint " + std::to_string(at));
    if (seen[at]) return Invalid("endpoint " + std::to_string(at) + " comes twice");
    seen[at] = true;
    if (Status s = TakeEndpoint(endpoint, in_flight, out.endpoints[at]); !s.ok()) {
      return Annotate(s, "endpoint " + std::to_string(at));
    }
  }
  return out;
}

}  // namespace sfp::stats
