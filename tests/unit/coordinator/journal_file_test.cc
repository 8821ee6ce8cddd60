#include "master/coordinator/journal_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sfp::coordinator {
namespace {

class JournalFileTest : public testing::Test {
 protected:
  JournalFileTest() : path_(testing::TempDir() + "/journal_" + std::to_string(::getpid())) {
    std::filesystem::remove(path_);
  }
  ~JournalFileTest() override { std::filesystem::remove(path_); }

  void Write(int records) {
    auto journal = JournalFile::Create(path_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    for (int i = 0; i < records; ++i) (*journal)->Append(Record(i));
    EXPECT_TRUE((*journal)->Flush(std::chrono::seconds(10)));
    EXPECT_EQ((*journal)->safe(), (*journal)->appended());
  }
  static v1::JournalRecord Record(int i) {
    v1::JournalRecord record;
    record.set_t_ns(i);
    record.mutable_lost()->set_reason(std::string(i * 100, 'x'));  // lengths of one and two bytes
    return record;
  }
  StatusOr<JournalEnd> Read(int& read) {
    read = 0;
    return ReadJournal(path_, [&read](const v1::JournalRecord& record) {
      EXPECT_EQ(record.SerializeAsString(), Record(read).SerializeAsString());
      ++read;
      return Ok();
    });
  }

  const std::string path_;
};

TEST_F(JournalFileTest, ReadsWhatWasWritten) {
  Write(5);
  int read = 0;
  const auto end = Read(read);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(read, 5);
  EXPECT_EQ(end->records, 5u);
  EXPECT_FALSE(end->torn);
}

TEST_F(JournalFileTest, EmptyJournalHasNoRecords) {
  Write(0);
  int read = 0;
  const auto end = Read(read);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->records, 0u);
  EXPECT_FALSE(end->torn);
}

TEST_F(JournalFileTest, TornLastRecordIsLeftOutWhereverItIsCut) {
  Write(2);
  const auto two = std::filesystem::file_size(path_);
  std::filesystem::remove(path_);
  Write(3);
  const auto three = std::filesystem::file_size(path_);
  for (auto size = three - 1; size > two; --size) {
    std::filesystem::resize_file(path_, size);
    int read = 0;
    const auto end = Read(read);
    ASSERT_TRUE(end.ok()) << end.status() << " cut at " << size;
    EXPECT_EQ(read, 2);
    EXPECT_TRUE(end->torn);
  }
}

TEST_F(JournalFileTest, BrokenRecordIsAnError) {
  Write(2);
  std::ofstream(path_, std::ios::app) << std::string("\x03\xff\xff\xff", 4);
  int read = 0;
  const auto end = Read(read);
  EXPECT_FALSE(end.ok());
  EXPECT_NE(Message(end.status()).find("record 3 is broken"), std::string::npos) << end.status();
}

TEST_F(JournalFileTest, ImpossibleLengthIsAnError) {
  std::ofstream(path_) << std::string(20, '\xff');
  int read = 0;
  EXPECT_FALSE(Read(read).ok());
}

TEST_F(JournalFileTest, ErrorOfTheReaderEndsTheReading) {
  Write(3);
  int read = 0;
  const auto end = ReadJournal(
      path_, [&read](const v1::JournalRecord&) { return ++read == 2 ? Invalid("no") : Ok(); });
  EXPECT_FALSE(end.ok());
  EXPECT_EQ(read, 2);
}

TEST_F(JournalFileTest, NeverOverwritesAJournal) {
  Write(1);
  EXPECT_FALSE(JournalFile::Create(path_).ok());
}

TEST_F(JournalFileTest, GoesOnBehindTheLastWholeRecord) {
  Write(3);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 7);
  int read = 0;
  const auto torn = Read(read);
  ASSERT_TRUE(torn.ok() && torn->torn);
  {
    auto journal = JournalFile::Continue(path_, torn->bytes);
    ASSERT_TRUE(journal.ok()) << journal.status();
    (*journal)->Append(Record(2));
    (*journal)->Append(Record(3));
  }
  const auto end = Read(read);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(read, 4);
  EXPECT_FALSE(end->torn);
  EXPECT_EQ(end->bytes, std::filesystem::file_size(path_));
}

TEST_F(JournalFileTest, TwoMastersDoNotWriteOneJournal) {
  const auto first = JournalFile::Create(path_);
  ASSERT_TRUE(first.ok());
  const auto second = JournalFile::Continue(path_, 0);
  EXPECT_NE(Message(second.status()).find("another master writes it"), std::string::npos);
}

TEST_F(JournalFileTest, AHangingDiskHoldsNobodyUp) {
  int ends[2];  // a pipe that nobody reads takes 64 KiB and then hangs
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  JournalFile journal(ends[1], "slow");
  journal.Append(Record(1));
  EXPECT_TRUE(journal.Flush(std::chrono::seconds(10)));
  for (int i = 0; i < 20; ++i) journal.Append(Record(100));
  EXPECT_FALSE(journal.Flush(std::chrono::milliseconds(10)));
  EXPECT_LT(journal.safe(), journal.appended());
  EXPECT_EQ(journal.trouble(), "");  // slow, not broken
  std::string read(1 << 20, ' ');
  while (!journal.Flush(std::chrono::milliseconds(10))) {
    ASSERT_GT(::read(ends[0], read.data(), read.size()), 0);
  }
  ::close(ends[0]);
}

TEST_F(JournalFileTest, WhatWaitsIsBoundedAndEndsTheJournal) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  JournalFile journal(ends[1], "slow", 0, 100'000);
  for (int i = 0; i < 30; ++i) journal.Append(Record(100));
  EXPECT_EQ(journal.trouble(), "slow: too much waits to be written");
  std::string read(1 << 20, ' ');
  for (int i = 0; i < 5000 && journal.safe() < 8; ++i) {
    if (::read(ends[0], read.data(), read.size()) <= 0) usleep(1000);
  }
  EXPECT_GE(journal.safe(), 8u);
  journal.Append(Record(1));  // behind a gap: not written
  EXPECT_FALSE(journal.Flush(std::chrono::milliseconds(10)));
  EXPECT_LT(journal.safe(), 30u);
  ::close(ends[0]);
}

TEST_F(JournalFileTest, AFullDiskIsNamedAndTriedAgain) {
  JournalFile journal(open("/dev/full", O_WRONLY | O_CLOEXEC), "/dev/full");
  journal.Append(Record(1));
  for (int i = 0; i < 1000 && journal.trouble().empty(); ++i) usleep(1000);
  EXPECT_EQ(journal.trouble(), "/dev/full: No space left on device");
  EXPECT_FALSE(journal.Flush(std::chrono::seconds(10)));
  EXPECT_EQ(journal.safe(), 0u);
}

TEST_F(JournalFileTest, PathThatCannotBeIsAnErrorThatNamesIt) {
  const auto journal = JournalFile::Create("/nowhere/at/all/journal.pb");
  EXPECT_EQ(Message(journal.status()), "/nowhere/at/all/journal.pb: No such file or directory");
  EXPECT_FALSE(ReadJournal("/nowhere", [](const auto&) { return Ok(); }).ok());
}

}  // namespace
}  // namespace sfp::coordinator
