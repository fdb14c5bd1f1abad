#include "support/faulty_file_system.h"

#include <gmock/gmock.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

using base::FileOperation;
using base::OpenMode;
using ::testing::ElementsAre;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class FaultyFileSystemTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(std::string_view name) const { return directory_ / name; }

  std::string read(const std::string& name) {
    const std::vector<std::byte> bytes = base::read_file(*disk_, at(name));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  void write(const std::string& text) {
    base::write_whole_file(files_, at("a"), [&](base::File& file) { file.append(bytes_of(text)); });
  }

  std::vector<FileOperation> operations() {
    std::vector<FileOperation> operations;
    for (const TracedCall& call : files_.trace()) operations.push_back(call.operation);
    return operations;
  }

  TempDirectory directory_;
  std::unique_ptr<base::FileSystem> disk_ = base::make_system_file_system();
  FaultyFileSystem files_{*disk_};
};

TEST_F(FaultyFileSystemTest, TracesCallsThatChangeSomething) {
  write("text");
  EXPECT_THAT(operations(), ElementsAre(FileOperation::kOpen, FileOperation::kWrite, FileOperation::kSync,
                                        FileOperation::kClose, FileOperation::kRename, FileOperation::kSyncDirectory));
  EXPECT_EQ(files_.trace().back(), (TracedCall{FileOperation::kSyncDirectory, directory_.path()}));
}

TEST_F(FaultyFileSystemTest, DoesNotCountCallsThatChangeNothing) {
  write("text");
  files_.heal();
  static_cast<void>(base::read_file(files_, at("a")));
  static_cast<void>(files_.exists(at("a")));
  static_cast<void>(files_.list(directory_.path()));
  static_cast<void>(files_.status(at("a")));
  static_cast<void>(files_.lock(at("l"), {}));
  files_.open(at("a"), OpenMode::kRead)->close();
  EXPECT_EQ(files_.calls(), 0U);
}

TEST_F(FaultyFileSystemTest, CountsEverySortOfChange) {
  files_.make_directory(at("d"));
  const auto file = files_.open(at("d/x"), OpenMode::kReadWrite);
  file->write_at(0, bytes_of("x"));
  file->truncate(0);
  files_.link(at("d/x"), at("y"));
  files_.exchange(at("d/x"), at("y"));
  files_.unlink(at("d/x"));
  files_.remove_directory(at("d"));
  EXPECT_THAT(operations(), ElementsAre(FileOperation::kMakeDirectory, FileOperation::kOpen, FileOperation::kWrite,
                                        FileOperation::kTruncate, FileOperation::kLink, FileOperation::kExchange,
                                        FileOperation::kUnlink, FileOperation::kRemoveDirectory));
}

TEST_F(FaultyFileSystemTest, AnnouncedCallsCountAndFail) {
  files_.set_fault({.call = 2});
  files_.before({FileOperation::kRead, "db"});
  files_.before({FileOperation::kWrite, "db"});
  expect_error(ErrorKind::kIo, "sync db", [&] { files_.before({FileOperation::kSync, "db"}); });
  EXPECT_EQ(files_.calls(), 2U);
}

TEST_F(FaultyFileSystemTest, FailsOnceAtTheCallAsked) {
  files_.set_fault({.call = 1, .error_number = ENOSPC});
  expect_error(ErrorKind::kIo, "No space left on device", [&] { write("text"); });
  EXPECT_TRUE(files_.struck());
  write("text");
  EXPECT_EQ(read("a"), "text");
}

TEST_F(FaultyFileSystemTest, FailsFromTheCallAskedUntilHealed) {
  files_.set_fault({.kind = FaultKind::kFailFrom, .call = 2, .error_number = EROFS});
  files_.make_directory(at("d"));
  for (int i = 0; i < 3; ++i) expect_error(ErrorKind::kReadOnly, "e", [&] { files_.make_directory(at("e")); });
  EXPECT_TRUE(files_.exists(at("d")));
  files_.heal();
  files_.make_directory(at("e"));
}

TEST_F(FaultyFileSystemTest, ShortWriteLeavesHalf) {
  const auto file = files_.open(at("a"), OpenMode::kWriteNew);
  files_.set_fault({.kind = FaultKind::kShortWrite});
  expect_error(ErrorKind::kIo, at("a"), [&] { file->append(bytes_of("12345678")); });
  EXPECT_EQ(read("a"), "1234");
  files_.set_fault({.kind = FaultKind::kStopTorn});
  EXPECT_THROW(file->write_at(0, bytes_of("abcdefgh")), Stopped);
  EXPECT_EQ(read("a"), "abcd");
}

