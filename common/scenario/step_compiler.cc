#include "common/scenario/step_compiler.h"

#include <algorithm>
#include <utility>

namespace sfp::scenario {
namespace {

constexpr std::size_t kMostOps = 10'000;  // of a task

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

StatusOr<Wait> CompileWait(const v1::Wait& from) {
  const auto wait = [](Wait::Kind kind, std::int64_t a, std::int64_t b = 0) -> StatusOr<Wait> {
    if (a < 0) return Invalid("a wait is negative");
    return Wait(kind, Duration(a), Duration(b));
  };
  switch (from.kind_case()) {
    case v1::Wait::kUniform:
      if (from.uniform().max_ns() < from.uniform().min_ns()) {
        return Invalid("the longest wait is shorter than the shortest");
      }
      return wait(Wait::Kind::kUniform, from.uniform().min_ns(), from.uniform().max_ns());
    case v1::Wait::kConstantNs:
      return wait(Wait::Kind::kConstant, from.constant_ns());
    case v1::Wait::kExponentialNs:
      return wait(Wait::Kind::kExponential, from.exponential_ns());
    case v1::Wait::kPacingNs:
      if (from.pacing_ns() == 0) return Invalid("the pacing is 0");
      return wait(Wait::Kind::kPacing, from.pacing_ns());
    default:
      return Wait();
  }
}

StatusOr<Expect> CompileStatus(const v1::Expect& from) {
  std::vector<Expect::Range> ranges;
  for (const v1::Expect::StatusRange& range : from.status()) {
    if (range.first() < 100 || range.last() > 999 || range.first() > range.last()) {
      return Invalid("a status lies from 100 to 999, the first one of a range not above the last");
    }
    ranges.push_back({static_cast<int>(range.first()), static_cast<int>(range.last())});
  }
  if (ranges.empty()) return Expect();
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return Expect(std::move(ranges));
}

StepCompiler::StepCompiler(Task& task, const std::string& where, std::span<const DataSource> data,
                           RequestCompiler& requests, std::vector<std::string>& errors,
                           AddRequest request,
                           std::function<EndpointId(const std::string& name)> group)
    : task_(task),
      where_(where),
      data_(data),
      requests_(requests),
      errors_(errors),
      add_request_(std::move(request)),
      group_of_(std::move(group)) {}

void StepCompiler::Error(std::string_view what) {
  errors_.push_back(where_ + ": " + std::string(what));
}

void StepCompiler::Compile(const Steps& steps) {
  AddAll(steps);
  if (task_.steps.empty()) Error("none of its steps is a request");
  if (task_.ops.size() > kMostOps) Error("it has more than 10000 steps");
}

std::size_t StepCompiler::Emit(Op::Kind kind, std::size_t index) {
  task_.ops.push_back({kind, static_cast<std::uint16_t>(index)});
  return task_.ops.size() - 1;
}

void StepCompiler::AddAll(const Steps& steps) {
  for (const v1::Step& step : steps) {
    if (task_.ops.size() > kMostOps) return;  // Compile says so
    Add(step);
  }
}

void StepCompiler::Add(const v1::Step& from) {
  switch (from.kind_case()) {
    case v1::Step::kRequest: {
      const std::string& name = from.request().name();
      if (name.empty()) Error("a request has no name");
      return add_request_(from.request(), where_ + ", step " + Quoted(name));
    }
    case v1::Step::kThink:
      return AddThink(from.think());
    case v1::Step::kSet:
      return AddSet(from.set());
    case v1::Step::kChoice:
      return AddChoice(from.choice());
    case v1::Step::kRepeat:
      return AddRepeat(from.repeat());
    case v1::Step::kGroup:
      return AddGroup(from.group());
    default:
      Error("a step is empty");
  }
}

void StepCompiler::AddThink(const v1::Wait& from) {
  const auto wait = CompileWait(from);
  if (!wait.ok()) return Error("think: " + Message(wait.status()));
  if (wait->pacing()) Error("think: there is no pacing between steps");
  Emit(Op::Kind::kThink, task_.thinks.size());
  task_.thinks.push_back(*wait);
}

void StepCompiler::AddSet(const v1::Step::Set& from) {
  for (const v1::Header& value : from.values()) {
    const auto source = std::find_if(data_.begin(), data_.end(), [&](const DataSource& candidate) {
      return candidate.name == value.name();
    });
    if (source == data_.end() || source->scope != DataSource::Scope::kUser) {
      Error("set: there is no collected data source " + Quoted(value.name()) + " of scope user");
      continue;
    }
    Emit(Op::Kind::kSet, task_.sets.size());
    Assignment& set = task_.sets.emplace_back();
    set.into = static_cast<SourceId>(source - data_.begin());
    requests_.CompileText(value.value(), where_ + ", set " + Quoted(value.name()), task_, set);
  }
}

void StepCompiler::AddChoice(const v1::Step::Choice& from) {
  const std::size_t unless = Emit(Op::Kind::kUnless, AddCondition(from.condition()));
  AddAll(from.then());
  if (from.otherwise().empty()) {
    task_.ops[unless].to = Here();
    return;
  }
  const std::size_t go = Emit(Op::Kind::kGo);
  task_.ops[unless].to = Here();
  AddAll(from.otherwise());
  task_.ops[go].to = Here();
}

void StepCompiler::AddRepeat(const v1::Step::Repeat& from) {
  const std::uint64_t around = rounds_;
  rounds_ *= from.times();
  if (from.times() == 0) Error("a repetition has no rounds");
  if (rounds_ > kMostRounds) {
    Error("its repetitions make more than 1000000 rounds");
    rounds_ = 1;
  }
  task_.ops[Emit(Op::Kind::kRepeat)].to = from.times();
  const std::uint32_t round = Here();
  AddAll(from.steps());
  const std::uint16_t until = from.has_until() ? AddCondition(from.until()) : Op::kNone;
  task_.ops[Emit(Op::Kind::kAgain, until)].to = round;
  rounds_ = around;
}

void StepCompiler::AddGroup(const v1::Step::Group& from) {
  if (from.name().empty()) Error("a group has no name");
  Emit(Op::Kind::kEnter, group_of_(from.name()));
  AddAll(from.steps());
  Emit(Op::Kind::kLeave);
}

std::uint16_t StepCompiler::AddCondition(const v1::Condition& from) {
  Condition condition;
  condition.negated = from.negated();
  if (from.has_status()) {
    auto expect = CompileStatus(from.status());
    if (expect.ok()) condition.status = *std::move(expect);
    if (!expect.ok()) Error("a condition: " + Message(expect.status()));
  } else {
    requests_.CompileName(from.name(), where_ + ", a condition", task_, condition);
    if (from.has_is()) condition.is = from.is();
    if (!from.matches().empty()) {
      auto matches = Matcher::Compile(from.matches());
      if (!matches.ok()) Error("a condition: " + Message(matches.status()));
      if (matches.ok()) condition.matches = *std::move(matches);
    }
  }
  task_.conditions.push_back(std::move(condition));
  return static_cast<std::uint16_t>(task_.conditions.size() - 1);
}

}  // namespace sfp::scenario
