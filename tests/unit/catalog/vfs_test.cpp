#include "varve/catalog/vfs.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/catalog/sqlite.h"

#include "support/errors.h"
#include "support/faulty_file_system.h"
#include "support/temp_directory.h"

namespace varve::catalog {
namespace {

using base::FileOperation;
using ::testing::Contains;
using ::testing::Each;
using testing::FaultKind;
using ::testing::Not;
using testing::Stopped;
using testing::TracedCall;

class VfsTest : public ::testing::Test {
 protected:
  // Makes a database in write-ahead mode with one table.
  VfsTest() {
    Database(files_, path_, {.access = Access::kCreate}).execute("PRAGMA journal_mode=WAL; CREATE TABLE t (x)");
    files_.heal();
  }

  bool has_row(Database& database) { return database.query("SELECT x FROM t").next(); }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "a.sqlite";
  std::unique_ptr<base::FileSystem> disk_ = base::make_system_file_system();
  testing::FaultyFileSystem files_{*disk_};
};

TEST_F(VfsTest, HasANameOfItsOwn) {
  const Vfs one(files_, false);
  const Vfs other(files_, false);
  EXPECT_STRNE(one.name(), other.name());
}

TEST_F(VfsTest, AnnouncesEveryChange) {
  {
    Database database(files_, path_, {});
    database.execute("INSERT INTO t VALUES (1)");
  }
  const std::vector<TracedCall> trace = files_.trace();
  for (const TracedCall& call : {TracedCall{FileOperation::kOpen, path_},             //
                                 TracedCall{FileOperation::kOpen, path_ + "-wal"},    //
                                 TracedCall{FileOperation::kOpen, path_ + "-shm"},    //
                                 TracedCall{FileOperation::kWrite, path_ + "-wal"},   //
                                 TracedCall{FileOperation::kSync, path_ + "-wal"},    //
                                 TracedCall{FileOperation::kWrite, path_},            // merging at the end
                                 TracedCall{FileOperation::kSync, path_},             //
                                 TracedCall{FileOperation::kUnlink, path_ + "-wal"},  //
                                 TracedCall{FileOperation::kUnlink, path_ + "-shm"}}) {
    EXPECT_THAT(trace, Contains(call)) << to_string(call.operation) << " " << call.path;
  }
  EXPECT_EQ(files_.list(directory_.path()).size(), 1U);
}

TEST_F(VfsTest, TheLogIsSyncedAfterItsLastWrite) {
  Database database(files_, path_, {});
  database.execute("INSERT INTO t VALUES (1)");
  EXPECT_EQ(files_.trace().back(), (TracedCall{FileOperation::kSync, path_ + "-wal"}));
}

TEST_F(VfsTest, WhatIsThrownBelowComesOutAbove) {
  Database database(files_, path_, {});
  files_.set_fault({.kind = FaultKind::kFailOnce, .call = 1, .error_number = EDQUOT});
  testing::expect_error(ErrorKind::kIo, "quota", [&] { database.execute("INSERT INTO t VALUES (1)"); });
  EXPECT_FALSE(has_row(database));
  EXPECT_NO_THROW(database.execute("INSERT INTO t VALUES (1)"));
}

TEST_F(VfsTest, EvenWhatIsNoErrorOfOurs) {
  std::optional<Database> database;
  database.emplace(files_, path_, Database::Options{});
  files_.set_fault({.kind = FaultKind::kStop});
  EXPECT_THROW(database->execute("INSERT INTO t VALUES (1)"), Stopped);
  EXPECT_THROW(database->close(), Stopped);
}

TEST_F(VfsTest, TellsOfFailedSyncs) {
  Database database(files_, path_, {});
  database.execute("INSERT INTO t VALUES (1)");
  EXPECT_FALSE(database.take_sync_failure());
  files_.heal();
  database.execute("INSERT INTO t VALUES (2)");
  files_.set_fault({.kind = FaultKind::kFailOnce, .call = files_.calls()});
  EXPECT_THROW(database.execute("INSERT INTO t VALUES (3)"), Io);
  EXPECT_TRUE(database.take_sync_failure());
  EXPECT_FALSE(database.take_sync_failure());
}

TEST_F(VfsTest, ForReadingItOpensNothingForWriting) {
  for (const Access access : {Access::kReadOnly, Access::kImmutable}) {
    try {
      Database database(files_, path_, {.access = access});
      has_row(database);
      EXPECT_THROW(database.execute("INSERT INTO t VALUES (1)"), ReadOnly);
    } catch (const Error&) {
      EXPECT_EQ(access, Access::kReadOnly);  // needs a log and shared memory, which are not there
    }
  }
  EXPECT_EQ(files_.calls(), 0U);
  EXPECT_EQ(files_.list(directory_.path()).size(), 1U);
}

// Closing a descriptor of the file drops all POSIX locks that the process has on it.
TEST_F(VfsTest, ReadingTheBytesKeepsTheLocksOfThisProcess) {
  Database database(files_, path_, {});
  const Transaction held(database, Transaction::Mode::kRead, "hold");
  (void)has_row(database);
  const auto locks = [] {  // /proc/locks, where those of all processes are, changes while it is read
    std::multiset<std::string> lines;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        if (line.starts_with("lock:")) lines.insert(line.substr(line.find(": ", 6) + 1));
      }
    }
    return lines;
  };
  const std::multiset<std::string> before = locks();
  EXPECT_GE(before.size(), 2U);
  EXPECT_EQ(read_database_file(path_).size(), files_.status(path_).size);
  EXPECT_EQ(locks(), before);
}

TEST_F(VfsTest, ReadsTheBytesOfNoMissingFile) { EXPECT_THROW((void)read_database_file(path_ + "x"), Io); }

}  // namespace
}  // namespace varve::catalog
