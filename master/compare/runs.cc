#include "master/compare/runs.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "master/report/build.h"
#include "master/report/json_writer.h"
#include "master/report/table.h"

namespace sfp::compare {
namespace {

constexpr std::uint32_t kMostUnits = 600;
constexpr std::uint32_t kLeastSeconds = 10;

struct Span {
  std::uint32_t begin_s = 0, end_s = 0;
  std::uint32_t length() const { return end_s - begin_s; }
};

// Of a level that a run has twice the longer one.
std::map<Load, Span> SpansOf(const results::Results& results) {
  std::map<Load, Span> out;
  const auto add = [&](const Load& load, const Span& span) {
    Span& kept = out[load];
    if (span.length() > kept.length()) kept = span;
  };
  const auto known = static_cast<std::uint32_t>(results.series().size());
  for (const results::Row& row : results.rows()) {
    const std::uint32_t users = row.rate > 0 ? 0 : row.users;
    add({users, row.rate}, {row.begin_s, std::min(row.end_s.value_or(known), known)});
  }
  if (!out.empty()) return out;
  // The open model has no constant number of users: all but its first seconds.
  if (results.plan().has_arrivals()) return {{Load{}, {std::min(2U, known), known}}};
  Span best, now;
  std::uint32_t best_users = 0, users = 0;
  for (std::uint32_t s = 0; s < known; ++s) {
    const results::SeriesPoint& point = results.series()[s];
    // The second in which users begin belongs to the ramp.
    if (point.users != std::exchange(users, point.users)) now = {s + 1, s + 1};
    now.end_s = std::max(now.begin_s, s + 1);
    if (users > 0 && now.length() > best.length()) best = now, best_users = users;
  }
  return {{Load{best_users, 0}, best}};
}

std::vector<int> Indices(const results::Results& of, const std::vector<std::string>& names) {
  std::vector<int> out(static_cast<std::size_t>(of.run().endpoints_size()), -1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto found =
        std::find(names.begin(), names.end(), of.run().endpoints(static_cast<int>(i)).name());
    if (found != names.end()) out[i] = static_cast<int>(found - names.begin());
  }
  return out;
}

// Fills the tracks of all spans in one pass over the journal; the last track is the aggregate, of
// all endpoints.
StatusOr<std::vector<std::vector<Track>>> TracksOf(const Input& input,
                                                   const std::vector<Span>& spans,
                                                   const std::vector<std::uint32_t>& unit_s,
                                                   const std::vector<std::string>& names) {
  const std::vector<int> index = Indices(*input.results, names);
  std::vector<std::vector<Track>> out(spans.size(), std::vector<Track>(names.size() + 1));
  std::vector<std::vector<stats::Histogram>> open(spans.size(),
                                                  std::vector<stats::Histogram>(names.size() + 1));
  std::vector<std::uint32_t> filled(spans.size(), 0);
  const auto merge = [&](std::size_t span, std::size_t at, const stats::EndpointStats& stats) {
    Unit& unit = out[span][at].back();
    unit.requests += stats.requests();
    unit.failures += stats.failed;
    open[span][at].Merge(stats.response);
  };
  const Status status =
      results::ForEachSecond(input.replay, [&](std::uint32_t second, const results::Parts& parts) {
        const auto& series = input.results->series();
        if (second >= series.size() || series[second].degraded) return Ok();
        for (std::size_t i = 0; i < spans.size(); ++i) {
          if (second < spans[i].begin_s || second >= spans[i].end_s) continue;
          if (filled[i] == 0) {
            for (Track& track : out[i]) track.emplace_back();
          }
          for (const stats::Interval& part : parts) {
            for (std::size_t e = 0; e < part.endpoints.size(); ++e) {
              if (index[e] >= 0) merge(i, static_cast<std::size_t>(index[e]), part.endpoints[e]);
              if (!input.results->apart(e)) merge(i, names.size(), part.endpoints[e]);
            }
          }
          if (++filled[i] < unit_s[i]) continue;
          filled[i] = 0;
          for (std::size_t at = 0; at < out[i].size(); ++at) {
            open[i][at].ForEachBucket([&](std::uint32_t bucket, std::uint64_t count) {
              out[i][at].back().response.push_back({bucket, count});
            });
            open[i][at] = {};
          }
        }
        return Ok();
      });
  if (!status.ok()) return Annotate(status, input.folder);
  for (std::size_t i = 0; i < spans.size(); ++i) {  // a unit that is not whole counts for nothing
    if (filled[i] == 0) continue;
    for (Track& track : out[i]) track.pop_back();
  }
  return out;
}

void NoteRun(const Input& input, const char* which, std::vector<std::string>& notes) {
  const report::Report report = report::Build(*input.results);
  if (report.run.verdict == capacity::Verdict::kValid) return;
  notes.push_back(absl::StrFormat("%s is %s: %s", which,
                                  std::string(capacity::Name(report.run.verdict)),
                                  report.run.reasons.empty() ? "" : report.run.reasons[0]));
}

std::vector<std::string> Common(const Input& a, const Input& b, std::vector<std::string>& notes) {
  std::vector<std::string> out;
  for (const v1::EndpointName& name : a.results->run().endpoints()) {
    const auto& theirs = b.results->run().endpoints();
    const bool both = std::any_of(theirs.begin(), theirs.end(), [&](const v1::EndpointName& other) {
      return other.name() == name.name();
    });
    if (both) {
      out.push_back(name.name());
    } else {
      notes.push_back(name.name() + " is in A only");
    }
  }
  for (const v1::EndpointName& name : b.results->run().endpoints()) {
    if (std::find(out.begin(), out.end(), name.name()) == out.end()) {
      notes.push_back(name.name() + " is in B only");
    }
  }
  return out;
}

const char* Name(Figure figure) {
  static constexpr const char* kNames[] = {"req/s", "p50 ms", "p95 ms", "p99 ms", "failures %"};
  return kNames[static_cast<std::size_t>(figure)];
}

// Rates and ms as they are, shares in percent.
std::string Shown(const Difference& d, const std::optional<double>& value) {
  if (!value) return "-";
  return report::FormatNumber(d.figure == Figure::kFailures ? *value * 100 : *value, 2);
}

std::string Signed(double value) { return absl::StrFormat("%+.1f", 100 * value); }

const char* Word(const Difference& d) {
  if (!d.low) return "cannot tell";
  if (Comparison::Worse(d)) return "WORSE";
  return Comparison::Better(d) ? "better" : "same";
}

std::string Words(const Load& load) {
  if (load.rate > 0) return absl::StrFormat("%.4g arrivals per second", load.rate);
  return load.users > 0 ? absl::StrFormat("%d users", load.users) : "";
}

std::string Where(const Comparison& c, const Difference& d) {
  const std::string load = Words(c.stretches[d.pair].load);
  return c.endpoints[d.endpoint] + (load.empty() ? "" : " at " + load);
}

bool Beyond(const Difference& d) {
  return d.significant() && d.change &&
         (d.figure == Figure::kFailures || std::fabs(*d.change) > Comparison::kTolerance);
}

bool Up(const Difference& d) { return (*d.change > 0) == (d.figure != Figure::kRate); }

}  // namespace

bool Comparison::Worse(const Difference& d) { return Beyond(d) && Up(d); }
bool Comparison::Better(const Difference& d) { return Beyond(d) && !Up(d); }

bool Comparison::regression() const {
  return std::any_of(differences.begin(), differences.end(), Worse);
}

StatusOr<Comparison> CompareRuns(const Input& a, const Input& b) {
  Comparison out;
  NoteRun(a, "A", out.notes);
  NoteRun(b, "B", out.notes);
  if (a.results->run().resolved_config() != b.results->run().resolved_config()) {
    out.notes.push_back("the configurations differ");
  }
  if (a.results->run().sfp_version() != b.results->run().sfp_version()) {
    out.notes.push_back("A was measured by sfp " + a.results->run().sfp_version() + ", B by sfp " +
                        b.results->run().sfp_version());
  }
  out.endpoints = Common(a, b, out.notes);
  std::vector<Span> spans_a, spans_b;
  std::vector<std::uint32_t> unit_s;
  auto theirs = SpansOf(*b.results);
  for (const auto& [load, span] : SpansOf(*a.results)) {
    const auto found = theirs.find(load);
    if (found == theirs.end()) continue;
    const Span& other = found->second;
    const std::uint32_t shorter = std::min(span.length(), other.length());
    if (shorter < kLeastSeconds) {
      const std::string words = Words(load);
      out.notes.push_back(absl::StrFormat("%sonly %d steady seconds, %d are needed",
                                          words.empty() ? "" : words + ": ", shorter,
                                          kLeastSeconds));
      continue;
    }
    spans_a.push_back(span);
    spans_b.push_back(other);
    unit_s.push_back((std::max(span.length(), other.length()) + kMostUnits - 1) / kMostUnits);
    out.stretches.push_back({load, span.begin_s, span.end_s, other.begin_s, other.end_s});
  }
  if (spans_a.empty()) {
    std::string why = "the two runs have no load in common that both held for 10 s";
    for (const std::string& note : out.notes) why += "; " + note;
    return Invalid(why);
  }
  auto tracks_a = TracksOf(a, spans_a, unit_s, out.endpoints);
  if (!tracks_a.ok()) return tracks_a.status();
  auto tracks_b = TracksOf(b, spans_b, unit_s, out.endpoints);
  if (!tracks_b.ok()) return tracks_b.status();
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < unit_s.size(); ++i) {
    if ((*tracks_a)[i].back().empty() || (*tracks_b)[i].back().empty()) {
      return Invalid("a run has no second that is not degraded");
    }
    pairs.push_back(
        {std::move((*tracks_a)[i]), std::move((*tracks_b)[i]), static_cast<double>(unit_s[i])});
  }
  out.endpoints.push_back("Aggregated");
  out.differences = Compare(pairs, 1);
  return out;
}

