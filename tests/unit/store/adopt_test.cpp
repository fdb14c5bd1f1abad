// Files of somebody else's on their way into the store, and back.
#include <fstream>

#include <gmock/gmock.h>

#include "support/crash_disk.h"
#include "unit/store/whole_lakes.h"

namespace varve::testing {
namespace {

using store::Store;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

class AdoptTest : public StoreTest {
 protected:
  // Files of a series' rows, in `foreign`.
  void prepare() {
    append(folder_.open(), "k", run_of(0, 30), keyed(10));
    std::filesystem::copy(folder_.path("k"), folder_.path("foreign"));
  }
  void touch(const std::string& path) {
    const auto time = std::filesystem::last_write_time(folder_.path(path));
    std::filesystem::last_write_time(folder_.path(path), time + std::chrono::seconds(100));
  }
  // The times that the catalog has of the files of `foreign`.
  static std::vector<std::optional<int64_t>> times(const Store& store) {
    std::vector<std::optional<int64_t>> all;
    const auto state = store.catalog().state("foreign");
    for (const catalog::ObjectRow& object : state->objects) all.push_back(object.modified);
    return all;
  }
  // The process dies in the middle of a commit.
  void crash() {
    const Store store = folder_.open();
    folder_.files().set_fault({.kind = FaultKind::kStop, .call = 3});
    EXPECT_THROW(append(store, "other", run_of(0, 1)), Stopped);
  }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(path)).parent_path());
    std::ofstream(folder_.path(path), std::ios::binary) << text;
  }
};

TEST_F(AdoptTest, VerifyNotesTheTimeOfAFileThatWasTouched) {
  prepare();
  const Store store = folder_.open();
  adopt(store, "foreign");
  const auto before = times(store);
  for (const std::string& name : folder_.visible_files("foreign")) touch("foreign/" + name);
  EXPECT_EQ(findings(store), "");
  const auto after = times(store);
  for (size_t at = 0; at < 3; ++at) EXPECT_EQ(*after.at(at), *before.at(at) + 100 * kNanosecondsPerSecond);
}

TEST_F(AdoptTest, ACopyIsTheLakesOwn) {
  prepare();
  const std::unique_ptr<base::FileSystem> system = base::make_system_file_system();
  CrashDisk disk(*system, directory_.path());
  disk.be_plain();
  LakeFolder plain(folder_.root(), &disk);
  const Store store = plain.open();
  adopt(store, "foreign");
  EXPECT_THAT(times(store), ::testing::Each(std::nullopt));
  EXPECT_EQ(read(store, "foreign"), run_of(0, 30));
  EXPECT_EQ(findings(store), "");
}

TEST_F(AdoptTest, AnOriginalWhosePlaceIsTakenStaysAwayAndIsTold) {
  prepare();
  crash();
  const std::string commit(32, 'a');
  const std::string away = ".varve/originals/" + commit + "/loose/a.parquet.original";
  put(".varve/staging/gone/" + commit, std::string("loose/a.parquet\0loose/b.parquet\0", 32));
  put(away, "old");
  put(".varve/originals/" + commit + "/loose/b.parquet.original", "old");
  put("loose/a.parquet", "new");
  folder_.files().heal();
  const Store store = folder_.open();
  EXPECT_THAT(folder_.log(), Contains(AllOf(HasSubstr("loose/a.parquet is there again"), HasSubstr(away))));
  EXPECT_TRUE(std::filesystem::exists(folder_.path(away)));
  EXPECT_EQ(std::filesystem::file_size(folder_.path("loose/a.parquet")), 3U);
  EXPECT_TRUE(std::filesystem::exists(folder_.path("loose/b.parquet")));
}

}  // namespace
}  // namespace varve::testing
