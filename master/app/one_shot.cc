#include "master/app/one_shot.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "master/app/local_workers.h"
#include "sfp/v1/control.pb.h"

namespace sfp::app {
namespace {

class Pipe {
 public:
  Pipe() { made_ = pipe2(ends_, O_CLOEXEC) == 0; }
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool made() const { return made_; }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void CloseReader() { Close(ends_[0]); }
  void CloseWriter() { Close(ends_[1]); }

 private:
  static void Close(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  int ends_[2] = {-1, -1};
  bool made_ = false;
};

bool WriteAll(int to, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = write(to, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  return true;
}

// The first record of the buffer, taken out of it; false if it is not all there yet.
bool TakeRecord(std::string& buffer, v1::Trace& record) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(buffer.data()),
                                            static_cast<int>(buffer.size()));
  std::uint32_t size = 0;
  if (!in.ReadVarint32(&size)) return false;
  const auto begin = static_cast<std::size_t>(in.CurrentPosition());
  if (buffer.size() - begin < size) return false;
  record.ParseFromArray(buffer.data() + begin, static_cast<int>(size));
  buffer.erase(0, begin + size);
  return true;
}

// Until the last record, the child's end or an interruption.
Status ReadRecords(int from, const std::function<bool()>& interrupted,
                   const std::function<void(const v1::Trace&)>& told) {
  std::string buffer;
  char block[65536];
  for (;;) {
    if (interrupted()) return absl::CancelledError("interrupted");
    const ssize_t n = read(from, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Unavailable("the worker broke off");
    buffer.append(block, static_cast<std::size_t>(n));
    for (v1::Trace record; TakeRecord(buffer, record); record.Clear()) {
      if (record.kind_case() == v1::Trace::kError) return Unavailable(record.error());
      if (record.kind_case() == v1::Trace::kDone) return Ok();
      told(record);
    }
  }
}

}  // namespace

Status DoOnce(const v1::Scenario& scenario, std::uint64_t seed,
              const std::function<bool()>& interrupted,
              const std::function<void(const v1::Trace&)>& told) {
  signal(SIGPIPE, SIG_IGN);
  v1::Prepare prepare;
  *prepare.mutable_scenario() = scenario;
  prepare.set_seed(seed);
  prepare.set_stop_timeout_ns(1'000'000'000);
  Pipe in, out;
  if (!in.made() || !out.made()) return Unavailable(std::string("pipe: ") + strerror(errno));
  const auto child =
      StartWorkerProcess({"--once", "--log-level", "warn"}, "", in.reader(), out.writer());
  if (!child.ok()) return child.status();
  in.CloseReader();
  out.CloseWriter();
  WriteAll(in.writer(), prepare.SerializeAsString());
  in.CloseWriter();
  Status status = ReadRecords(out.reader(), interrupted, told);
  if (!status.ok()) kill(*child, SIGTERM);
  int how = 0;
  while (waitpid(*child, &how, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(how) && WEXITSTATUS(how) == 127) {
    return Unavailable("there is no sfp-worker beside this program or in PATH");
  }
  return status;
}

}  // namespace sfp::app
