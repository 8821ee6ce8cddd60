#include "common/scenario/request_compiler.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/scenario/gzip.h"

namespace sfp::scenario {
namespace {

bool IsTokenCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}
bool IsControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f;
}
bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool Contains(const std::vector<TemplatePiece>& pieces, char c) {
  return std::any_of(pieces.begin(), pieces.end(), [c](const TemplatePiece& piece) {
    return !piece.variable && piece.text.find(c) != std::string::npos;
  });
}

// What no template can hold in its braces.
constexpr std::string_view kBoundary = "(boundary)";

// A name in the quotes of Content-Disposition, as browsers write it.
std::string PartName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out;
}

// 0: drawn at random, 1: unique, 2: sequential.
int DrawOrder(const DataSource& source) {
  if (source.pick == DataSource::Pick::kRandom) return 0;
  return source.pick == DataSource::Pick::kUnique ? 1 : 2;
}

// The source, or the column of one, that a name stands for.
std::optional<Variable> FindVariable(std::span<const DataSource> data, std::string_view name) {
  for (std::size_t id = 0; id < data.size(); ++id) {
    const DataSource& source = data[id];
    const auto source_id = static_cast<SourceId>(id);
    if (source.columns.empty()) {
      if (source.name == name) {
        return Variable{source_id, 0, source.scope == DataSource::Scope::kUser};
      }
      continue;
    }
    if (!name.starts_with(source.name) || name.substr(source.name.size(), 1) != ".") continue;
    const auto column = std::find(source.columns.begin(), source.columns.end(),
                                  name.substr(source.name.size() + 1));
    if (column != source.columns.end()) {
      return Variable{source_id, static_cast<std::uint16_t>(column - source.columns.begin())};
    }
  }
  return std::nullopt;
}

}  // namespace

