// A series of so many files that an append looks at the last of them only.
#include <map>
#include <random>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/table/cast.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Row;
using testing::Rows;
using testing::run_of;
using testing::to_rows;
using testing::to_table;

constexpr int64_t kRowsOfAFile = 2;
constexpr int64_t kFiles = 3 * catalog::Catalog::kTailObjects;
constexpr int64_t kRows = kFiles * kRowsOfAFile;

class LongSeriesTest : public ::testing::TestWithParam<const char*> {
 protected:
  LongSeriesTest() {
    SeriesWriteOptions options;
    options.series = {
        .identity = std::vector<std::string>{"timestamp"}, .layout = GetParam(), .target_rows_per_file = kRowsOfAFile};
    Rows rows;  // one a minute: several periods
    for (int64_t row = 0; row < kRows; ++row) rows.emplace_back(row * kStep, row);
    lake_.write("k", to_table(rows), options);
    for (const Row& row : rows) expected_.insert(row);
  }

  void expect_as_expected() {
    EXPECT_EQ(to_rows(lake_.read("k")), Rows(expected_.begin(), expected_.end()));
    EXPECT_TRUE(lake_.verify("k").clean());
    EXPECT_EQ(lake_.info("k").rows, static_cast<int64_t>(expected_.size()));
  }

  static constexpr int64_t kStep = 3600;  // seconds
  testing::TempDirectory directory_ = testing::make_quick_directory();
  Lake lake_ = Lake::open(directory_ / "lake", {.publish_delay = {}});
  std::map<int64_t, int64_t> expected_;
};

TEST_P(LongSeriesTest, RowsComeBehindTheLast) {
  for (int64_t row = kRows; row < kRows + 40; ++row) {
    EXPECT_EQ(lake_.append("k", to_table({{row * kStep, row}})).rows_added, 1);
    expected_.emplace(row * kStep, row);
  }
  expect_as_expected();
}

TEST_P(LongSeriesTest, RowsThatAreThereAreFoundHoweverOld) {
  const Table rows = to_table({{0, 7}, {kRows * kStep, kRows}});
  expect_error(ErrorKind::kAlreadyExists, "1970-01-01T00:00:00Z", [&] { lake_.append("k", rows); });
  expect_error(ErrorKind::kAlreadyExists, "there is a row", [&] {
    lake_.append("k", to_table({{(kRows - 1) * kStep, 7}}));
  });
  const Commit commit = lake_.upsert("k", rows);
  EXPECT_EQ(commit.rows_added, 1);
  EXPECT_EQ(commit.rows_replaced, 1);
  expected_[0] = 7;
  expected_[kRows * kStep] = kRows;
  expect_as_expected();
}

// All files get the new type, also those that the append did not look at.
TEST_P(LongSeriesTest, ATypeThatGrowsBehindTheLastRowGrowsEverywhere) {
  const Table rows = to_table({{kRows * kStep, 1}});
  const Column value = table::cast(rows.column("value"), DataType::float64());
  lake_.append("k", rows.with_column({"value", DataType::float64()}, value));
  const Table all = lake_.read("k");
  ASSERT_EQ(all.num_rows(), kRows + 1);
  EXPECT_EQ(all.schema()[1].type, DataType::float64());
  EXPECT_EQ(all.column("value").values<double>()[5], 5.0);
  EXPECT_TRUE(lake_.verify("k").clean());
}

TEST_P(LongSeriesTest, AnyOrderOfAppendsAndUpserts) {
  std::mt19937 random(7);
  int64_t next = kRows;
  for (int turn = 0; turn < 60; ++turn) {
    Rows rows;
    const bool behind = random() % 3 != 0;
    int64_t row = behind ? next + static_cast<int64_t>(random() % 3) : static_cast<int64_t>(random() % kRows);
    for (auto count = 1 + random() % 5; count > 0; --count, row += 1 + static_cast<int64_t>(random() % 4)) {
      rows.emplace_back(row * kStep + 1, turn);
      expected_[row * kStep + 1] = turn;
    }
    next = std::max(next, row + 1);
    lake_.upsert("k", to_table(rows));
  }
  expect_as_expected();
}

INSTANTIATE_TEST_SUITE_P(Layouts, LongSeriesTest, ::testing::Values("range", "month", "day"));

}  // namespace
}  // namespace varve
