// Small files become large ones, and no row changes.

#include "support/errors.h"
#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

class CompactionTest : public StoreTest {
 protected:
  std::vector<int64_t> file_lengths() {
    auto state = *store_.catalog().state("k");
    store::sort_objects(state.objects, state.series.definition);
    std::vector<int64_t> lengths;
    for (const auto& object : state.objects) lengths.push_back(object.rows);
    return lengths;
  }
  // Files of ten rows with gaps between them, each written before the one to its left.
  void scatter(int64_t files, const catalog::SeriesDefinition& definition) {
    for (int64_t file = files; file-- > 0;) append(store_, "k", run_of(file * 100, 10), definition);
  }

  Store store_ = folder_.open();
};

using Lengths = std::vector<int64_t>;

TEST_F(CompactionTest, NeighboursBecomeOneFile) {
  scatter(10, keyed(30));
  ASSERT_EQ(file_lengths().size(), 10U);
  const Rows before = read(store_, "k");
  compact(store_, "k");
  EXPECT_EQ(file_lengths(), Lengths({30, 30, 40}));
  EXPECT_EQ(read(store_, "k"), before);
  EXPECT_EQ(folder_.glob("k"), before);
  EXPECT_EQ(findings(store_), "");
}

TEST_F(CompactionTest, TheTargetCanBeSaid) {
  scatter(10, keyed(30));
  compact(store_, "k", 1000);
  EXPECT_EQ(file_lengths(), Lengths({100}));
}

TEST_F(CompactionTest, WhatIsCompactStaysAsItIs) {
  append(store_, "k", run_of(0, 100), keyed(30));
  EXPECT_FALSE(compact(store_, "k").changed);
  scatter(0, keyed());
  expect_error(ErrorKind::kNotFound, "none", [&] { compact(store_, "none"); });
}

TEST_F(CompactionTest, FilesOfDifferentMonthsStayApart) {
  const auto definition = laid_out("month");
  for (int64_t day = 60; day-- > 0;) append(store_, "k", {{day * 86'400, day}}, definition);
  compact(store_, "k");
  EXPECT_EQ(file_lengths(), Lengths({31, 28, 1}));
}

TEST_F(CompactionTest, UntimedRowsStayInTheOrderOfTheirArrival) {
  catalog::SeriesDefinition definition = unkeyed();
  definition.index.clear();
  definition.target_rows_per_file = 10;
  Rows expected;
  for (const int64_t rows : {4, 9, 1, 8, 2, 1}) {
    const Rows more = run_of(static_cast<int64_t>(expected.size()), rows);
    append(store_, "k", more, definition);
    expected.insert(expected.end(), more.begin(), more.end());
  }
  compact(store_, "k", 20);
  EXPECT_EQ(read(store_, "k"), expected);
}

TEST_F(CompactionTest, OldVersionsCanStillBeRead) {
  scatter(5, keyed(30));
  const Rows before = read(store_, "k", {.version = 3});
  compact(store_, "k");
  EXPECT_EQ(read(store_, "k", {.version = 3}), before);
}

TEST_F(CompactionTest, AnyHistoryEndsInTheSameRows) {
  Random random;
  for (int64_t round = 0; round < 40; ++round) {
    const int64_t first = random.between(0, 2000);
    if (random.between(0, 4) == 0 && round > 0) {
      remove(store_, "k", first, first + random.between(0, 100));
    } else {
      replace(store_, "k", first, first + 29, run_of(first, random.between(1, 30)), keyed(50));
    }
    const Rows before = read(store_, "k");
    compact(store_, "k", random.between(0, 200));
    ASSERT_EQ(read(store_, "k"), before) << "round " << round;
  }
  EXPECT_EQ(findings(store_), "");
}

}  // namespace
}  // namespace varve::testing
