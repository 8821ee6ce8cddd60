#pragma once

// The pages that listen at /events (server-sent events). Each gets the newest snapshot as soon as
// it is there; one that has not taken its last one yet is left out, so it skips to the newest
// later, and holds at most one. A page that takes nothing for kPatience is dropped: its browser
// connects anew.
//
// Thread: confined to the server's loop.

#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/net/http_server.h"

namespace sfp::web {

class Events {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(30);
  static constexpr std::size_t kMostPages = 500;

  bool full() const { return pages_.size() >= kMostPages; }
  bool empty() const { return pages_.empty(); }
  // Its first event is `snapshot`. `fields` as in net::HttpReply.
  void Add(const net::Responder& page, std::string_view snapshot, std::string_view fields,
           Time now);
  void Publish(std::string_view snapshot, Time now);

 private:
  struct Page {
    net::Responder responder;
    Time taken;  // when it had last taken all
  };
  std::vector<Page> pages_;
};

}  // namespace sfp::web
