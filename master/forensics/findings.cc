#include "master/forensics/findings.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "common/base/units.h"
#include "master/forensics/habits.h"

namespace sfp::forensics {
namespace {

using stats::FailureKind;
using stats::Histogram;
using stats::Phase;

// A single kill is believed only after so long.
constexpr Duration kLongWait{1'000'000'000};
constexpr Duration kLeastSlack{10'000'000};
constexpr std::uint32_t kLongestAway = 600;

// What all rows are judged by.
struct Habits {
  Survivors idle;       // before answered requests
  Survivors answering;  // from request to first byte
  std::optional<Cluster> keep_alive;
  bool closings = false;  // known from connections that were found closed
  Duration slack{0};      // a request may be on its way for so long when the server closes
  std::optional<Cluster> kill;
  std::uint64_t keep_alive_evidence = 0;
  std::uint64_t kill_suspects = 0;
  bool answered = false;  // anybody at all
};

template <typename Visit>
void ForEachRow(const results::Connections& connections, Visit visit) {
  for (std::size_t i = 0; i < connections.failures.size(); ++i) {
    for (const auto& [key, row] : connections.failures[i]) visit(i, key, row, nullptr);
  }
  for (const results::Episode& episode : connections.episodes) {
    for (std::size_t i = 0; i < episode.failures.size(); ++i) {
      for (const auto& [key, row] : episode.failures[i]) visit(i, key, row, &episode);
    }
  }
}

Histogram FirstBytes(const results::Results& results) {
  Histogram out;
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    if (results.apart(i)) continue;
    out.Merge(results.endpoints()[i].phases[static_cast<std::size_t>(Phase::kFirstByte)]);
  }
  return out;
}

// Connecting takes one, unless the accept queue is full.
Duration RoundTrip(const results::Results& results) {
  Histogram connects;
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    if (results.apart(i)) continue;
    connects.Merge(results.endpoints()[i].phases[static_cast<std::size_t>(Phase::kConnect)]);
  }
  return connects.Quantile(0.9).value_or(Duration(0));
}

std::uint64_t CountWithin(const Histogram& values, const Cluster& cluster) {
  std::uint64_t count = 0;
  values.ForEach([&](std::uint64_t low, std::uint64_t width, std::uint64_t n) {
    const double middle = (static_cast<double>(low) + static_cast<double>(width) / 2) * 1e-6;
    if (std::abs(middle - Seconds(cluster.at)) <= Seconds(cluster.width)) count += n;
  });
  return count;
}

Habits HabitsOf(const results::Results& results) {
  const results::Connections& connections = results.connections();
  const Histogram first_bytes = FirstBytes(results);
  Habits habits{Survivors(connections.kept_idle), Survivors(first_bytes)};
  habits.answered = first_bytes.count() > 0;
  Histogram idle, since_send;
  ForEachRow(connections, [&](std::size_t, const stats::FailureKey&, const stats::FailureStats& row,
                              const results::Episode*) {
    idle.Merge(row.idle);
    since_send.Merge(row.since_send);
  });
  // Connections found closed say it best.
  habits.keep_alive = FindCluster(connections.closed_idle);
  // A server that went away meets users in step after the same time, too; but others outlive it.
  if (habits.keep_alive && !habits.idle.None(habits.keep_alive->at + habits.keep_alive->width)) {
    habits.keep_alive.reset();
  }
  if (habits.keep_alive) {
    habits.closings = true;
    habits.slack = kLeastSlack + 2 * RoundTrip(results);
    habits.keep_alive_evidence = habits.keep_alive->count + CountWithin(idle, *habits.keep_alive);
  } else {
    habits.keep_alive = FindLimit(idle, Suspects(idle, habits.idle));
    if (habits.keep_alive) habits.keep_alive_evidence = habits.keep_alive->count;
  }
  const Histogram kills = Suspects(since_send, habits.answering);
  habits.kill = FindLimit(since_send, kills);
  habits.kill_suspects = kills.count();
  return habits;
}

bool IsRace(const Habits& habits, Duration idle) {
  if (habits.closings) return idle >= habits.keep_alive->at - habits.slack;
  return idle >= std::chrono::milliseconds(1) && habits.idle.None(idle);
}

bool IsKill(const Habits& habits, Duration since_send) {
  if (!habits.answering.None(since_send)) return false;
  if (habits.kill) {
    const Duration off = since_send - habits.kill->at;
    return std::max(off, -off) <= habits.kill->width;
  }
  return habits.kill_suspects < kLeastEvidence && since_send >= kLongWait;
}

// The server was away and came back: there are answers before and behind the episode, and few in
// it.
bool CameBack(const results::Results& results, const results::Episode& episode) {
  if (episode.to_s - episode.from_s > kLongestAway) return false;
  bool before = false, behind = false;
  std::uint64_t requests = 0, failures = 0;
  for (const results::SeriesPoint& point : results.series()) {
    const bool answers = point.requests > point.failures;
    before = before || (answers && point.second < episode.from_s);
    behind = behind || (answers && point.second > episode.to_s);
    if (point.second > episode.from_s && point.second < episode.to_s) {
      requests += point.requests;
      failures += point.failures;
    }
  }
  return before && behind && failures * 2 >= requests;
}

// Most of what a burst broke had just been idle for the same time, and hardly any connection was
// idle for longer and answered: users in step have met a keep-alive timeout. (A restart meets users
// in step while they think: their connections are found closed, or refused, later.) Where the
// timeout is known the burst must be at it: it may begin up to 0.2 s before, for what counts as
// breaking at once is that late.
constexpr double kInStep = 0.8;
constexpr Duration kAtOnce{200'000'000};

std::optional<Cluster> InStep(const Habits& habits, const results::Episode& episode) {
  Histogram idle;
  std::uint64_t breaks = 0;
  for (const stats::FailureMap& rows : episode.failures) {
    for (const auto& [key, row] : rows) {
      if (!stats::IsBreak(key.kind)) continue;
      breaks += row.count;
      idle.Merge(row.idle);
    }
  }
  const std::optional<Cluster> step = FindCluster(idle);
  if (!step || static_cast<double>(step->count) < kInStep * static_cast<double>(breaks)) {
    return std::nullopt;
  }
  if (!habits.keep_alive) {
    return habits.idle.None(step->at + step->width) ? step : std::nullopt;
  }
  const Duration before = habits.keep_alive->at - step->at;
  return before <= kAtOnce && -before <= habits.keep_alive->width ? step : std::nullopt;
}

// How failures of one row divide.
struct Part {
  Cause cause;
  std::uint64_t count;
  const char* where = "";  // of those that were not placed by a time
  Histogram idle, since_send;
};

std::vector<Part> Divide(const Habits& habits, const std::optional<Cluster>& in_step, Cause rest,
                         Cause fresh, const stats::FailureStats& row) {
  Part race{Cause::kKeepAliveRace, 0}, kill{Cause::kKilledInFlight, 0}, other{rest, 0};
  const auto place = [](const Histogram& from, auto belongs, Histogram Part::*into, Part& yes,
                        Part& no) {
    from.ForEach([&](std::uint64_t low, std::uint64_t width, std::uint64_t n) {
      const Duration at((static_cast<std::int64_t>(low) * 2 + static_cast<std::int64_t>(width)) *
                        500);
      Part& part = belongs(at) ? yes : no;
      part.count += n;
      for (std::uint64_t i = 0; i < n; ++i) (part.*into).Record(at);
    });
  };
  const auto steps = [&](Duration at) {
    return in_step && std::max(at - in_step->at, in_step->at - at) <= in_step->width;
  };
  place(
      row.idle, [&](Duration at) { return IsRace(habits, at) || steps(at); }, &Part::idle, race,
      other);
  place(
      row.since_send, [&](Duration at) { return IsKill(habits, at); }, &Part::since_send, kill,
      other);
  Part on_new{fresh, row.count - row.idle.count() - row.since_send.count()};
  std::vector<Part> out;
  for (Part* part : {&race, &kill, &other, &on_new}) {
    if (part->count > 0) out.push_back(std::move(*part));
  }
  return out;
}

std::string Range(const Histogram& values) {
  const std::string low = HumanDuration(*values.min());
  const std::string high = HumanDuration(*values.max());
  return low == high ? low : low + " to " + high;
}

std::string EvidenceOf(const Histogram& idle, const Histogram& since_send, std::uint64_t fresh,
                       const std::optional<stats::Evidence>& sample) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (idle.count() > 0) {
    add(absl::StrFormat("%d at once on a connection that had been idle for %s", idle.count(),
                        Range(idle)));
  }
  if (since_send.count() > 0) {
    add(absl::StrFormat("%d broke %s after the request was sent", since_send.count(),
                        Range(since_send)));
  }
  if (fresh > 0 && sample) {
    const stats::Evidence& e = *sample;
    std::string text = absl::StrFormat("%d such as: ", fresh);
    text += e.reused ? absl::StrFormat("on a connection that had answered %d and been idle for %s",
                                       e.served, HumanDuration(e.idle))
                     : "on a new connection";
    text += absl::StrFormat(", %d bytes sent, %d received", e.bytes_sent, e.bytes_received);
    if (e.since_send > Duration(0)) text += ", " + HumanDuration(e.since_send) + " after it";
    if (e.reset) text += ", RST";
    add(text);
  }
  return out;
}

