#include "varve/table/index.h"

#include <limits>

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::expect_error;

Table with_index(const DataType& type, const std::vector<int64_t>& values, const std::vector<bool>& valid = {}) {
  return Table(Schema({{"at", type}}), {make_column<int64_t>(type, values, valid)});
}

TEST(IndexValues, SharesNanoseconds) {
  const Table bars = testing::make_bars(10).slice(3, 5);
  const IndexValues index(bars, "timestamp");
  EXPECT_EQ(index.nanoseconds().data(), bars.column("timestamp").values<int64_t>().data());
  EXPECT_EQ(index[0], testing::kFirstBar.nanoseconds + 3 * 60 * kNanosecondsPerSecond);
}

TEST(IndexValues, ConvertsOtherUnitsZonesAndDates) {
  EXPECT_EQ(IndexValues(with_index(DataType::timestamp(TimeUnit::kSecond, ""), {2}), "at")[0], 2'000'000'000);
  EXPECT_EQ(IndexValues(with_index(DataType::timestamp(TimeUnit::kMilli, "UTC"), {-2}), "at")[0], -2'000'000);
  EXPECT_EQ(IndexValues(with_index(DataType::timestamp(TimeUnit::kMicro, "+02:00"), {2}), "at")[0], 2'000);
  const Table days(Schema({{"at", DataType::date()}}),
                   {make_column<int32_t>(DataType::date(), std::vector<int32_t>{1})});
  EXPECT_EQ(IndexValues(days, "at")[0], kNanosecondsPerDay);
}

TEST(IndexValues, OutlivesTheTable) {
  Table table = with_index(DataType::timestamp(TimeUnit::kNano, "UTC"), {7, 8});
  const IndexValues index(table, "at");
  table = {};
  EXPECT_EQ(index[1], 8);
}

TEST(IndexValues, ANullIsNamedByItsRow) {
  const Table table = with_index(DataType::timestamp(TimeUnit::kNano, "UTC"), {1, 2, 3}, {true, true, false});
  expect_error(ErrorKind::kInvalidArgument, "index at is null in row 2", [&] { IndexValues(table, "at"); });
}

TEST(IndexValues, AMomentOutOfReachIsShown) {
  const Table table = with_index(DataType::timestamp(TimeUnit::kSecond, "UTC"), {0, 9'223'372'037});
  expect_error(ErrorKind::kInvalidArgument, "index at is 2262-04-11T23:47:17Z in row 1",
               [&] { IndexValues(table, "at"); });
}

TEST(IndexValues, OtherTypesAndColumnsAreRefused) {
  expect_error(ErrorKind::kInvalidArgument, "int64 cannot be an index",
               [] { IndexValues(with_index(DataType::int64(), {1}), "at"); });
  expect_error(ErrorKind::kNotFound, "no column when", [] { IndexValues(with_index(DataType::int64(), {1}), "when"); });
}

TEST(RowsWithin, BothEndsAreInside) {
  const std::vector<int64_t> values = {1, 3, 3, 5};
  const auto range = [&](int64_t start, int64_t end) {
    const RowRange rows = rows_within(values, start, end);
    return std::pair(rows.first, rows.last);
  };
  EXPECT_EQ(range(3, 3), std::pair(int64_t{1}, int64_t{3}));
  EXPECT_EQ(range(2, 4), std::pair(int64_t{1}, int64_t{3}));
  EXPECT_EQ(range(0, 9), std::pair(int64_t{0}, int64_t{4}));
  EXPECT_EQ(range(6, 9), std::pair(int64_t{4}, int64_t{4}));
  EXPECT_EQ(range(4, 4), std::pair(int64_t{3}, int64_t{3}));
}

TEST(RowsWithin, ARangeThatEndsBeforeItStartsIsEmpty) {
  const std::vector<int64_t> values = {1, 3, 5};
  EXPECT_EQ(rows_within(values, 4, 2).first, rows_within(values, 4, 2).last);
  EXPECT_EQ(rows_within({}, 0, 1).last, 0);
}

}  // namespace
}  // namespace varve::table
