#pragma once

// Program::Compile, step by step: origin, data sources, classes with their tasks, turns. Each step
// goes on after a mistake, so that one compilation finds them all. Private to program.cc.
//
// Thread: confined to one compilation.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/scenario/compiled.h"
#include "common/scenario/request_compiler.h"

namespace sfp::scenario {

class Compiler {
 public:
  explicit Compiler(const v1::Scenario& scenario) : scenario_(scenario) {}
  StatusOr<std::shared_ptr<const Program>> Compile();

 private:
  void Error(std::string_view where, std::string_view what);

  void CompileTarget();
  void CheckAuth(const v1::Auth& auth, std::string_view where);
  // Its token's number in Program::tokens, if it is OAuth2.
  std::optional<std::uint16_t> TokenOf(const v1::Auth& auth, const std::string& endpoint,
                                       std::string_view where);
  void NameTokens();
  void CompileData();
  void CompileSource(const v1::DataSource& from);
  void CompileTable(const v1::DataSource::Table& from, std::string_view where, DataSource& source);
  void CompileRange(const v1::DataSource::Range& from, std::string_view where, DataSource& source);
  void CompileClasses();
  void CompileClass(const v1::UserClass& from);
  void CompileWait(const v1::Wait& from, std::string_view where, UserClass& user_class);
  // `where` names it in errors.
  void CompileTask(const v1::Task& from, const std::string& where, RequestCompiler& requests,
                   Task& task);
  void CompileRequest(const v1::Task& from, std::string_view where, RequestCompiler& requests,
                      Task& task);
  EndpointId EndpointOf(const std::string& name, const std::string& method);
  void CompileTurns();

  Program::Compiled& out() { return *program_->compiled_; }

  const v1::Scenario& scenario_;
  std::shared_ptr<Program> program_{new Program};
  std::map<std::pair<std::string, std::string>, EndpointId> known_;  // by name and method
  std::vector<std::string> token_names_;  // the endpoints of out().tokens
  std::vector<std::string> errors_;
};

}  // namespace sfp::scenario