// Rows under construction.
struct Open {
  Row row;
  Histogram idle, since_send;
  std::uint64_t placeless = 0;
  std::uint64_t most_of_phase = 0;
  std::optional<stats::Evidence> sample;
};
using Table = std::map<std::tuple<std::size_t, Cause, std::string>, Open>;

void Add(Table& table, std::size_t endpoint, const stats::FailureKey& key,
         const stats::FailureStats& from, const Part& part) {
  Open& open = table[{endpoint, part.cause, key.message}];
  Row& row = open.row;
  if (row.count == 0) {
    row = {.endpoint = endpoint,
           .cause = part.cause,
           .message = key.message,
           .first = from.first,
           .last = from.last};
  }
  row.first = std::min(row.first, from.first);
  row.last = std::max(row.last, from.last);
  row.count += part.count;
  if (part.count > open.most_of_phase) {
    open.most_of_phase = part.count;
    row.phase = key.phase;
  }
  open.idle.Merge(part.idle);
  open.since_send.Merge(part.since_send);
  open.placeless += part.count - part.idle.count() - part.since_send.count();
  // Samples are of the whole row: one of a part without a time is on a new connection.
  for (const stats::Evidence& sample : from.samples) {
    if (!open.sample && (!stats::IsBrokenOff(key.kind) || !sample.reused)) open.sample = sample;
  }
}

