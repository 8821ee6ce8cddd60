#pragma once

// The files of the runs' directories: their list, and each for the asking. A file is sent piece by
// piece, as the client takes it, so that a journal of gigabytes takes no memory.
//
// A run and a file are names out of a list, never paths: letters, digits, dot, dash and underscore,
// not beginning with a dot; a file must be a plain one, not a link.
//
// Thread: confined to the server's loop.

#include <string>
#include <string_view>
#include <vector>

#include "common/net/http_server.h"
#include "master/report/json_writer.h"
#include "master/web/backend.h"

namespace sfp::web {

class Downloads {
 public:
  static constexpr std::size_t kMostAtOnce = 100;

  Downloads() = default;
  ~Downloads();
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  // [{"run","files":[{"name","bytes"}]}], newest first.
  static void WriteList(report::JsonWriter& w, const std::vector<RunFolder>& runs);

  // Answers with the file, a page to be shown, others to be stored. NotFound if there is no such
  // thing, ResourceExhausted if too many are under way.
  Status Send(const std::vector<RunFolder>& runs, std::string_view run, std::string_view file,
              std::string_view fields, const net::Responder& responder);
  // Sends on what clients have room for.
  void Pump();
  bool empty() const { return transfers_.empty(); }

 private:
  struct Transfer {
    net::Responder responder;
    int fd;
  };
  // False once it is over.
  static bool Continue(Transfer& transfer);

  std::vector<Transfer> transfers_;
};

}  // namespace sfp::web
