#include "master/coordinator/journal_file.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace sfp::coordinator {
namespace {

// A record holds one snapshot at most; a length beyond this is a broken file.
constexpr std::uint32_t kMostRecordBytes = 256U << 20;

Status Trouble(const std::string& path, int error) {
  return Unavailable(path + ": " + std::strerror(error));
}

// The whole of it or an error.
int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

StatusOr<std::unique_ptr<JournalFile>> JournalFile::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return Trouble(path, errno);
  return std::unique_ptr<JournalFile>(new JournalFile(fd, path));
}

JournalFile::~JournalFile() { ::close(fd_); }

Status JournalFile::Append(const v1::JournalRecord& record) {
  if (!broken_.ok()) return broken_;
  buffer_.clear();
  google::protobuf::io::StringOutputStream stream(&buffer_);
  if (!google::protobuf::util::SerializeDelimitedToZeroCopyStream(record, &stream)) {
    return broken_ = Invalid(path_ + ": a record that cannot be written");
  }
  if (const int error = WriteAll(fd_, buffer_); error != 0) return broken_ = Trouble(path_, error);
  return Ok();
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
      if (!in.ReadRaw(&byte, 1)) return JournalEnd{end.records, true};
      length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    }
    if (length > kMostRecordBytes) return Invalid(place + " has an impossible length");
    bytes.clear();
    if (!in.ReadString(&bytes, static_cast<int>(length))) {
      if (file.GetErrno() != 0) return Trouble(path, file.GetErrno());
      return JournalEnd{end.records, true};
    }
    v1::JournalRecord record;
    if (!record.ParseFromString(bytes)) return Invalid(place + " is broken");
    if (Status status = each(record); !status.ok()) return Annotate(status, place);
    ++end.records;
  }
}

}  // namespace sfp::coordinator