std::string SaysOf(const Habits& habits, Cause cause) {
  std::string out(Says(cause));
  if (cause == Cause::kKeepAliveRace && habits.keep_alive) {
    out += absl::StrFormat(" (it keeps them for %s)", HumanDuration(habits.keep_alive->at));
  } else if (cause == Cause::kKilledInFlight && habits.kill) {
    out += absl::StrFormat(" (after %s)", HumanDuration(habits.kill->at));
  }
  return out;
}

std::vector<Limit> LimitsOf(const Habits& habits) {
  std::vector<Limit> out;
  const auto& keep = habits.keep_alive;
  const auto& kill = habits.kill;
  if (keep && kill) {
    const Duration apart = keep->at > kill->at ? keep->at - kill->at : kill->at - keep->at;
    if (apart <= std::max(keep->width, kill->width)) {
      out.push_back({"load_balancer_idle_timeout_s", Seconds(keep->at),
                     habits.keep_alive_evidence + kill->count,
                     absl::StrFormat("connections are cut after %s without a byte, with a request "
                                     "on them or not, as load balancers do",
                                     HumanDuration(keep->at))});
      return out;
    }
  }
  if (keep) {
    out.push_back(
        {"keepalive_timeout_s", Seconds(keep->at), habits.keep_alive_evidence,
         absl::StrFormat("the server closes idle connections after %s", HumanDuration(keep->at))});
  }
  if (kill) {
    out.push_back(
        {"socket_timeout_s", Seconds(kill->at), kill->count,
         absl::StrFormat("the server gives requests up after %s", HumanDuration(kill->at))});
  }
  return out;
}

}  // namespace

Findings Explain(const results::Results& results) {
  const Habits habits = HabitsOf(results);
  std::map<const results::Episode*, std::optional<Cluster>> in_step;
  for (const results::Episode& episode : results.connections().episodes) {
    in_step[&episode] = InStep(habits, episode);
  }
  Table table;
  ForEachRow(
      results.connections(), [&](std::size_t endpoint, const stats::FailureKey& key,
                                 const stats::FailureStats& row, const results::Episode* episode) {
        Cause cause = CauseOf(key.kind);
        if (cause == Cause::kConnectTimeout && habits.answered) cause = Cause::kAcceptOverflow;
        if (episode != nullptr && (stats::IsBreak(key.kind) || CameBack(results, *episode))) {
          cause = Cause::kServerRestart;
        }
        if (!stats::IsBrokenOff(key.kind)) {
          return Add(table, endpoint, key, row, {cause, row.count});
        }
        const bool untouched = episode == nullptr && key.phase == Phase::kSend;
        for (const Part& part : Divide(habits, episode != nullptr ? in_step[episode] : std::nullopt,
                                       cause, untouched ? Cause::kAcceptOverflow : cause, row)) {
          Add(table, endpoint, key, row, part);
        }
      });
  Findings findings;
  for (auto& [key, open] : table) {
    open.row.says = SaysOf(habits, open.row.cause);
    open.row.evidence = EvidenceOf(open.idle, open.since_send, open.placeless, open.sample);
    findings.rows.push_back(std::move(open.row));
  }
  std::stable_sort(findings.rows.begin(), findings.rows.end(),
                   [](const Row& a, const Row& b) { return a.count > b.count; });
  findings.limits = LimitsOf(habits);
  return findings;
}

}  // namespace sfp::forensics
