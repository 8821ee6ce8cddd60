#include "master/web/downloads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <map>

namespace sfp::web {
namespace {

constexpr std::size_t kPiece = 128 * 1024;

bool IsName(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

std::string_view TypeOf(std::string_view file) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".json", "application/json"},
      {".html", "text/html; charset=utf-8"},
      {".csv", "text/csv; charset=utf-8"},
      {".md", "text/markdown; charset=utf-8"},
      {".yaml", "text/plain; charset=utf-8"},
      {".hlog", "text/plain; charset=utf-8"},
      {".xml", "application/xml"}};
  for (const auto& [ending, type] : kTypes) {
    if (file.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

}  // namespace

Downloads::~Downloads() {
  for (const Transfer& transfer : transfers_) ::close(transfer.fd);
}

void Downloads::WriteList(report::JsonWriter& w, const std::vector<RunFolder>& runs) {
  w.BeginArray(report::JsonWriter::kInline);
  for (const RunFolder& run : runs) {
    std::map<std::string, std::uint64_t> files;
    std::error_code error;
    for (std::filesystem::directory_iterator at(run.path, error), end; !error && at != end;
         at.increment(error)) {
      std::error_code trouble;
      const std::string name = at->path().filename().string();
      if (!IsName(name) || !std::filesystem::is_regular_file(at->symlink_status(trouble))) continue;
      files[name] = at->file_size(trouble);
    }
    w.BeginObject(report::JsonWriter::kInline);
    w.Key("run").Value(run.id);
    w.Key("files").BeginArray(report::JsonWriter::kInline);
    for (const auto& [name, bytes] : files) {
      w.BeginObject(report::JsonWriter::kInline);
      w.Key("name").Value(name);
      w.Key("bytes").Value(bytes);
      w.EndObject();
    }
    w.EndArray();
    w.EndObject();
  }
  w.EndArray();
}

Status Downloads::Send(const std::vector<RunFolder>& runs, std::string_view run,
                       std::string_view file, std::string_view fields,
                       const net::Responder& responder) {
  const Status none = absl::NotFoundError("there is no such file");
  const auto folder =
      std::find_if(runs.begin(), runs.end(), [&](const RunFolder& r) { return r.id == run; });
  if (folder == runs.end() || !IsName(file)) return none;
  if (transfers_.size() >= kMostAtOnce) {
    return absl::ResourceExhaustedError("too many downloads are under way");
  }
  const std::string path = folder->path + "/" + std::string(file);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return none;
  struct stat info;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return none;
  }
  const bool page = file.ends_with(".html");
  const std::string all = std::string(fields) +
                          "Content-Disposition: " + (page ? "inline" : "attachment") +
                          "; filename=\"" + std::string(file) + "\"\r\n";
  if (!responder.StartStream({.content_type = TypeOf(file), .fields = all})) {
    ::close(fd);
    return Ok();
  }
  transfers_.push_back({responder, fd});
  Pump();
  return Ok();
}

void Downloads::Pump() {
  std::erase_if(transfers_, [](Transfer& transfer) {
    if (Continue(transfer)) return false;
    ::close(transfer.fd);
    return true;
  });
}

bool Downloads::Continue(Transfer& transfer) {
  std::string piece;
  while (transfer.responder.Waiting() == 0) {
    piece.resize(kPiece);
    const ssize_t bytes = ::read(transfer.fd, piece.data(), piece.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) {  // cut off, so that the client knows that something is missing
      transfer.responder.Abort(net::Responder::AbortKind::kReset);
      return false;
    }
    if (bytes == 0) {
      transfer.responder.End();
      return false;
    }
    piece.resize(static_cast<std::size_t>(bytes));
    if (!transfer.responder.Write(piece)) return false;
  }
  return true;
}

}  // namespace sfp::web
