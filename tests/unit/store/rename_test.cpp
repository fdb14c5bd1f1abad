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

}  // namespace
}  // namespace varve::testing
