#include "varve/store/tree/file_names.h"

#include <fstream>

#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr const char* kFirstName = "19700101T000000-19700101T000001.parquet";

class FileNamesTest : public StoreTest {
 protected:
  // Both seconds of each key in one commit.
  static void write_all(const store::Store& store, const std::vector<std::string>& keys) {
    store::WriteSession session = store.begin_write(keys);
    for (const std::string& key : keys) {
      store::SeriesWrite write;
      write.key = key;
      write.change = {.rows = to_table({{0, 7}, {1, 8}}), .mode = store::WriteMode::kReplaceSeries};
      write.definition = keyed();
      session.write(write);
    }
    session.commit();
  }
};

TEST_F(FileNamesTest, EachKeyOfACommitCountsOnFromItsOwnVersion) {
  const store::Store store = folder_.open();
  write(store, "twice", {{0, 1}, {1, 1}});
  write(store, "thrice", {{0, 1}, {1, 1}});
  write(store, "thrice", {{0, 2}, {1, 2}});
  write_all(store, {"once", "twice", "thrice"});
  EXPECT_THAT(folder_.visible_files("once"), ElementsAre(kFirstName));
  EXPECT_THAT(folder_.visible_files("twice"), ElementsAre("19700101T000000-19700101T000001-2.parquet"));
  EXPECT_THAT(folder_.visible_files("thrice"), ElementsAre("19700101T000000-19700101T000001-3.parquet"));
}

TEST_F(FileNamesTest, AFileOfSomebodyElseKeepsItsName) {
  const store::Store store = folder_.open();
  std::filesystem::create_directory(folder_.path("k"));
  std::ofstream(folder_.path(std::string("k/") + kFirstName)) << "mine";
  write_all(store, {"k", "other"});
  EXPECT_THAT(folder_.visible_files("k"),
              UnorderedElementsAre(kFirstName, "19700101T000000-19700101T000001-2.parquet"));
  EXPECT_THAT(folder_.visible_files("other"), ElementsAre(kFirstName));
  EXPECT_EQ(std::filesystem::file_size(folder_.path(std::string("k/") + kFirstName)), 4U);
}

TEST_F(FileNamesTest, AnObjectThatIsGoneKeepsItsName) {
  const store::Store store = folder_.open();
  write(store, "k", {{0, 1}, {1, 1}});
  write(store, "k", {{5, 1}});
  write_all(store, {"k"});
  EXPECT_THAT(folder_.visible_files("k"), ElementsAre("19700101T000000-19700101T000001-3.parquet"));
}

// The number of a version may be one that an older version counted up to.
TEST_F(FileNamesTest, ANumberThatAnObjectHadIsNotGivenAgain) {
  constexpr const char* kSecondName = "19700101T000000-19700101T000001-2.parquet";
  const store::Store store = folder_.open();
  std::filesystem::create_directory(folder_.path("k"));
  for (const char* theirs : {kFirstName, kSecondName}) {
    std::ofstream(folder_.path(std::string("k/") + theirs)) << "mine";
  }
  write(store, "k", {{0, 1}, {1, 1}});  // -3
  write(store, "k", {{5, 1}});
  write_all(store, {"k"});
  EXPECT_THAT(folder_.visible_files("k"),
              UnorderedElementsAre(kFirstName, kSecondName, "19700101T000000-19700101T000001-4.parquet"));
}

}  // namespace
}  // namespace varve::testing
