#include "varve/store/partition.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "support/random.h"

namespace varve::store {
namespace {

std::vector<int64_t> lengths(const std::vector<table::RowRange>& ranges) {
  std::vector<int64_t> all;
  for (const table::RowRange& range : ranges) all.push_back(range.last - range.first);
  return all;
}

using Lengths = std::vector<int64_t>;

TEST(PartitionTest, NoRowsMakeNoFile) { EXPECT_TRUE(cut_rows(0, {}, 10).empty()); }

TEST(PartitionTest, FewRowsMakeOneFile) { EXPECT_EQ(lengths(cut_rows(10, {}, 10)), Lengths({10})); }

TEST(PartitionTest, PiecesAreOfAboutEqualSize) {
  EXPECT_EQ(lengths(cut_rows(11, {}, 10)), Lengths({6, 5}));
  EXPECT_EQ(lengths(cut_rows(31, {}, 10)), Lengths({8, 8, 8, 7}));
}

TEST(PartitionTest, RowsOfOneMomentStayTogether) {
  const std::vector<int64_t> index = {1, 2, 2, 2, 2, 3};
  EXPECT_EQ(lengths(cut_rows(6, index, 2)), Lengths({5, 1}));
}

TEST(PartitionTest, OneMomentIsOneFileHoweverManyRowsItHas) {
  const std::vector<int64_t> index(100, 7);
  EXPECT_EQ(lengths(cut_rows(100, index, 3)), Lengths({100}));
}

TEST(PartitionTest, PiecesHoldAllRowsAndDoNotTouch) {
  testing::Random random;
  for (int round = 0; round < 500; ++round) {
    std::vector<int64_t> index(static_cast<size_t>(random.between(0, 200)));
    for (int64_t& value : index) value = random.between(0, 50);
    std::sort(index.begin(), index.end());
    int64_t row = 0;
    for (const table::RowRange& range : cut_rows(static_cast<int64_t>(index.size()), index, random.between(1, 40))) {
      ASSERT_EQ(range.first, row);
      ASSERT_LT(range.first, range.last);
      const auto first = static_cast<size_t>(range.first);
      ASSERT_TRUE(first == 0 || index[first - 1] < index[first]);
      row = range.last;
    }
    ASSERT_EQ(row, static_cast<int64_t>(index.size()));
  }
}

TEST(PartitionTest, FilesAreNamedByTheirFirstAndLastMoment) {
  const FileRange range{.timed = true,
                        .first = parse_timestamp("2024-01-01T10:00:00Z"),
                        .last = parse_timestamp("2024-01-01T23:59:59.5Z")};
  const auto free = [](const std::string&) { return false; };
  EXPECT_EQ(name_file(range, 1, free), "20240101T100000-20240101T235959.500.parquet");
  EXPECT_EQ(name_file({.timed = false, .first = {}, .last = {}}, 9, free), "rows.parquet");
}

TEST(PartitionTest, ATakenNameGetsANumber) {
  const FileRange untimed{.timed = false, .first = {}, .last = {}};
  const std::vector<std::string> used = {"rows.parquet", "rows-5.parquet", "rows-6.parquet"};
  const auto taken = [&](const std::string& name) { return std::find(used.begin(), used.end(), name) != used.end(); };
  EXPECT_EQ(name_file(untimed, 2, taken), "rows-2.parquet");
  EXPECT_EQ(name_file(untimed, 5, taken), "rows-7.parquet");
}

}  // namespace
}  // namespace varve::store