TEST_F(FaultyFileSystemTest, NothingWorksAfterAStop) {
  auto file = files_.open(at("a"), OpenMode::kWriteNew);
  files_.set_fault({.kind = FaultKind::kStop});
  EXPECT_THROW(file->append(bytes_of("x")), Stopped);
  std::byte byte{};
  EXPECT_THROW(file->read_at(0, {&byte, 1}), Stopped);
  EXPECT_THROW(file->sync(), Stopped);
  EXPECT_THROW(file->close(), Stopped);
  EXPECT_THROW(files_.unlink(at("a")), Stopped);
  EXPECT_THROW(static_cast<void>(files_.exists(at("a"))), Stopped);
  EXPECT_THROW(static_cast<void>(files_.lock(at("l"), {})), Stopped);
  EXPECT_THROW(files_.before({FileOperation::kRead, "db"}), Stopped);
  file.reset();
  EXPECT_EQ(read("a"), "");
}

TEST_F(FaultyFileSystemTest, FailedSyncIsFinalForTheFile) {
  const auto file = files_.open(at("a"), OpenMode::kWriteNew);
  files_.set_fault({});
  expect_error(ErrorKind::kIo, "Input/output error", [&] { file->sync(); });
  expect_error(ErrorKind::kIo, "given up", [&] { file->sync(); });
  EXPECT_EQ(files_.calls(), 1U);
}

// What write_whole_file promises, at each of its calls and for each way it can end there.
class DurableWriteTest : public FaultyFileSystemTest {
 protected:
  enum class End { kDone, kFailed, kStopped };

  End write_with(const Fault& fault) {
    base::remove_tree(*disk_, directory_.path());
    disk_->make_directory(directory_.path());
    files_.heal();
    write("the old text");
    files_.set_fault(fault);
    try {
      write("the new text, which is longer");
      return End::kDone;
    } catch (const Error&) {
      return End::kFailed;
    } catch (const Stopped&) {
      return End::kStopped;
    }
  }
};

TEST_F(DurableWriteTest, StoppedAnywhereThePathHoldsOldOrNewWhole) {
  for (const FaultKind kind : {FaultKind::kStop, FaultKind::kStopTorn}) {
    bool renamed = false;
    uint64_t call = 1;
    for (; write_with({.kind = kind, .call = call}) == End::kStopped; ++call) {
      renamed = renamed || call > 5;  // the fifth is the rename
      EXPECT_EQ(read("a"), renamed ? "the new text, which is longer" : "the old text") << "stopped at call " << call;
    }
    EXPECT_EQ(call, 7U);
    EXPECT_EQ(read("a"), "the new text, which is longer");
  }
}

TEST_F(DurableWriteTest, FailedAnywhereItSaysSoAndTidiesUp) {
  for (const FaultKind kind : {FaultKind::kFailOnce, FaultKind::kShortWrite}) {
    uint64_t call = 1;
    for (; write_with({.kind = kind, .call = call, .error_number = ENOSPC}) == End::kFailed; ++call) {
      EXPECT_THAT(disk_->list(directory_.path()), ElementsAre("a")) << "failed at call " << call;
      EXPECT_EQ(read("a"), call > 5 ? "the new text, which is longer" : "the old text") << "failed at call " << call;
    }
    EXPECT_EQ(call, 7U);
  }
}

TEST_F(DurableWriteTest, NameIsGivenOnlyToSyncedBytes) {
  write("text");
  const std::vector<FileOperation> order = operations();
  const auto position = [&](FileOperation operation) { return std::find(order.begin(), order.end(), operation); };
  EXPECT_LT(position(FileOperation::kWrite), position(FileOperation::kSync));
  EXPECT_LT(position(FileOperation::kSync), position(FileOperation::kRename));
  EXPECT_LT(position(FileOperation::kRename), position(FileOperation::kSyncDirectory));
}

TEST(RandomTest, StreamsRepeat) {
  EXPECT_EQ(Random().bytes(100), Random().bytes(100));
  Random random;
  EXPECT_NE(random.next(), random.next());
}

}  // namespace
}  // namespace varve::testing
