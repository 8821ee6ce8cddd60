#include "master/coordinator/journal_file.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "common/base/check.h"

namespace sfp::coordinator {
namespace {

// A record holds one snapshot at most; a length beyond this is a broken file.
constexpr std::uint32_t kMostRecordBytes = 256U << 20;
constexpr Duration kTryAgain = std::chrono::seconds(1);
constexpr Duration kLastWait = std::chrono::seconds(2);

Status Trouble(const std::string& path, int error) {
  return Unavailable(path + ": " + std::strerror(error));
}

// 0, or the error that left the rest of `bytes` unwritten.
int WriteAll(int fd, std::string_view& bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

struct JournalFile::Writer {
  Writer(int file, std::string name, std::uint64_t good_bytes, std::size_t most)
      : fd(file), path(std::move(name)), most_waiting(most), bytes(good_bytes) {}

  void Run();
  // 0, or the error; then nothing of the batch is in the file, unless half of it is `stuck` there.
  int WriteBatch(const std::string& batch, bool& stuck);

  const int fd;
  const std::string path;
  const std::size_t most_waiting;
  std::uint64_t bytes;  // good ones in the file; the thread's

  std::mutex mutex;
  std::condition_variable changed;
  std::string waiting;  // serialized
  std::uint64_t waiting_records = 0;
  std::size_t writing_bytes = 0;  // taken by the thread
  std::uint64_t safe = 0;
  std::string trouble;
  bool given_up = false;  // a record was refused: nothing may follow
  bool closing = false;
  bool done = false;  // the thread has ended
};

int JournalFile::Writer::WriteBatch(const std::string& batch, bool& stuck) {
  std::string_view rest = batch;
  const int error = WriteAll(fd, rest);
  if (error == 0) {
    bytes += batch.size();
  } else if (rest.size() < batch.size()) {
    stuck = ::ftruncate(fd, static_cast<off_t>(bytes)) != 0;
  }
  return error;
}

void JournalFile::Writer::Run() {
  std::string batch;
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return closing || !waiting.empty(); });
    if (waiting.empty()) break;
    batch.clear();
    std::swap(batch, waiting);
    const std::uint64_t records = std::exchange(waiting_records, 0);
    writing_bytes = batch.size();
    lock.unlock();
    bool stuck = false;
    const int error = WriteBatch(batch, stuck);
    lock.lock();
    writing_bytes = 0;
    if (error == 0) {
      safe += records;
      if (!given_up) trouble.clear();
      changed.notify_all();
      continue;
    }
    waiting.insert(0, batch);
    waiting_records += records;
    if (!given_up) trouble = path + ": " + std::strerror(error);
    given_up = given_up || stuck;
    if (closing || stuck) break;
    changed.wait_for(lock, kTryAgain, [this] { return closing; });
  }
  ::close(fd);  // and with it the lock, before anybody is told that this is over
  done = true;
  changed.notify_all();
}

JournalFile::JournalFile(int fd, std::string path, std::uint64_t bytes, std::size_t most_waiting)
    : writer_(std::make_shared<Writer>(fd, std::move(path), bytes, most_waiting)) {
  std::thread([writer = writer_] { writer->Run(); }).detach();
}

StatusOr<std::unique_ptr<JournalFile>> JournalFile::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return Trouble(path, errno);
  ::flock(fd, LOCK_EX | LOCK_NB);  // a file system without locks is no reason to refuse
  return std::make_unique<JournalFile>(fd, path);
}

StatusOr<std::unique_ptr<JournalFile>> JournalFile::Continue(const std::string& path,
                                                             std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return Trouble(path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(fd);
    return Unavailable(path + ": another master writes it");
  }
  if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    const int error = errno;
    ::close(fd);
    return Trouble(path, error);
  }
  return std::make_unique<JournalFile>(fd, path, bytes);
}

JournalFile::~JournalFile() {
  std::unique_lock lock(writer_->mutex);
  writer_->closing = true;
  writer_->changed.notify_all();
  writer_->changed.wait_for(lock, kLastWait, [this] { return writer_->done; });
}

void JournalFile::Append(const v1::JournalRecord& record) {
  ++appended_;
  const std::lock_guard lock(writer_->mutex);
  if (writer_->given_up) return;
  if (writer_->waiting.size() + writer_->writing_bytes > writer_->most_waiting) {
    writer_->given_up = true;
    const std::string why = writer_->trouble.empty() ? writer_->path : writer_->trouble;
    writer_->trouble = why + ": too much waits to be written";
    return;
  }
  google::protobuf::io::StringOutputStream stream(&writer_->waiting);
  SFP_CHECK(google::protobuf::util::SerializeDelimitedToZeroCopyStream(record, &stream));
  ++writer_->waiting_records;
  writer_->changed.notify_all();
}

std::uint64_t JournalFile::safe() const {
  const std::lock_guard lock(writer_->mutex);
  return writer_->safe;
}

std::string JournalFile::trouble() const {
  const std::lock_guard lock(writer_->mutex);
  return writer_->trouble;
}

bool JournalFile::Flush(Duration limit) {
  std::unique_lock lock(writer_->mutex);
  if (writer_->given_up || !writer_->trouble.empty()) limit = Duration(0);
  return writer_->changed.wait_for(lock, limit, [this] { return writer_->safe == appended_; });
}

StatusOr<JournalEnd> ReadJournal(const std::string& path,
                                 const std::function<Status(const v1::JournalRecord&)>& each) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Trouble(path, errno);
  google::protobuf::io::FileInputStream file(fd);
  file.SetCloseOnDelete(true);
  JournalEnd end;
  std::string bytes;
  for (;;) {
    // One coded stream per record: its limit on the total would end a long journal.
    google::protobuf::io::CodedInputStream in(&file);
    std::uint8_t byte = 0;
    if (!in.ReadRaw(&byte, 1)) {
      if (file.GetErrno() != 0) return Trouble(path, file.GetErrno());
      return end;
    }
    const std::string place = path + ": record " + std::to_string(end.records + 1);
    std::uint64_t length = byte & 0x7f;
    for (int shift = 7; (byte & 0x80) != 0; shift += 7) {
      if (shift > 28) return Invalid(place + " has an impossible length");
      if (!in.ReadRaw(&byte, 1)) {
        end.torn = true;
        return end;
      }
      length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    }
    if (length > kMostRecordBytes) return Invalid(place + " has an impossible length");
    bytes.clear();
    if (!in.ReadString(&bytes, static_cast<int>(length))) {
      if (file.GetErrno() != 0) return Trouble(path, file.GetErrno());
      end.torn = true;
      return end;
    }
    v1::JournalRecord record;
    if (!record.ParseFromString(bytes)) return Invalid(place + " is broken");
    if (Status status = each(record); !status.ok()) return Annotate(status, place);
    ++end.records;
    end.bytes += static_cast<std::uint64_t>(in.CurrentPosition());
  }
}

}  // namespace sfp::coordinator
