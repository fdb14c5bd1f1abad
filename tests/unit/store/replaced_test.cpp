#include "varve/store/tree/replaced.h"

#include <dirent.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "varve/base/clock.h"

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

constexpr store::RetentionPolicy kNothing{.all_for = {}, .hourly_for = {}};
constexpr Duration kGrace = Duration::seconds(1000);

// Somebody who opens a directory and lists it later.
class SlowReader {
 public:
  explicit SlowReader(const std::string& directory) : directory_(::opendir(directory.c_str()), &::closedir) {}

  size_t count_files() {
    size_t count = 0;
    while (const ::dirent* entry = ::readdir(directory_.get())) {
      if (std::string_view(entry->d_name).ends_with(".parquet")) ++count;
    }
    return count;
  }

 private:
  std::unique_ptr<DIR, int (*)(DIR*)> directory_;
};

class ReplacedTest : public StoreTest {
 protected:
  ReplacedTest() {
    folder_.set_listing_grace(kGrace);
    set_soon(folder_);
  }
  // The clock that stands still comes after all that the file system notes.
  static void set_soon(LakeFolder& folder) { folder.clock().set(base::SystemClock().now() + Duration::seconds(10)); }

  // Two files, of which a change of the last row replaces the second.
  void write_two_files(const Store& store) { write(store, "k", run_of(0, 20), keyed(10)); }
  void replace_a_row(const Store& store) { upsert(store, "k", {{19, 7}}); }

  // The directories that stay in staging.
  size_t replaced() {
    size_t count = 0;
    for (const std::string& id : folder_.staged()) {
      const std::string staging = folder_.path(".varve/staging/" + id);
      count += static_cast<size_t>(std::distance(std::filesystem::directory_iterator(staging), {}));
    }
    return count;
  }
};

TEST_F(ReplacedTest, WhoOpenedADirectoryBeforeItWasReplacedListsAllOfIt) {
  const Store store = folder_.open();
  write_two_files(store);
  SlowReader reader(folder_.path("k"));
  replace_a_row(store);
  EXPECT_EQ(reader.count_files(), 2U);
}

TEST_F(ReplacedTest, WithoutGraceItIsClearedAtOnce) {
  folder_.set_listing_grace({});
  const Store store = folder_.open();
  write_two_files(store);
  SlowReader reader(folder_.path("k"));
  replace_a_row(store);
  EXPECT_EQ(reader.count_files(), 0U);
}

TEST_F(ReplacedTest, TheNextPublicationClearsWhatIsOldEnough) {
  const Store store = folder_.open();
  write_two_files(store);
  replace_a_row(store);
  EXPECT_EQ(replaced(), 1U);
  folder_.clock().advance(kGrace);
  append(store, "other", run_of(0, 1));
  EXPECT_EQ(replaced(), 0U);
}

TEST_F(ReplacedTest, VacuumWaitsUntilItIsCleared) {
  const Store store = folder_.open();
  write_two_files(store);
  replace_a_row(store);
  EXPECT_EQ(store.vacuum("k", kNothing).files, 1);
  EXPECT_EQ(replaced(), 0U);
  EXPECT_EQ(findings(store), "");
}

TEST_F(ReplacedTest, WhoFindsThoseOfADeadProcessLetsThemStayAsLong) {
  const Store store = folder_.open();
  write_two_files(store);
  replace_a_row(store);
  LakeFolder copy(directory_ / "copy");
  copy_lake(folder_.root(), copy.root());
  copy.set_listing_grace(kGrace);
  set_soon(copy);
  {
    const Store later = copy.open();
    EXPECT_EQ(copy.staged().size(), 1U);
    copy.clock().advance(kGrace);
    EXPECT_EQ(later.vacuum("k", kNothing).files, 1);
    EXPECT_EQ(findings(later), "");
  }
  EXPECT_EQ(copy.staged().size(), 0U);
  EXPECT_EQ(copy.glob("k").size(), 20U);
}

TEST_F(ReplacedTest, AFileThatSomebodyPutThereComesBack) {
  const Store store = folder_.open();
  write(store, "k", run_of(0, 20), laid_out("month", 10));
  replace_a_row(store);
  const std::string staging = folder_.path(".varve/staging/" + folder_.staged().at(0));
  std::ofstream(std::filesystem::directory_iterator(staging)->path() / "notes.txt") << "mine";
  folder_.clock().advance(kGrace);
  append(store, "other", run_of(0, 1));
  EXPECT_TRUE(std::filesystem::exists(folder_.path("k/1970/01/notes.txt")));
}

TEST_F(ReplacedTest, AFileWhoseNameIsTakenGoesToTheQuarantineAndIsToldOnce) {
  const Store store = folder_.open();
  write_two_files(store);
  replace_a_row(store);
  const std::string staging = folder_.path(".varve/staging/" + folder_.staged().at(0));
  const std::string directory = std::filesystem::directory_iterator(staging)->path();
  for (const std::string& name : {directory + "/notes.txt", folder_.path("k/notes.txt")}) {
    std::ofstream(name) << "mine";
  }
  folder_.clock().advance(kGrace);
  for (const char* key : {"other", "another"}) append(store, key, run_of(0, 1));
  EXPECT_EQ(folder_.log().size(), 1U);
  const std::string quarantine = folder_.path(".varve/quarantine");
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::directory_iterator(quarantine)->path() / "notes.txt"));
  EXPECT_EQ(replaced(), 0U);
}

TEST_F(ReplacedTest, WhoeverClosesClearsOnlyWhatIsItsOwn) {
  Store store = folder_.open();
  write_two_files(store);
  replace_a_row(store);
  LakeFolder same(folder_.root());
  same.set_listing_grace(kGrace);
  set_soon(same);
  same.clock().advance(Duration{kGrace.nanoseconds / 5});
  {
    const Store other = same.open();
    append(other, "other", run_of(0, 1));
  }
  EXPECT_EQ(replaced(), 1U);
}

TEST_F(ReplacedTest, NothingStaysWhenTheStoreIsClosed) {
  folder_.set_listing_grace(Duration::milliseconds(200));
  Store store = folder_.open();
  write_two_files(store);
  replace_a_row(store);
  for (int times = 0; times < 2; ++times) store.close();
  EXPECT_EQ(folder_.staged().size(), 0U);
  EXPECT_EQ(folder_.log().size(), 0U);
}

TEST(StagedTree, SaysItsSeriesAndPlace) {
  EXPECT_EQ(store::parse_staged_tree("series-7-12")->series_id, 7);
  EXPECT_EQ(store::parse_staged_tree("series-7-12")->place, "");
  EXPECT_EQ(store::parse_staged_tree("series-7-12-2024-01-05")->place, "2024/01/05");
  for (const char* other : {"series-7", "series--1-2", "series-x-1", "7-12", "series-99999999999999999999-1"}) {
    EXPECT_FALSE(store::parse_staged_tree(other)) << other;
  }
}

}  // namespace
}  // namespace varve::testing
