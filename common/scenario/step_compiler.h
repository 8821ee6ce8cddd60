#pragma once

// The steps of one task, made flat: choices and repetitions become jumps. Private to
// Program::Compile.
//
//   {if: c, then: A, else: B}   unless c → else; A; go → end; else: B; end:
//   {repeat: n, until: c, …}    repeat n; round: …; again → round, unless c holds
//
// Every mistake becomes an error with the task's name in front, as in request_compiler.h.
//
// Thread: confined to one compilation.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/scenario/data.h"
#include "common/scenario/request_compiler.h"
#include "common/scenario/task.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::scenario {

// The rounds of repetitions within each other, multiplied.
inline constexpr std::uint64_t kMostRounds = 1'000'000;

StatusOr<Wait> CompileWait(const v1::Wait& from);
StatusOr<Expect> CompileStatus(const v1::Expect& from);

class StepCompiler {
 public:
  using Steps = google::protobuf::RepeatedPtrField<v1::Step>;
  // Appends the request to the task's ops and steps.
  using AddRequest = std::function<void(const v1::Task& from, const std::string& where)>;

  // All of it has to outlive the compiler. Errors are appended to `errors`.
  StepCompiler(Task& task, const std::string& where, std::span<const DataSource> data,
               RequestCompiler& requests, std::vector<std::string>& errors, AddRequest request,
               std::function<EndpointId(const std::string& name)> group);

  void Compile(const Steps& steps);

 private:
  void Error(std::string_view what);
  void AddAll(const Steps& steps);
  void Add(const v1::Step& from);
  void AddThink(const v1::Wait& from);
  void AddSet(const v1::Step::Set& from);
  void AddChoice(const v1::Step::Choice& from);
  void AddRepeat(const v1::Step::Repeat& from);
  void AddGroup(const v1::Step::Group& from);
  std::uint16_t AddCondition(const v1::Condition& from);

  // The place of the op that it appends, or of the one that comes next.
  std::size_t Emit(Op::Kind kind, std::size_t index = 0);
  std::uint32_t Here() const { return static_cast<std::uint32_t>(task_.ops.size()); }

  Task& task_;
  const std::string& where_;
  std::span<const DataSource> data_;
  RequestCompiler& requests_;
  std::vector<std::string>& errors_;
  const AddRequest add_request_;
  const std::function<EndpointId(const std::string& name)> group_of_;
  std::uint64_t rounds_ = 1;
};

}  // namespace sfp::scenario
