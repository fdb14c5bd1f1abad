// A series gets another key.

#include <fstream>

#include "support/errors.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

class RenameTest : public StoreTest {
 protected:
  RenameTest() { append(store_, "old", run_of(0, 5)); }

  [[nodiscard]] int64_t version(const std::string& key) const { return store_.catalog().find_series(key)->version; }
  [[nodiscard]] Timestamp newest_commit() const { return store_.catalog().newest_commit()->time; }
  void make_snapshot(const std::vector<std::string>& keys) { store_.catalog().make_snapshot("then", keys); }

  Store store_ = folder_.open();
};

TEST_F(RenameTest, RowsAndFilesGoToTheNewKey) {
  rename(store_, "old", "a/new");
  EXPECT_EQ(read(store_, "a/new"), run_of(0, 5));
  EXPECT_EQ(folder_.glob("a/new"), run_of(0, 5));
  EXPECT_EQ(folder_.glob("old"), Rows());
  expect_error(ErrorKind::kNotFound, "no series", [&] { read(store_, "old"); });
  EXPECT_EQ(findings(store_), "");
}

TEST_F(RenameTest, EarlierVersionsGoWithIt) {
  append(store_, "old", run_of(5, 5));
  rename(store_, "old", "new");
  EXPECT_EQ(version("new"), 3);
  EXPECT_EQ(read(store_, "new", {.version = 1}), run_of(0, 5));
}

TEST_F(RenameTest, VersionsOfBothKeysCountOn) {
  append(store_, "new", run_of(0, 1));
  for (int64_t round = 0; round < 5; ++round) append(store_, "new", run_of(10 + round, 1));
  remove(store_, "new");
  rename(store_, "old", "new");
  EXPECT_EQ(version("new"), 8);
  append(store_, "old", run_of(0, 1));
  EXPECT_EQ(version("old"), 9);
  EXPECT_EQ(read(store_, "new"), run_of(0, 5));
  EXPECT_EQ(findings(store_), "");
}

TEST_F(RenameTest, AKeyThatIsThereIsRefused) {
  append(store_, "new", run_of(0, 1));
  expect_error(ErrorKind::kAlreadyExists, "new", [&] { rename(store_, "old", "new"); });
  expect_error(ErrorKind::kNotFound, "none", [&] { rename(store_, "none", "other"); });
  EXPECT_EQ(read(store_, "old"), run_of(0, 5));
}

TEST_F(RenameTest, ItsOwnKeyIsRefused) {
  expect_error(ErrorKind::kInvalidArgument, "series \"old\" has that key already",
               [&] { rename(store_, "old", "old"); });
  expect_error(ErrorKind::kNotFound, "no series", [&] { rename(store_, "none", "none"); });
  EXPECT_EQ(version("old"), 1);
}

TEST_F(RenameTest, FilesOfOthersStayWhereTheyAre) {
  std::ofstream(folder_.path("old/notes.txt")) << "mine";
  rename(store_, "old", "new");
  EXPECT_TRUE(std::filesystem::exists(folder_.path("old/notes.txt")));
  EXPECT_EQ(folder_.glob("new"), run_of(0, 5));
}

TEST_F(RenameTest, BackAndForth) {
  rename(store_, "old", "new");
  rename(store_, "new", "old");
  EXPECT_EQ(folder_.glob("old"), run_of(0, 5));
  EXPECT_EQ(folder_.glob("new"), Rows());
  EXPECT_EQ(findings(store_), "");
}

// A key then is that of the series that had it then.
class RenamedPastTest : public RenameTest {
 protected:
  RenamedPastTest() {
    append(store_, "taken", run_of(100, 2));
    make_snapshot({"old", "taken"});
    then_ = newest_commit();
    remove(store_, "taken");
    rename(store_, "old", "taken");
    append(store_, "taken", run_of(5, 1));
  }

  const store::Selection in_snapshot_{.version = std::string("then")};
  Timestamp then_;
};

TEST_F(RenamedPastTest, ASnapshotHasWhatTheKeysHeldWhenItWasMade) {
  EXPECT_EQ(read(store_, "taken", in_snapshot_), run_of(100, 2));
  EXPECT_EQ(read(store_, "old", in_snapshot_), run_of(0, 5));
  EXPECT_EQ(read(store_, "taken"), run_of(0, 6));
}

TEST_F(RenamedPastTest, ASnapshotTellsTheKeysOfWhenItWasMade) {
  const std::vector<catalog::SnapshotVersion> named = store_.catalog().snapshot("then");
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].key, "old");
  EXPECT_EQ(named[1].key, "taken");
}

TEST_F(RenamedPastTest, ATimeHasWhatTheKeysHeldThen) {
  EXPECT_EQ(read(store_, "taken", {.version = then_}), run_of(100, 2));
  EXPECT_EQ(read(store_, "old", {.version = then_}), run_of(0, 5));
  EXPECT_EQ(read(store_, "taken", {.version = newest_commit()}), run_of(0, 6));
  expect_error(ErrorKind::kNotFound, "old", [&] { read(store_, "old", {.version = newest_commit()}); });
}

TEST_F(RenamedPastTest, AVersionIsOfTheSeriesThatHasTheKeyNow) {
  EXPECT_EQ(read(store_, "taken", {.version = 1}), run_of(0, 5));
}

TEST_F(RenamedPastTest, AKeyThatCameBackHasEachOfItsTimes) {
  const Timestamp renamed = newest_commit();
  rename(store_, "taken", "third");
  append(store_, "taken", run_of(200, 1));
  const Timestamp again = newest_commit();
  remove(store_, "taken");
  rename(store_, "third", "taken");
  EXPECT_EQ(read(store_, "taken", {.version = then_}), run_of(100, 2));
  EXPECT_EQ(read(store_, "taken", {.version = renamed}), run_of(0, 6));
  EXPECT_EQ(read(store_, "taken", {.version = again}), run_of(200, 1));
  EXPECT_EQ(read(store_, "third", {.version = again}), run_of(0, 6));
  EXPECT_EQ(read(store_, "taken"), run_of(0, 6));
  EXPECT_EQ(findings(store_), "");
}

TEST_F(RenameTest, AVersionThatIsForgottenIsNotThatOfTheSeriesThatHasTheKeyNow) {
  append(store_, "taken", run_of(100, 2));
  const Timestamp then = newest_commit();
  remove(store_, "taken");
  rename(store_, "old", "taken");
  EXPECT_EQ(read(store_, "taken", {.version = then}), run_of(100, 2));
  folder_.clock().advance(Duration::seconds(1));
  store_.vacuum("", {.all_for = {}, .hourly_for = {}});
  expect_error(ErrorKind::kNotFound, "taken", [&] { read(store_, "taken", {.version = then}); });
  EXPECT_EQ(read(store_, "taken"), run_of(0, 5));
}

TEST_F(RenameTest, WhereNoSeriesHadTheNewKeyThenItsPastIsThatOfTheOldOne) {
  make_snapshot({"old"});
  const Timestamp then = newest_commit();
  rename(store_, "old", "new");
  EXPECT_EQ(read(store_, "new", {.version = then}), run_of(0, 5));
  EXPECT_EQ(read(store_, "new", {.version = std::string("then")}), run_of(0, 5));
}

}  // namespace
}  // namespace varve::testing