std::string ToText(const Comparison& c, const Input& a, const Input& b) {
  std::string out = "A  " + a.folder + "  " + a.results->run().target() + "\nB  " + b.folder +
                    "  " + b.results->run().target() + "\n";
  for (std::size_t i = 0; i < c.stretches.size(); ++i) {
    const Stretch& s = c.stretches[i];
    out += absl::StrFormat("\n%sseconds %d to %d of A, %d to %d of B\n",
                           Words(s.load).empty() ? "" : Words(s.load) + ", ", s.a_begin_s,
                           s.a_end_s, s.b_begin_s, s.b_end_s);
    report::Table table({"endpoint", "figure", "A", "B", "change", "95 % interval", ""}, 2);
    for (const Difference& d : c.differences) {
      if (d.pair != i) continue;
      const char* unit = d.figure == Figure::kFailures ? " points" : " %";
      table.Add({c.endpoints[d.endpoint], Name(d.figure), Shown(d, d.a), Shown(d, d.b),
                 d.change ? Signed(*d.change) + unit : "-",
                 d.low ? Signed(*d.low) + " to " + Signed(*d.high) : "-", Word(d)});
    }
    out += table.Text();
  }
  if (!c.notes.empty()) out += "\n";
  for (const std::string& note : c.notes) out += "note: " + note + "\n";
  out +=
      c.regression() ? "\nverdict: B is worse than A\n" : "\nverdict: no significant regression\n";
  for (const Difference& d : c.differences) {
    if (!Comparison::Worse(d) && !Comparison::Better(d)) continue;
    out += absl::StrFormat("  %s of %s: %s %s (%s to %s)\n", Name(d.figure), Where(c, d),
                           Signed(*d.change), d.figure == Figure::kFailures ? "points" : "%",
                           Signed(*d.low), Signed(*d.high));
  }
  return out;
}

