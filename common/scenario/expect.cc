#include "common/scenario/expect.h"

#include "common/base/units.h"
#include "common/scenario/draw.h"
#include "common/scenario/task.h"

namespace sfp::scenario {
namespace {

// `text` in quotes, its beginning if it is long, cut between two characters.
std::string Excerpt(std::string_view text) {
  constexpr std::size_t kMost = 40;
  if (text.size() <= kMost) return "'" + std::string(text) + "'";
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return "'" + std::string(text.substr(0, end)) + "…'";
}

// The doublings of `most` that `time` has reached: 1, 2, 4 …
Duration ReachedDoubling(Duration time, Duration most) {
  Duration reached = most;
  while (reached <= time - reached) reached *= 2;
  return reached;
}

}  // namespace

Expect::Expect(std::vector<Range> ranges) : ranges_(std::move(ranges)) {
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    if (i > 0) text_ += i + 1 == ranges_.size() ? " or " : ", ";
    text_ += std::to_string(ranges_[i].first);
    if (ranges_[i].last != ranges_[i].first) text_ += ".." + std::to_string(ranges_[i].last);
  }
}

bool Examiner::Holds(const TextCondition& condition, std::string_view text, const Draw& draw) {
  if (condition.kind == TextCondition::Kind::kMatches) return condition.pattern->Matches(text);
  expected_.clear();
  AppendPlain(expected_, condition.text, draw);
  return condition.kind == TextCondition::Kind::kEquals ? text == expected_
                                                        : text.find(expected_) != text.npos;
}

std::optional<std::string> Examiner::WrongField(const Expect::Part& part, const Reply& reply,
                                                const Draw& draw) {
  std::optional<std::string_view> other;
  std::size_t at = 0;
  while (const auto value = NextField(reply.fields, part.name, at)) {
    if (Holds(part.condition, *value, draw)) return std::nullopt;
    other = value;
  }
  return "header " + part.name + (other ? " " + Excerpt(*other) : " is missing") + ", expected " +
         part.condition.shown;
}

std::optional<std::string> Examiner::WrongValue(const Expect::Part& part, const Draw& draw) {
  bool there = false;
  for (const JsonFinder::Found& found : json_.found()) {
    if (found.pointer != part.pointer) continue;
    there = true;
    const std::string_view value = json_.value(found);
    if (!Holds(part.condition, value, draw)) {
      return part.name + " " + Excerpt(value) + ", expected " + part.condition.shown;
    }
  }
  if (there) return std::nullopt;
  return part.name + " is not there, expected " + part.condition.shown;
}

std::optional<std::string> Examiner::WrongBody(const Expect& expect, const Reply& reply,
                                               const Draw& draw) {
  for (const TextCondition& condition : expect.body) {
    if (!Holds(condition, reply.body, draw)) {
      return "body " + Excerpt(reply.body) + ", expected " + condition.shown;
    }
  }
  for (const Expect::Part& part : expect.json) {
    if (auto wrong = WrongValue(part, draw)) return wrong;
  }
  const std::size_t size = reply.body.size();
  if (expect.least_bytes && size < *expect.least_bytes) {
    return "body of " + std::to_string(size) + " bytes, expected at least " +
           std::to_string(*expect.least_bytes);
  }
  if (expect.most_bytes && size > *expect.most_bytes) {
    return "body of " + std::to_string(size) + " bytes, expected at most " +
           std::to_string(*expect.most_bytes);
  }
  return std::nullopt;
}

std::optional<Wrong> Examiner::Judge(const Step& step, const Reply& reply, const Draw& draw) {
  const Expect& expect = step.expect;
  if (!step.pointers.empty()) json_.Read(reply.body, step.pointers);
  if (!expect.Holds(reply.status)) {
    return Wrong{true, "HTTP " + std::to_string(reply.status) + ", expected " + expect.text()};
  }
  for (const Expect::Part& part : expect.header) {
    if (auto wrong = WrongField(part, reply, draw)) return Wrong{false, *std::move(wrong)};
  }
  if (auto wrong = WrongBody(expect, reply, draw)) return Wrong{false, *std::move(wrong)};
  if (expect.most_time && reply.time > *expect.most_time) {
    return Wrong{false, "time above " +
                            HumanDuration(ReachedDoubling(reply.time, *expect.most_time)) +
                            ", expected at most " + HumanDuration(*expect.most_time)};
  }
  return std::nullopt;
}

}  // namespace sfp::scenario
