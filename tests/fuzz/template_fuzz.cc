// Templates of a path, a header and a body, and the value that is put into them: what the
// configuration's author wrote may be refused; what a value holds (it may come from a response)
// never breaks out of its place.
//
//   first line: the path · second: a header · third: a body (its first byte: its kind,
//   with 0x40 parts, with 0x80 compressed) · the rest:
//   the value

#include <algorithm>
#include <memory>
#include <string>

#include "common/base/check.h"
#include "common/scenario/program.h"
#include "common/scenario/renderer.h"
#include "common/scenario/template.h"
#include "tests/fuzz/input.h"

namespace {

using namespace sfp;
using namespace sfp::scenario;

struct Texts {
  std::string_view path;
  std::string_view header;
  std::string_view body;
  int body_kind = 0;
  bool gzip = false;
};

v1::Scenario ScenarioOf(const Texts& texts, std::string_view value) {
  v1::Scenario scenario;
  scenario.mutable_target()->set_url("http://api.test");
  v1::DataSource& source = *scenario.add_data();
  source.set_name("x");
  source.mutable_values()->add_values(std::string(value));
  v1::UserClass& users = *scenario.add_users();
  users.set_name("u");
  users.set_weight(1);
  v1::Task& task = *users.add_tasks();
  task.set_name("t");
  task.set_weight(1);
  task.set_method("POST");
  task.set_path(std::string(texts.path));
  v1::Header& header = *task.add_headers();
  header.set_name("X-Fuzz");
  header.set_value(std::string(texts.header));
  switch (texts.body_kind) {
    case 0:
      task.mutable_body()->set_text(std::string(texts.body));
      break;
    case 1:
      task.mutable_body()->set_json(std::string(texts.body));
      break;
    case 2: {
      v1::Header& field = *task.mutable_body()->mutable_form()->add_fields();
      field.set_name("f");
      field.set_value(std::string(texts.body));
      break;
    }
    case 4: {
      v1::Body::Multipart& parts = *task.mutable_body()->mutable_multipart();
      parts.add_parts()->set_name("f");
      parts.mutable_parts(0)->set_value(std::string(texts.body));
      break;
    }
    default:
      break;
  }
  task.mutable_body()->set_gzip(texts.gzip);
  if (texts.body_kind == 3) task.clear_body();
  return scenario;
}

// The request, or nothing if the templates are refused.
std::string Render(const Texts& texts, std::string_view value) {
  const auto program = Program::Compile(ScenarioOf(texts, value));
  if (!program.ok()) {
    SFP_CHECK(!Message(program.status()).empty());
    return "";
  }
  const Task& task = (*program)->tasks()[0];
  Pools pools(**program);
  UserSession session(**program, 0, 1);
  Renderer renderer(*program);
  Draw draw;
  Rng rng(1);
  draw.Begin(task);
  SFP_CHECK(draw.Take(**program, task, task.steps[0], session, pools, rng));
  return std::string(renderer.Render(task.steps[0], draw, session, Time()).bytes);
}

std::size_t HeaderSize(const std::string& request) {
  const std::size_t end = request.find("\r\n\r\n");
  SFP_CHECK(end != std::string::npos);
  return end + 4;
}

std::size_t Lines(const std::string& request) {
  return static_cast<std::size_t>(
      std::count(request.begin(), request.begin() + HeaderSize(request), '\n'));
}

void CheckLength(const std::string& request) {
  const std::string name = "\r\nContent-Length: ";
  const std::size_t at = request.find(name);
  if (at == std::string::npos) return;
  const std::size_t length = std::stoul(request.substr(at + name.size()));
  SFP_CHECK(length == request.size() - HeaderSize(request));
}

// Between the one part of a body stand its boundary and the last one, whatever the value.
void CheckBoundary(const std::string& request) {
  const std::string name = "boundary=";
  const std::size_t at = request.find(name);
  const std::string boundary = "--" + request.substr(at + name.size(), 40);
  std::size_t found = 0;
  for (std::size_t i = HeaderSize(request); (i = request.find(boundary, i)) != request.npos; ++i) {
    ++found;
  }
  SFP_CHECK(found == 2);
}

// Names in the pieces and in the calls among them.
std::size_t Names(const std::vector<TemplatePiece>& pieces) {
  std::size_t names = 0;
  for (const TemplatePiece& piece : pieces) {
    names += piece.function != nullptr ? Names(piece.arguments) : piece.variable;
  }
  return names;
}

void CheckTemplate(std::string_view text) {
  SFP_CHECK(EscapeLiterals(text, [](std::string_view part) { return std::string(part); }) == text);
  const auto pieces = ParseTemplate(text);
  if (!pieces.ok()) return;
  const auto variables = FindVariables(text);
  SFP_CHECK(Names(*pieces) == variables.size());
  for (const TemplateVariable& variable : variables) {
    SFP_CHECK(variable.offset + variable.length <= text.size());
    SFP_CHECK(IsTemplateName(variable.name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Texts texts{.path = input.Line(), .header = input.Line()};
  const std::uint8_t kind = input.Byte();
  texts.body_kind = (kind & 0x40) != 0 ? 4 : kind % 4;
  texts.gzip = (kind & 0x80) != 0;
  texts.body = input.Line();
  CheckTemplate(texts.path);
  CheckTemplate(texts.body);
  const std::string harmless = Render(texts, "x");
  if (harmless.empty()) return 0;
  const std::string request = Render(texts, input.Rest());
  SFP_CHECK(!request.empty());
  SFP_CHECK(Lines(request) == Lines(harmless));
  const std::string_view first = std::string_view(request).substr(0, request.find("\r\n"));
  SFP_CHECK(first.starts_with("POST /") && first.ends_with(" HTTP/1.1"));
  SFP_CHECK(std::count(first.begin(), first.end(), ' ') == 2);
  CheckLength(request);
  if (texts.body_kind == 4 && !texts.gzip) CheckBoundary(request);
  return 0;
}