StatusOr<std::string> EncodeTarget(std::string_view literal) {
  std::string out;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    const char c = literal[i];
    if (c == ' ' || IsControl(c)) {
      return Invalid("holds a space or control character (write %20 for a space)");
    }
    if (c == '#') return Invalid("holds '#', which is never sent (write %23 for the character)");
    if (c == '%' &&
        (i + 2 >= literal.size() || !IsHexDigit(literal[i + 1]) || !IsHexDigit(literal[i + 2]))) {
      return Invalid("holds '%' without two hex digits (write %25 for the character)");
    }
    if (static_cast<unsigned char>(c) >= 0x80 ||
        std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos) {
      AppendPercentEncoded(out, std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out;
}

RequestCompiler::RequestCompiler(const v1::Target& target, const Origin& origin,
                                 std::span<const DataSource> data, Credentials credentials,
                                 std::vector<std::string>& errors)
    : target_(target), origin_(origin), data_(data), credentials_(credentials), errors_(errors) {}

void RequestCompiler::Error(std::string_view what) {
  std::string error = where_ + ": " + std::string(what);
  if (std::find(errors_.begin(), errors_.end(), error) == errors_.end()) {
    errors_.push_back(std::move(error));
  }
}

void RequestCompiler::Compile(const v1::Task& from, std::string_view where, Task& task,
                              Step& step) {
  where_ = where;
  boundary_.reset();
  CompileMethod(from, step);
  Emit(step.request.target, TargetOf(from), Escape::kPercent, task, step);
  CompileHeaders(HeadersOf(from), task, step);
  CompileBody(from, task, step);
  OrderNeeds(task, step);
  Assemble(step);
}

Segments RequestCompiler::Text(std::string_view text, std::string_view what, Task& task,
                               Step& step) {
  Segments out;
  Emit(out, Parse(text, what), Escape::kNone, task, step);
  OrderNeeds(task, step);
  return out;
}

void RequestCompiler::CompileBody(const v1::Task& from, Task& task, Step& step) {
  CompiledRequest& request = step.request;
  const bool has_body = from.body().kind_case() != v1::Body::KIND_NOT_SET;
  request.sends_length =
      has_body || step.method == "POST" || step.method == "PUT" || step.method == "PATCH";
  if (!has_body) return;
  const Body body = BodyOf(from);
  Emit(request.body, body.pieces, body.escape, task, step);
  request.body_varies = !request.body.constant();
  if (request.content_type.list().empty()) {
    request.content_type.Literal("Content-Type: ");
    Emit(request.content_type, body.type, Escape::kHeader, task, step);
    request.content_type.Literal("\r\n");
  } else if (from.body().has_multipart()) {
    Error("header 'Content-Type' is set by sfp, from the parts of the body");
  }
  if (!from.body().gzip()) return;
  request.content_type.Literal("Content-Encoding: gzip\r\n");
  request.gzip = request.body_varies;
  if (!request.gzip) {
    std::string compressed;
    Gzip().Compress(request.body.text(), compressed);
    request.body = Segments();
    request.body.Literal(compressed);
  }
}

RequestCompiler::Pieces RequestCompiler::Parse(std::string_view text, std::string_view what) {
  auto pieces = ParseTemplate(text);
  if (pieces.ok()) return *std::move(pieces);
  Error(std::string(what) + ": " + Message(pieces.status()));
  return {};
}

void RequestCompiler::CompileMethod(const v1::Task& from, Step& step) {
  step.method = from.method();
  if (!IsToken(step.method) || Lower(step.method) == step.method) {
    Error("'" + step.method + "' is not a method such as GET or POST");
  } else if (step.method == "CONNECT") {
    Error("method CONNECT opens a tunnel, which is no request to measure");
  }
  step.head = step.method == "HEAD";
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    step.idempotent |= step.method == method;
  }
}

std::string RequestCompiler::Encode(std::string_view literal, std::string_view what) {
  auto encoded = EncodeTarget(literal);
  if (encoded.ok()) return *std::move(encoded);
  Error(std::string(what) + " " + Message(encoded.status()));
  return "";
}

RequestCompiler::Pieces RequestCompiler::TargetOf(const v1::Task& from) {
  if (!from.path().empty() && from.path()[0] != '/' && from.path()[0] != '?') {
    Error("path has to begin with '/' or '?'");
  }
  Pieces pieces;
  std::string front = EncodeTarget(target_.base_path()).value_or("");
  if (front.empty() && !from.path().starts_with('/')) front = "/";
  pieces.push_back({false, std::move(front)});
  for (TemplatePiece& piece : Parse(from.path(), "path")) {
    if (!piece.variable) piece.text = Encode(piece.text, "path");
    pieces.push_back(std::move(piece));
  }
  char separator = Contains(pieces, '?') ? '&' : '?';
  const std::string& last = pieces.back().text;
  if (!pieces.back().variable && (last.ends_with('?') || last.ends_with('&'))) separator = 0;
  const auto add = [&](const std::string& key, const std::string& value, std::string_view what) {
    std::string name = separator == 0 ? "" : std::string(1, separator);
    separator = '&';
    AppendPercentEncoded(name, key);
    pieces.push_back({false, name + '='});
    for (TemplatePiece& piece : Parse(value, what)) {
      if (!piece.variable) {
        std::string encoded;
        AppendPercentEncoded(encoded, piece.text);
        piece.text = std::move(encoded);
      }
      pieces.push_back(std::move(piece));
    }
  };
  for (const v1::Header& parameter : from.query()) {
    add(parameter.name(), parameter.value(), "query '" + parameter.name() + "'");
  }
  const v1::Auth::ApiKey& key = credentials_.auth.api_key();
  if (key.in_query()) add(key.name(), key.value(), "the API key");
  return pieces;
}

std::vector<RequestCompiler::HeaderLine> RequestCompiler::OwnHeaders() {
  std::vector<HeaderLine> lines;
  const auto add = [&](std::string_view name, std::string value) {
    lines.push_back({std::string(name), {{false, std::move(value)}}, 0});
  };
  add("Host", origin_.authority);
  add("User-Agent", "sfp/" + std::string(Version()));
  add("Accept", "*/*");
  AddCredentials(lines);
  if (target_.decompress()) add("Accept-Encoding", "gzip");
  if (target_.connections().one_request()) add("Connection", "close");
  return lines;
}

void RequestCompiler::AddCredentials(std::vector<HeaderLine>& lines) {
  const v1::Auth& auth = credentials_.auth;
  const auto add = [&](const std::string& name, Pieces value) {
    lines.push_back({name, std::move(value), 0, credentials_.token});
  };
  switch (auth.kind_case()) {
    case v1::Auth::kBasic:
      return add("Authorization",
                 {{false, "Basic " + Base64(auth.basic().user() + ":" + auth.basic().password())}});
    case v1::Auth::kBearer:
      return add("Authorization", Parse("Bearer " + auth.bearer(), "the bearer token"));
    case v1::Auth::kOauth2:
      return add("Authorization", {{false, "Bearer "}});
    case v1::Auth::kApiKey:
      if (!auth.api_key().in_query()) {
        v1::Header header;
        header.set_name(auth.api_key().name());
        header.set_value(auth.api_key().value());
        AddHeader(lines, header, 0);
      }
      return;
    default:
      return;
  }
}

std::vector<RequestCompiler::HeaderLine> RequestCompiler::HeadersOf(const v1::Task& from) {
  std::vector<HeaderLine> lines = OwnHeaders();
  for (const v1::Header& header : target_.headers()) AddHeader(lines, header, 1);
  for (const v1::Header& header : from.headers()) AddHeader(lines, header, 2);
  return lines;
}

// In the place of the same header from a lower layer, else at the end.
void RequestCompiler::AddHeader(std::vector<HeaderLine>& lines, const v1::Header& header,
                                int layer) {
  const std::string lower = Lower(header.name());
  const std::string what = "header '" + header.name() + "'";
  if (!IsToken(header.name())) return Error(what + " is not a header name");
  if (lower == "content-length" || lower == "transfer-encoding") {
    return Error(what + " is set by sfp, from the body");
  }
  HeaderLine line{header.name(), Parse(header.value(), what), layer};
  for (const TemplatePiece& piece : line.value) {
    if (!piece.variable && std::any_of(piece.text.begin(), piece.text.end(),
                                       [](char c) { return IsControl(c) && c != '\t'; })) {
      return Error(what + " holds a control character, such as the end of a line");
    }
  }
  const auto lower_layer = [&](const HeaderLine& l) {
    return l.layer < layer && Lower(l.name) == lower;
  };
  const auto old = std::find_if(lines.begin(), lines.end(), lower_layer);
  if (old == lines.end()) {
    lines.push_back(std::move(line));
    return;
  }
  *old = std::move(line);
  lines.erase(std::remove_if(lines.begin(), lines.end(), lower_layer), lines.end());
}

RequestCompiler::Body RequestCompiler::BodyOf(const v1::Task& from) {
  const v1::Body& body = from.body();
  const auto type = [](const char* name) { return Pieces{{false, name}}; };
  switch (body.kind_case()) {
    case v1::Body::kText:
      return {Parse(body.text(), "body"), Escape::kNone, type("text/plain; charset=utf-8")};
    case v1::Body::kJson:
      return {Parse(body.json(), "json"), Escape::kJson, type("application/json")};
    case v1::Body::kForm:
      return FormOf(body.form());
    case v1::Body::kMultipart:
      return MultipartOf(body.multipart());
    case v1::Body::kRaw:
      return {{{false, body.raw()}}, Escape::kNone, type("application/octet-stream")};
    default:
      return {};
  }
}

void RequestCompiler::CompileText(std::string_view text, std::string_view where, Task& task,
                                  Assignment& to) {
  where_ = where;
  Emit(to.text, Parse(text, "value"), Escape::kNone, task, to);
  OrderNeeds(task, to);
}

RequestCompiler::Body RequestCompiler::FormOf(const v1::Body::Form& from) {
  Body form{{}, Escape::kForm, {{false, "application/x-www-form-urlencoded"}}};
  for (const v1::Header& field : from.fields()) {
    std::string name = form.pieces.empty() ? "" : "&";
    AppendEscaped(name, field.name(), Escape::kForm);
    form.pieces.push_back({false, name + '='});
    for (TemplatePiece& piece : Parse(field.value(), "form '" + field.name() + "'")) {
      if (!piece.variable) {
        std::string encoded;
        AppendEscaped(encoded, piece.text, Escape::kForm);
        piece.text = std::move(encoded);
      }
      form.pieces.push_back(std::move(piece));
    }
  }
  return form;
}

// No value needs an escape: the boundary is drawn anew for each request, so that none can hold it.
RequestCompiler::Body RequestCompiler::MultipartOf(const v1::Body::Multipart& from) {
  TemplatePiece boundary = ParseTemplate("{{random_string(40)}}")->front();
  boundary.text = kBoundary;
  Body body{{}, Escape::kNone, {{false, "multipart/form-data; boundary="}, boundary}};
  const auto literal = [&](std::string text) { body.pieces.push_back({false, std::move(text)}); };
  for (const v1::Body::Multipart::Part& part : from.parts()) {
    const std::string what = "multipart '" + part.name() + "'";
    literal("--");
    body.pieces.push_back(boundary);
    literal("\r\nContent-Disposition: form-data; name=\"" + PartName(part.name()) + "\"");
    if (part.file_name().empty()) {
      literal("\r\n\r\n");
      for (TemplatePiece& piece : Parse(part.value(), what))
        body.pieces.push_back(std::move(piece));
    } else {
      if (std::any_of(part.type().begin(), part.type().end(), IsControl) || part.type().empty()) {
        Error(what + ": '" + part.type() + "' is no media type such as image/png");
      }
      literal("; filename=\"" + PartName(part.file_name()) + "\"\r\nContent-Type: " + part.type() +
              "\r\n\r\n" + part.content());
    }
    literal("\r\n");
  }
  literal("--");
  body.pieces.push_back(boundary);
  literal("--\r\n");
  return body;
}

void RequestCompiler::CompileName(std::string_view name, std::string_view where, Task& task,
                                  Condition& to) {
  where_ = where;
  SlotOfName(name, task, to);
}

std::uint16_t RequestCompiler::SlotOf(const TemplatePiece& piece, Task& task, Inputs& inputs) {
  if (piece.text == kBoundary) {
    if (!boundary_) boundary_ = SlotOfCall(piece, task, inputs);
    return *boundary_;
  }
  return piece.function == nullptr ? SlotOfName(piece.text, task, inputs)
                                   : SlotOfCall(piece, task, inputs);
}

std::uint16_t RequestCompiler::SlotOfName(std::string_view name, Task& task, Inputs& inputs) {
  const auto wanted = FindVariable(data_, name);
  if (!wanted) {
    Error("{{" + std::string(name) + "}} is no data source");
    return 0;
  }
  const auto known =
      std::find_if(task.variables.begin(), task.variables.end(), [&](const Variable& variable) {
        return variable.source == wanted->source && variable.column == wanted->column;
      });
  const auto slot = static_cast<std::uint16_t>(known - task.variables.begin());
  if (known == task.variables.end()) task.variables.push_back(*wanted);
  if (std::find(inputs.needs.begin(), inputs.needs.end(), slot) == inputs.needs.end()) {
    inputs.needs.push_back(slot);
  }
  return slot;
}

std::uint16_t RequestCompiler::SlotOfCall(const TemplatePiece& call, Task& task, Inputs& inputs) {
  FunctionCall compiled = CompileCall(call);
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (call.arguments[i].variable) {
      compiled.arguments[i].slot = SlotOf(call.arguments[i], task, inputs);
    }
  }
  const auto slot = static_cast<std::uint16_t>(task.variables.size());
  task.variables.push_back({Variable::kCall, 0});
  inputs.calls.push_back({slot, std::move(compiled)});
  return slot;
}

