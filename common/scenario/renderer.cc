#include "common/scenario/renderer.h"

#include <charconv>

#include "common/scenario/redirect.h"

namespace sfp::scenario {
namespace {

void AppendNumber(std::string& out, std::size_t number) {
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

Renderer::Renderer(std::shared_ptr<const Program> program, std::optional<Duration> utc_offset)
    : program_(std::move(program)), utc_offset_(utc_offset), tokens_(program_->tokens().size()) {}

CookieJar::Context Renderer::ContextOf(std::string_view target, Time now) const {
  CookieJar::Context context{&program_->origin(), PathOf(target), now, std::nullopt};
  if (utc_offset_) context.utc = now.time_since_epoch() + *utc_offset_;
  return context;
}

void Renderer::AppendCookies(const UserSession& session, Time now) {
  if (session.cookies_ == nullptr) return;
  target_.assign(buffer_, target_begin_, buffer_.find(' ', target_begin_) - target_begin_);
  session.cookies_->AppendHeader(buffer_, ContextOf(target_, now));
}

void Renderer::Write(const Segments& segments, const Draw& draw, const UserSession& session,
                     Time now) {
  for (const Segment& segment : segments.list()) {
    switch (segment.kind) {
      case Segment::Kind::kLiteral:
        buffer_ += segment.literal;
        break;
      case Segment::Kind::kValue:
        AppendEscaped(buffer_, draw.value(segment.slot), segment.escape);
        break;
      case Segment::Kind::kCookies:
        AppendCookies(session, now);
        break;
      case Segment::Kind::kLength:
        AppendNumber(buffer_, body_.size());
        break;
      case Segment::Kind::kBody:
        buffer_ += body_;
        break;
      case Segment::Kind::kToken:
        if (tokens_[segment.slot] != nullptr) buffer_ += *tokens_[segment.slot];
        break;
    }
  }
}

void Renderer::WriteBody(const CompiledRequest& request, const Draw& draw) {
  std::string& text = request.gzip ? plain_ : body_;
  text.clear();
  AppendPlain(text, request.body, draw);
  if (request.gzip) gzip_.Compress(plain_, body_);
}

Rendered Renderer::Render(const Step& step, const Draw& draw, UserSession& session, Time now) {
  if (session.redirect_ != nullptr) {
    session.redirect_->target.clear();
    session.redirect_->get = false;
  }
  if (step.request.body_varies) WriteBody(step.request, draw);
  buffer_.clear();
  target_begin_ = step.method.size() + 1;
  Write(step.request.whole, draw, session, now);
  return {buffer_, step.head};
}

std::string_view Renderer::Text(const Segments& text, const Draw& draw) {
  body_.clear();
  AppendPlain(body_, text, draw);
  return body_;
}

// Into target_: the target of the session's last request.
void Renderer::FindTarget(const Step& step, const Draw& draw, const UserSession& session) {
  target_.clear();
  if (session.redirect_ != nullptr && !session.redirect_->target.empty()) {
    target_ = session.redirect_->target;
  } else {
    AppendPlain(target_, step.request.target, draw);
  }
}

StatusOr<Rendered> Renderer::RenderRedirect(const Step& step, const Draw& draw,
                                            UserSession& session, int status,
                                            std::string_view location, Time now) {
  FindTarget(step, draw, session);
  StatusOr<std::string> target = ResolveRedirect(program_->origin(), target_, location);
  if (!target.ok()) return target.status();
  if (session.redirect_ == nullptr) session.redirect_ = std::make_unique<UserSession::Redirect>();
  UserSession::Redirect& redirect = *session.redirect_;
  redirect.target = *std::move(target);
  redirect.get |= (status == 303 && !step.head && step.method != "GET") ||
                  ((status == 301 || status == 302) && step.method == "POST");

  const CompiledRequest& request = step.request;
  buffer_.clear();
  buffer_ += redirect.get ? "GET" : step.method;
  buffer_ += ' ';
  target_begin_ = buffer_.size();
  buffer_ += redirect.target;
  Write(request.headers, draw, session, now);
  if (!redirect.get && request.sends_length) {
    WriteBody(request, draw);
    AppendPlain(buffer_, request.content_type, draw);
    buffer_ += "Content-Length: ";
    AppendNumber(buffer_, body_.size());
    buffer_ += "\r\n\r\n";
    buffer_ += body_;
  } else {
    buffer_ += "\r\n";
  }
  return Rendered{buffer_, step.head};
}

void Renderer::StoreCookies(const Step& step, const Draw& draw, UserSession& session,
                            std::span<const std::string_view> set_cookies, Time now) {
  if (set_cookies.empty() || !program_->target().cookies()) return;
  FindTarget(step, draw, session);
  if (session.cookies_ == nullptr) session.cookies_ = std::make_unique<CookieJar>();
  const CookieJar::Context context = ContextOf(target_, now);
  for (const std::string_view set_cookie : set_cookies) {
    session.cookies_->Store(set_cookie, context);
  }
}

}  // namespace sfp::scenario
