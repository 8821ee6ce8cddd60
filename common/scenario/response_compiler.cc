#include "common/scenario/response_compiler.h"

#include <algorithm>

#include "common/scenario/step_compiler.h"

namespace sfp::scenario {
namespace {

std::string Quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return text.size() <= kMost ? "'" + std::string(text) + "'"
                              : "'" + std::string(text.substr(0, kMost)) + "…'";
}

Expect::Otherwise OtherwiseOf(v1::Expect::Otherwise otherwise) {
  switch (otherwise) {
    case v1::Expect::WARN:
      return Expect::Otherwise::kWarn;
    case v1::Expect::STOP:
      return Expect::Otherwise::kStop;
    default:
      return Expect::Otherwise::kFail;
  }
}

}  // namespace

void ResponseCompiler::Error(std::string_view what) {
  errors_.push_back(where_ + ": " + std::string(what));
}

void ResponseCompiler::Compile(const v1::Task& from, std::string_view where, Task& task,
                               Step& step) {
  where_ = where;
  CompileExpect(from.expect(), task, step);
  for (const v1::Collect& collect : from.collect()) CompileCollect(collect, step);
}

void ResponseCompiler::CompileExpect(const v1::Expect& from, Task& task, Step& step) {
  Expect& expect = step.expect;
  if (auto status = CompileStatus(from); status.ok()) {
    expect = *std::move(status);
  } else {
    Error("expect: " + Message(status.status()));
  }
  for (const v1::TextCondition& condition : from.body()) {
    expect.body.push_back(CompileCondition(condition, "expect body", task, step));
  }
  for (const v1::Expect::Part& part : from.json()) {
    const std::string what = "expect json " + Quoted(part.name());
    const std::uint16_t pointer = CompilePointer(part.name(), what, step);
    expect.json.push_back(
        {part.name(), pointer, CompileCondition(part.condition(), what, task, step)});
  }
  for (const v1::Expect::Part& part : from.header()) {
    const std::string what = "expect header " + Quoted(part.name());
    expect.header.push_back({part.name(), 0, CompileCondition(part.condition(), what, task, step)});
  }
  if (from.has_least_bytes()) expect.least_bytes = from.least_bytes();
  if (from.has_most_bytes()) expect.most_bytes = from.most_bytes();
  if (from.most_ns() < 0) Error("expect: the time is negative");
  if (from.most_ns() > 0) expect.most_time = Duration(from.most_ns());
  expect.otherwise = OtherwiseOf(from.otherwise());
  step.needs_fields |= !expect.header.empty();
  step.needs_body |= !expect.body.empty() || !expect.json.empty() || from.has_least_bytes() ||
                     from.has_most_bytes();
}

TextCondition ResponseCompiler::CompileCondition(const v1::TextCondition& from,
                                                 std::string_view what, Task& task, Step& step) {
  TextCondition condition;
  switch (from.kind_case()) {
    case v1::TextCondition::kContains:
      condition.kind = TextCondition::Kind::kContains;
      condition.text = requests_.Text(from.contains(), what, task, step);
      condition.shown = "to contain " + Quoted(from.contains());
      break;
    case v1::TextCondition::kMatches: {
      condition.kind = TextCondition::Kind::kMatches;
      condition.shown = "to match " + Quoted(from.matches());
      auto pattern = Pattern::Compile(from.matches());
      if (pattern.ok()) {
        condition.pattern = *std::move(pattern);
      } else {
        Error(std::string(what) + ": " + Message(pattern.status()));
      }
      break;
    }
    default:
      condition.text = requests_.Text(from.equals(), what, task, step);
      condition.shown = Quoted(from.equals());
  }
  return condition;
}

std::uint16_t ResponseCompiler::CompilePointer(std::string_view text, std::string_view what,
                                               Step& step) {
  auto pointer = ParsePointer(text);
  if (!pointer.ok()) {
    Error(std::string(what) + ": " + Message(pointer.status()));
    return 0;
  }
  step.pointers.push_back(*std::move(pointer));
  return static_cast<std::uint16_t>(step.pointers.size() - 1);
}

void ResponseCompiler::CompilePlace(const v1::Collect& from, std::string_view what, Step& step,
                                    CollectRule& rule) {
  using From = CollectRule::From;
  if (from.status()) {
    rule.from = From::kStatus;
  } else if (from.body()) {
    rule.from = From::kBody;
    step.needs_body = true;
  } else if (!from.header().empty()) {
    rule.from = From::kHeader;
    rule.name = from.header();
    step.needs_fields = true;
  } else if (!from.cookie().empty()) {
    rule.from = From::kCookie;
    rule.name = from.cookie();
    step.needs_headers = true;
  } else if (!from.regex().empty()) {
    rule.from = From::kRegex;
    step.needs_body = true;
    auto pattern = Pattern::Compile(from.regex());
    if (pattern.ok()) {
      rule.pattern = *std::move(pattern);
    } else {
      Error(std::string(what) + ": " + Message(pattern.status()));
    }
  } else {
    rule.pointer = CompilePointer(from.json(), what, step);
    step.needs_body = true;
  }
}

void ResponseCompiler::CompileCollect(const v1::Collect& from, Step& step) {
  const std::string what = "collect " + Quoted(from.into());
  CollectRule rule;
  const auto source = std::find_if(data_.begin(), data_.end(), [&](const DataSource& candidate) {
    return candidate.name == from.into();
  });
  if (source == data_.end() || source->kind != DataSource::Kind::kCollected) {
    Error(what + ": there is no collected data source of this name");
  }
  rule.into = static_cast<SourceId>(source - data_.begin());
  CompilePlace(from, what, step, rule);
  if (!from.match().empty()) {
    if (auto match = Matcher::Compile(from.match()); match.ok()) {
      rule.match = *std::move(match);
    } else {
      Error(what + ": " + Message(match.status()));
    }
  }
  if (from.pick() == v1::PICK_UNIQUE) {
    Error(what + ": pick is random (one value) or sequential (all)");
  }
  rule.take_all = from.pick() == v1::PICK_SEQUENTIAL;
  step.collect.push_back(std::move(rule));
}

}  // namespace sfp::scenario
