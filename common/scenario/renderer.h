#pragma once

// Writes requests: complete HTTP/1.1 messages in a buffer that is reused, valid until the next
// call. In steady state nothing is allocated (except by RenderRedirect and StoreCookies, which are
// rare).
//
//   auto request = renderer.Render(step, draw, session, now);
//   … exchange …
//   renderer.StoreCookies(step, draw, session, set_cookies, now);       // if there are any
//   while (IsRedirect(status) && redirects++ < step.max_redirects) {
//     auto next = renderer.RenderRedirect(step, draw, session, status, location, now);
//     … an error is the failure text (FailureKind::kRedirects), else exchange again …
//   }
//
// Redirects stay within the target's origin: a worker sends load nowhere else.
//
// One per loop, built by the engine. Thread: confined to its loop.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/scenario/draw.h"
#include "common/scenario/gzip.h"
#include "common/scenario/program.h"
#include "common/scenario/session.h"
#include "common/scenario/task.h"

namespace sfp::scenario {

struct Rendered {
  std::string_view bytes;  // the whole message
  bool head = false;       // its response has no body
};

// 301, 302, 303, 307 or 308.
constexpr bool IsRedirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

class Renderer {
 public:
  // `utc_offset` + (a Time since its epoch) is UTC since 1970; without it no cookie expires by
  // date.
  explicit Renderer(std::shared_ptr<const Program> program,
                    std::optional<Duration> utc_offset = std::nullopt);

  // UTC since 1970, as far as that is known.
  Duration Utc(Time now) const {
    return now.time_since_epoch() + utc_offset_.value_or(Duration(0));
  }

  // The step's own request; forgets where earlier redirects led.
  Rendered Render(const Step& step, const Draw& draw, UserSession& session, Time now);

  // The request that `location` asks for, after the last one rendered for this session. 303 becomes
  // GET (HEAD stays HEAD), so does a POST answered with 301 or 302; otherwise method and body are
  // kept. The error is one sentence.
  StatusOr<Rendered> RenderRedirect(const Step& step, const Draw& draw, UserSession& session,
                                    int status, std::string_view location, Time now);

  // A text outside a request, values unescaped.
  std::string_view Text(const Segments& text, const Draw& draw);

  // Set-Cookie values of the response to the last request of this session; nothing without
  // target.cookies.
  void StoreCookies(const Step& step, const Draw& draw, UserSession& session,
                    std::span<const std::string_view> set_cookies, Time now);

  // The newest token of Program::tokens[slot]; requests rendered from now on carry it.
  void SetToken(std::size_t slot, std::shared_ptr<const std::string> token) {
    tokens_[slot] = std::move(token);
  }

 private:
  // Into body_.
  void WriteBody(const CompiledRequest& request, const Draw& draw);
  void Write(const Segments& segments, const Draw& draw, const UserSession& session, Time now);
  void AppendCookies(const UserSession& session, Time now);
  void FindTarget(const Step& step, const Draw& draw, const UserSession& session);
  CookieJar::Context ContextOf(std::string_view target, Time now) const;

  std::shared_ptr<const Program> program_;
  std::optional<Duration> utc_offset_;
  std::vector<std::shared_ptr<const std::string>> tokens_;  // of Program::tokens
  std::string buffer_;
  std::string body_;
  std::string plain_;  // the body before it is compressed
  Gzip gzip_;
  std::string target_;            // scratch of the rare paths
  std::size_t target_begin_ = 0;  // of the request under way, in buffer_
};

}  // namespace sfp::scenario
