#include "varve/catalog/sqlite.h"

#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/base/file_system.h"

#include "support/errors.h"
#include "support/temp_directory.h"

namespace varve::catalog {
namespace {

using testing::expect_error;
using namespace std::string_literals;

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() { database_.execute("PRAGMA journal_mode=WAL; CREATE TABLE t (x, y UNIQUE)"); }

  int64_t value_of(const std::string& pragma) {
    Query row = database_.query(*texts_.insert("PRAGMA " + pragma).first);
    return row.next() ? row.integer(0) : -1;
  }
  int64_t rows() {
    Query count = database_.query("SELECT count(*) FROM t");
    count.next();
    return count.integer(0);
  }
  void fails(ErrorKind kind, std::string_view part, const std::string& statement) {
    expect_error(kind, part, [&] { database_.execute(statement); });
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "a.sqlite";
  std::unique_ptr<base::FileSystem> files_ = base::make_system_file_system();
  std::set<std::string> texts_;
  Database database_{*files_, path_, {.access = Access::kCreate}};
};

TEST_F(DatabaseTest, IsDurableAndChecked) {
  EXPECT_EQ(value_of("synchronous"), 2);
  EXPECT_EQ(value_of("foreign_keys"), 1);
  EXPECT_EQ(value_of("cell_size_check"), 1);
  EXPECT_EQ(value_of("trusted_schema"), 0);
  EXPECT_EQ(value_of("mmap_size"), 0);
  EXPECT_EQ(value_of("wal_autocheckpoint"), 0);
}

TEST_F(DatabaseTest, BindsAndReadsValues) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  database_.query("INSERT INTO t VALUES (?1, ?2)", least, "a\0\xE2\x82\xAC"s).run();
  Query row = database_.query("SELECT x, y FROM t");
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.integer(0), least);
  EXPECT_EQ(row.text(1), "a\0\xE2\x82\xAC"s);
  EXPECT_FALSE(row.next());
}

TEST_F(DatabaseTest, KeepsEveryDigitOfANumber) {
  database_.query("INSERT INTO t VALUES (?1, ?2)", 0.1234567890123, std::optional<double>()).run();
  Query row = database_.query("SELECT x, y FROM t");
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.real(0), 0.1234567890123);
  EXPECT_TRUE(row.is_null(1));
}

TEST_F(DatabaseTest, TellsNullFromEmpty) {
  database_.query("INSERT INTO t VALUES (?1, ?2)", std::optional<int64_t>(), std::string_view()).run();
  Query row = database_.query("SELECT x, y FROM t");
  ASSERT_TRUE(row.next());
  EXPECT_TRUE(row.is_null(0));
  EXPECT_FALSE(row.is_null(1));
  EXPECT_EQ(row.integer(0), 0);
  EXPECT_EQ(row.text(1), "");
}

TEST_F(DatabaseTest, StatementsAreUsedAgainWithoutTheirOldValues) {
  for (const std::optional<int64_t> value : {std::optional<int64_t>(7), std::optional<int64_t>()}) {
    database_.query("INSERT INTO t (x) VALUES (?1)", value).run();
  }
  Query row = database_.query("SELECT count(x), count(*) FROM t");
  row.next();
  EXPECT_EQ(row.integer(0), 1);
  EXPECT_EQ(row.integer(1), 2);
}

TEST_F(DatabaseTest, CountsChanges) {
  database_.execute("INSERT INTO t (x) VALUES (1), (2)");
  EXPECT_EQ(database_.last_row_id(), 2);
  database_.query("UPDATE t SET x = 3").run();
  EXPECT_EQ(database_.changes(), 2);
  EXPECT_GT(database_.log_frames(), 0);
}

TEST_F(DatabaseTest, AnUncommittedTransactionIsUndone) {
  {
    const Transaction transaction(database_, Transaction::Mode::kWrite, "test");
    database_.execute("INSERT INTO t (x) VALUES (1)");
  }
  EXPECT_EQ(rows(), 0);
  Transaction transaction(database_, Transaction::Mode::kWrite, "test");
  database_.execute("INSERT INTO t (x) VALUES (1)");
  transaction.commit();
  EXPECT_EQ(rows(), 1);
}

TEST_F(DatabaseTest, SyncingIsRelaxedOnlyForAWhile) {
  {
    const RelaxedSync relaxed(database_);
    EXPECT_EQ(value_of("synchronous"), 1);
  }
  EXPECT_EQ(value_of("synchronous"), 2);
}

TEST_F(DatabaseTest, ErrorsSayWhatWasDoneWhere) {
  database_.set_task("count sheep");
  fails(ErrorKind::kCorruption, "cannot count sheep in catalog " + path_ + ": no such table: u", "SELECT * FROM u");
}

TEST_F(DatabaseTest, ErrorsHaveTheRightKind) {
  database_.execute("INSERT INTO t VALUES (1, 1)");
  fails(ErrorKind::kAlreadyExists, "UNIQUE", "INSERT INTO t VALUES (2, 1)");
  fails(ErrorKind::kInvalidArgument, "too big", "INSERT INTO t VALUES (zeroblob(2000000000), 2)");
  Database query(*files_, path_, {.access = Access::kQuery});
  expect_error(ErrorKind::kReadOnly, path_, [&] { query.execute("DELETE FROM t"); });
  Database busy(*files_, path_, {.busy_timeout = Duration::milliseconds(1)});
  const Transaction held(database_, Transaction::Mode::kWrite, "hold");
  expect_error(ErrorKind::kTimeout, "longer than 1ms", [&] { busy.execute("DELETE FROM t"); });
}

TEST_F(DatabaseTest, AFileThatIsNotThereIsNotMade) {
  for (const Access access : {Access::kReadWrite, Access::kQuery, Access::kReadOnly, Access::kImmutable}) {
    expect_error(ErrorKind::kIo, "No such file", [&] { Database(*files_, directory_ / "b", {.access = access}); });
  }
  EXPECT_FALSE(files_->exists(directory_ / "b"));
}

TEST_F(DatabaseTest, ClosingTwiceIsFine) {
  database_.close();
  EXPECT_NO_THROW(database_.close());
}

}  // namespace
}  // namespace varve::catalog
