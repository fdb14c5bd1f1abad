#include "varve/store/tree/replaced.h"

#include <dirent.h>

#include <algorithm>
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

  [[nodiscard]] std::string object_path(const std::string& id) const {
    return folder_.path(".varve/objects/" + id.substr(0, 2) + "/" + id);
  }
  static void damage(const std::string& path) { std::fstream(path, std::ios::in | std::ios::out).seekp(99) << "Varve"; }
  // The only one.
  std::string replaced_directory() {
    return std::filesystem::directory_iterator(folder_.path(".varve/staging/" + folder_.staged().at(0)))->path();
  }
  std::vector<std::string> put_aside() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path(".varve/quarantine"))) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

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

TEST_F(ReplacedTest, AFileUnderANameOfOursGoesToTheQuarantineAndIsToldOnce) {
  const Store store = folder_.open();
  write_two_files(store);
  const std::string old = folder_.visible_files("k").at(1);
  replace_a_row(store);
  std::filesystem::remove(replaced_directory() + "/" + old);
  std::ofstream(replaced_directory() + "/" + old) << "mine";
  folder_.clock().advance(kGrace);
  for (const char* key : {"other", "another"}) append(store, key, run_of(0, 1));
  EXPECT_EQ(folder_.glob("k"), read(store, "k"));
  EXPECT_EQ(folder_.log().size(), 1U);
  EXPECT_EQ(put_aside().size(), 1U);
  EXPECT_EQ(replaced(), 0U);
}

// The directory that was replaced has another name for the damaged bytes, which are those of no object any more.
TEST_F(ReplacedTest, WhatRepairPutAsideDoesNotComeBack) {
  for (const size_t damaged : {0U, 1U}) {  // a file that stayed, and the one that was replaced
    const std::string key = "k" + std::to_string(damaged);
    set_soon(folder_);
    const Store store = folder_.open();
    write(store, key, run_of(0, 20), keyed(10));
    const std::string object = store.catalog().state(key)->objects.at(damaged).id;
    damage(object_path(object));
    upsert(store, key, {{19, 7}});
    EXPECT_FALSE(store.repair(key).repairs.empty());
    const std::vector<std::string> kept = put_aside();
    EXPECT_EQ(std::count(kept.begin(), kept.end(), object), 1);
    folder_.clock().advance(kGrace);
    append(store, "other", run_of(static_cast<int64_t>(damaged), 1));
    EXPECT_EQ(replaced(), 0U);
    EXPECT_EQ(folder_.glob(key), read(store, key));
    EXPECT_EQ(put_aside(), kept);
  }
  EXPECT_EQ(folder_.log(), std::vector<std::string>());
}

TEST_F(ReplacedTest, WhereverRepairDiesNothingOfOursComesBack) {
  {
    const Store store = folder_.open();
    write_two_files(store);
    damage(object_path(store.catalog().state("k")->objects.at(1).id));
    replace_a_row(store);
    copy_lake(folder_.root(), directory_ / "left");  // while it is open: as somebody who is killed leaves it
  }
  bool dies = true;
  for (uint64_t call = 1; dies; ++call) {
    copy_lake(directory_ / "left", directory_ / "copy");
    LakeFolder copy(directory_ / "copy");
    copy.set_listing_grace(kGrace);
    set_soon(copy);
    {
      const Store store = copy.open();
      copy.files().set_fault({.kind = FaultKind::kStop, .call = call});
      try {
        static_cast<void>(store.repair());
      } catch (const Stopped&) {}
      dies = copy.files().struck();
    }
    copy.files().heal();
    copy.clock().advance(kGrace);
    const Store store = copy.open();
    copy.clock().advance(kGrace);
    append(store, "other", run_of(0, 1));
    ASSERT_EQ(copy.glob("k"), read(store, "k")) << "call " << call;
  }
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
