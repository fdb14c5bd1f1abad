// A range of a series gets other rows, or none.

#include <map>

#include "support/errors.h"
#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::SeriesResult;
using store::Store;

class ReplaceRangeTest : public StoreTest {
 protected:
  // What cannot be seen from the rows: the tree shows them, and nothing is broken.
  void expect_rows(const Rows& rows) {
    EXPECT_EQ(read(store_, "k"), rows);
    EXPECT_EQ(folder_.glob("k"), rows);
    EXPECT_EQ(findings(store_), "");
  }

  Store store_ = folder_.open();
};

TEST_F(ReplaceRangeTest, RowsOfTheRangeGoAndOthersStay) {
  append(store_, "k", run_of(0, 10));
  const SeriesResult result = replace(store_, "k", 3, 6, {{4, -4}});
  EXPECT_EQ(result.counts.replaced, 1);
  EXPECT_EQ(result.counts.removed, 3);
  Rows expected = run_of(0, 3);
  expected.emplace_back(4, -4);
  for (const Row& row : run_of(7, 3)) expected.push_back(row);
  expect_rows(expected);
}

TEST_F(ReplaceRangeTest, OnlyFilesThatReachIntoTheRangeAreRewritten) {
  append(store_, "k", run_of(0, 50), keyed(10));
  const auto before = store_.catalog().state("k")->objects;
  replace(store_, "k", 22, 24, {{23, -1}});
  const auto after = store_.catalog().state("k")->objects;
  EXPECT_EQ(after.size(), 5U);
  for (const size_t same : {0U, 1U, 3U, 4U}) EXPECT_EQ(after[same].id, before[same].id);
}

TEST_F(ReplaceRangeTest, TheSameRowsAgainMakeNoVersion) {
  append(store_, "k", run_of(0, 10));
  const SeriesResult result = replace(store_, "k", 2, 4, run_of(2, 3));
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(result.counts.unchanged, 3);
  EXPECT_EQ(result.version, 1);
}

TEST_F(ReplaceRangeTest, TheSameRowsWithoutIdentityMakeNoVersionEither) {
  append(store_, "k", {{1, 5}, {1, 5}, {2, 6}}, unkeyed());
  EXPECT_FALSE(replace(store_, "k", 1, 1, {{1, 5}, {1, 5}}).changed);
  EXPECT_TRUE(replace(store_, "k", 1, 1, {{1, 5}}).changed);
}

TEST_F(ReplaceRangeTest, RowsOutsideTheRangeAreRefused) {
  append(store_, "k", run_of(0, 10));
  expect_error(ErrorKind::kInvalidArgument, "outside the range", [&] { replace(store_, "k", 3, 6, {{7, 1}}); });
  expect_error(ErrorKind::kInvalidArgument, "outside the range", [&] { replace(store_, "k", 3, 6, {{2, 1}}); });
  expect_rows(run_of(0, 10));
}

TEST_F(ReplaceRangeTest, TwoRowsWithOneIdentityAreRefused) {
  append(store_, "k", run_of(0, 10));
  expect_error(ErrorKind::kAlreadyExists, "two rows", [&] { replace(store_, "k", 3, 6, {{4, 1}, {4, 2}}); });
}

TEST_F(ReplaceRangeTest, ANewSeriesCanBeginWithARange) {
  EXPECT_EQ(replace(store_, "k", 0, 9, run_of(0, 10)).counts.added, 10);
  expect_rows(run_of(0, 10));
}

TEST_F(ReplaceRangeTest, WholeFilesAreRemovedUnread) {
  append(store_, "k", run_of(0, 50), keyed(10));
  const SeriesResult result = remove(store_, "k", 10, 39);
  EXPECT_EQ(result.counts.removed, 30);
  EXPECT_EQ(store_.catalog().state("k")->objects.size(), 2U);
}

TEST_F(ReplaceRangeTest, RemovingNothingMakesNoVersion) {
  append(store_, "k", {{0, 1}, {100, 2}});
  EXPECT_FALSE(remove(store_, "k", 10, 20).changed);
  EXPECT_FALSE(remove(store_, "k", 20, 10).changed);
  expect_error(ErrorKind::kNotFound, "no series", [&] { remove(store_, "other", 0, 1); });
}

TEST_F(ReplaceRangeTest, ASeriesMayBecomeEmpty) {
  append(store_, "k", run_of(0, 10));
  EXPECT_EQ(remove(store_, "k", 0, 100).counts.removed, 10);
  expect_rows({});
  append(store_, "k", run_of(0, 2));
  expect_rows(run_of(0, 2));
}

// Against rows in a map, in each layout.
class ReplaceRangeModelTest : public StoreTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(ReplaceRangeModelTest, IsWhatAMapWouldHold) {
  constexpr int64_t kStep = 40'000;  // so that rows fill days and months
  Random random;
  const Store store = folder_.open();
  catalog::SeriesDefinition definition = laid_out(GetParam());
  definition.target_rows_per_file = 20;
  std::map<int64_t, int64_t> model;
  for (int64_t round = 0; round < 60; ++round) {
    const int64_t first = random.between(0, 150);
    const int64_t last = first + random.between(-1, 40);
    Rows rows;
    for (int64_t at = first; at <= last; ++at) {
      if (random.between(0, 2) > 0) rows.emplace_back(at * kStep, round);
    }
    const bool removes = round > 0 && random.between(0, 3) == 0;
    if (removes) rows.clear();
    model.erase(model.lower_bound(first * kStep), model.upper_bound(std::max(first - 1, last) * kStep));
    for (const Row& row : rows) model[row.first] = row.second;
    if (removes) {
      remove(store, "series", first * kStep, last * kStep);
    } else {
      replace(store, "series", first * kStep, last * kStep, rows, definition);
    }
    ASSERT_EQ(read(store, "series"), Rows(model.begin(), model.end())) << "round " << round;
  }
  EXPECT_EQ(findings(store), "");
}

INSTANTIATE_TEST_SUITE_P(Layouts, ReplaceRangeModelTest,
                         ::testing::Values("range", "month", "day", "{name}/{yyyy}/{mm}/data.parquet"));

}  // namespace
}  // namespace varve::testing
