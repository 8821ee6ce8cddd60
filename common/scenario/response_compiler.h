#pragma once

// Turns what a step says about its response into its expectations and collect rules. Private to
// Program::Compile.
//
// Thread: confined to one compilation.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/scenario/data.h"
#include "common/scenario/request_compiler.h"
#include "common/scenario/task.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::scenario {

class ResponseCompiler {
 public:
  // All of it has to outlive the compiler. Errors are appended to `errors`.
  ResponseCompiler(std::span<const DataSource> data, RequestCompiler& requests,
                   std::vector<std::string>& errors)
      : data_(data), requests_(requests), errors_(errors) {}

  // Fills `step.expect`, `pointers`, `collect` and what the response has to be kept for, and adds
  // to the task's variables. Behind RequestCompiler::Compile of the same step. `where` names the
  // request in errors.
  void Compile(const v1::Task& from, std::string_view where, Task& task, Step& step);

 private:
  void Error(std::string_view what);
  void CompileExpect(const v1::Expect& from, Task& task, Step& step);
  TextCondition CompileCondition(const v1::TextCondition& from, std::string_view what, Task& task,
                                 Step& step);
  void CompileCollect(const v1::Collect& from, Step& step);
  void CompilePlace(const v1::Collect& from, std::string_view what, Step& step, CollectRule& rule);
  std::uint16_t CompilePointer(std::string_view pointer, std::string_view what, Step& step);

  std::span<const DataSource> data_;
  RequestCompiler& requests_;
  std::vector<std::string>& errors_;
  std::string where_;
};

}  // namespace sfp::scenario