std::string ToJson(const Comparison& c, const Input& a, const Input& b) {
  report::JsonWriter w;
  w.BeginObject();
  w.Key("schema").Value("sfp.compare/1");
  w.Key("a").Value(a.folder);
  w.Key("b").Value(b.folder);
  w.Key("regression").Value(c.regression());
  w.Key("notes").BeginArray();
  for (const std::string& note : c.notes) w.Value(note);
  w.EndArray();
  w.Key("differences").BeginArray();
  for (const Difference& d : c.differences) {
    static constexpr const char* kKeys[] = {"rps", "p50_ms", "p95_ms", "p99_ms", "failures"};
    w.BeginObject(report::JsonWriter::kInline);
    w.Key("endpoint").Value(c.endpoints[d.endpoint]);
    const Load& load = c.stretches[d.pair].load;
    w.Key("users").Value(load.users);
    w.Key("rate").Value(load.rate > 0 ? report::Number(load.rate) : std::nullopt);
    w.Key("figure").Value(kKeys[static_cast<std::size_t>(d.figure)]);
    w.Key("a").Value(d.a);
    w.Key("b").Value(d.b);
    w.Key("change").Value(d.change);
    w.Key("low").Value(d.low);
    w.Key("high").Value(d.high);
    w.Key("says").Value(!d.low ? "unknown" : Comparison::Worse(d) ? "worse" : Word(d));
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take();
}

}  // namespace sfp::compare
