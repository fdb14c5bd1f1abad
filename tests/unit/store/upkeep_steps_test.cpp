// Writers keep a lake tidy a little at a time.

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

class UpkeepStepsTest : public StoreTest {
 protected:
  [[nodiscard]] static size_t versions(const Store& store) {
    return store.catalog().version_times(store.catalog().find_series("k")->id).size();
  }
};

TEST_F(UpkeepStepsTest, ASeriesThatGrowsByTheRowDoesNotKeepAllItsVersions) {
  const Store store = folder_.open();
  for (int64_t row = 0; row < 700; ++row) append(store, "k", run_of(row, 1));
  EXPECT_GE(versions(store), 500U);
  EXPECT_LE(versions(store), 600U);
  EXPECT_LE(folder_.object_files(), 700U);
  EXPECT_EQ(read(store, "k"), run_of(0, 700));
  EXPECT_EQ(findings(store), "");
}

TEST_F(UpkeepStepsTest, ASeriesInManySmallFilesIsCompacted) {
  const Store store = folder_.open();
  for (int64_t part = 100; part-- > 0;) append(store, "k", run_of(part * 10, 1));
  EXPECT_EQ(store.catalog().find_series("k")->files, 1);
  EXPECT_EQ(store.catalog().find_series("k")->version, 101);
  EXPECT_EQ(read(store, "k").size(), 100U);
}

TEST_F(UpkeepStepsTest, ProcessesThatWriteOnceDoTheirShare) {
  for (int64_t part = 100; part-- > 0;) {
    store::StoreOptions options;
    options.publish_delay = Duration::seconds(1000);
    Store store = Store::open(folder_.files(), folder_.clock(), folder_.root(), options);
    append(store, "k", run_of(part * 10, 1));
    store.close();
  }
  EXPECT_EQ(folder_.open().catalog().find_series("k")->files, 1);
}

}  // namespace
}  // namespace varve::testing
