#include "master/web/events.h"

namespace sfp::web {
namespace {

// One JSON on one line.
std::string Event(std::string_view json) {
  while (json.ends_with('\n')) json.remove_suffix(1);
  return std::string("data: ").append(json).append("\n\n");
}

}  // namespace

void Events::Add(const net::Responder& page, std::string_view snapshot, std::string_view fields,
                 Time now) {
  const std::string first = "retry: 1000\n" + Event(snapshot);
  if (page.StartStream({.content_type = "text/event-stream", .body = first, .fields = fields})) {
    pages_.push_back({page, now});
  }
}

void Events::Publish(std::string_view snapshot, Time now) {
  const std::string event = Event(snapshot);
  std::erase_if(pages_, [&](Page& page) {
    if (page.responder.Waiting() == 0) {
      page.taken = now;
      return !page.responder.Write(event);
    }
    if (now - page.taken < kPatience) return false;
    page.responder.Abort(net::Responder::AbortKind::kReset);
    return true;
  });
}

}  // namespace sfp::web
