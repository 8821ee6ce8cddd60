#pragma once

// Turns the texts of one request into a CompiledRequest: target, headers, body, and the variables
// that they need. Private to Program::Compile.
//
// Every mistake becomes an error with the task's name in front; what a value of a header or of auth
// is never stands in an error, since it may be a secret.
//
// Thread: confined to one compilation.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/scenario/data.h"
#include "common/scenario/origin.h"
#include "common/scenario/task.h"
#include "common/scenario/template.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::scenario {

// Literal text of a path or query: what a URL has no place for is encoded, what would end it or
// change its meaning is an error ("holds a space …").
StatusOr<std::string> EncodeTarget(std::string_view literal);

class RequestCompiler {
 public:
  struct Credentials {
    const v1::Auth& auth;
    std::optional<std::uint16_t> token;  // of Program::tokens
  };
  // All of it has to outlive the compiler. Errors are appended to `errors`.
  RequestCompiler(const v1::Target& target, const Origin& origin, std::span<const DataSource> data,
                  Credentials credentials, std::vector<std::string>& errors);

  // Fills `step.method`, `head`, `idempotent`, `needs` and `request`, and adds to the task's
  // variables. `where` names the request in errors.
  void Compile(const v1::Task& from, std::string_view where, Task& task, Step& step);
  // A text outside a request, values unescaped.
  void CompileText(std::string_view text, std::string_view where, Task& task, Assignment& to);
  // A condition's value.
  void CompileName(std::string_view name, std::string_view where, Task& task, Condition& to);

  // A template that is no part of the request, but is drawn with it. Behind Compile of its step.
  Segments Text(std::string_view text, std::string_view what, Task& task, Step& step);

 private:
  using Pieces = std::vector<TemplatePiece>;
  struct HeaderLine {
    std::string name;
    Pieces value;
    int layer = 0;                         // 0: ours, 1: the target's, 2: the task's
    std::optional<std::uint16_t> token{};  // which follows the value
  };
  // Literals are escaped already, variables are not.
  struct Body {
    Pieces pieces;
    Escape escape = Escape::kNone;
    Pieces type;  // our Content-Type
  };

  void Error(std::string_view what);
  Pieces Parse(std::string_view text, std::string_view what);

  void CompileMethod(const v1::Task& from, Step& step);
  Pieces TargetOf(const v1::Task& from);
  std::string Encode(std::string_view literal, std::string_view what);
  std::vector<HeaderLine> HeadersOf(const v1::Task& from);
  std::vector<HeaderLine> OwnHeaders();
  void AddCredentials(std::vector<HeaderLine>& lines);
  void AddHeader(std::vector<HeaderLine>& lines, const v1::Header& header, int layer);
  Body BodyOf(const v1::Task& from);
  Body FormOf(const v1::Body::Form& from);
  Body MultipartOf(const v1::Body::Multipart& from);

  // The slot of a name or call, which becomes a variable of the task when it first stands there.
  std::uint16_t SlotOf(const TemplatePiece& piece, Task& task, Inputs& inputs);
  std::uint16_t SlotOfName(std::string_view name, Task& task, Inputs& inputs);
  std::uint16_t SlotOfCall(const TemplatePiece& call, Task& task, Inputs& inputs);
  void OrderNeeds(const Task& task, Inputs& inputs) const;
  void Emit(Segments& out, const Pieces& pieces, Escape escape, Task& task, Inputs& inputs);
  void CompileBody(const v1::Task& from, Task& task, Step& step);
  void CompileHeaders(const std::vector<HeaderLine>& lines, Task& task, Step& step);
  static void Assemble(Step& step);

  const v1::Target& target_;
  const Origin& origin_;
  std::span<const DataSource> data_;
  Credentials credentials_;
  std::vector<std::string>& errors_;
  std::string where_;
  std::optional<std::uint16_t> boundary_;  // slot of this request's, between the parts of its body
};

}  // namespace sfp::scenario
