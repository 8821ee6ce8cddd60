#include "master/coordinator/journal_file.h"

#include <gtest/gtest.h>
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
    for (int i = 0; i < records; ++i) ASSERT_TRUE((*journal)->Append(Record(i)).ok());
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

TEST_F(JournalFileTest, PathThatCannotBeIsAnErrorThatNamesIt) {
  const auto journal = JournalFile::Create("/nowhere/at/all/journal.pb");
  EXPECT_EQ(Message(journal.status()), "/nowhere/at/all/journal.pb: No such file or directory");
  EXPECT_FALSE(ReadJournal("/nowhere", [](const auto&) { return Ok(); }).ok());
}

}  // namespace
}  // namespace sfp::coordinator