void RequestCompiler::OrderNeeds(const Task& task, Inputs& inputs) const {
  const auto order = [&](std::uint16_t slot) {
    return DrawOrder(data_[task.variables[slot].source]);
  };
  std::stable_sort(inputs.needs.begin(), inputs.needs.end(),
                   [&](std::uint16_t a, std::uint16_t b) { return order(a) < order(b); });
}

void RequestCompiler::Emit(Segments& out, const Pieces& pieces, Escape escape, Task& task,
                           Inputs& inputs) {
  for (const TemplatePiece& piece : pieces) {
    if (piece.variable) {
      out.Value(SlotOf(piece, task, inputs), escape);
    } else {
      out.Literal(piece.text);
    }
  }
}

void RequestCompiler::CompileHeaders(const std::vector<HeaderLine>& lines, Task& task, Step& step) {
  CompiledRequest& request = step.request;
  request.headers.Literal(" HTTP/1.1\r\n");
  bool own_cookies = false;
  for (const HeaderLine& line : lines) {
    const std::string name = Lower(line.name);
    Segments& out = name == "content-type" ? request.content_type : request.headers;
    out.Literal(line.name + ": ");
    Emit(out, line.value, Escape::kHeader, task, step);
    if (line.token) {
      out.Special(Segment::Kind::kToken, *line.token);
      step.token = line.token;
    }
    out.Literal("\r\n");
    own_cookies |= name == "cookie";
  }
  if (target_.cookies() && !own_cookies) request.headers.Special(Segment::Kind::kCookies);
}

void RequestCompiler::Assemble(Step& step) {
  CompiledRequest& request = step.request;
  Segments& whole = request.whole;
  whole.Literal(step.method + " ");
  whole.Append(request.target);
  whole.Append(request.headers);
  whole.Append(request.content_type);
  if (request.body_varies) {
    whole.Literal("Content-Length: ");
    whole.Special(Segment::Kind::kLength);
    whole.Literal("\r\n\r\n");
    whole.Special(Segment::Kind::kBody);
    return;
  }
  const std::string body = request.body.text();
  if (request.sends_length) {
    whole.Literal("Content-Length: " + std::to_string(body.size()) + "\r\n");
  }
  whole.Literal("\r\n" + body);
}

}  // namespace sfp::scenario
