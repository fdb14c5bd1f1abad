#include "varve/table/sort.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::Cells;
using testing::cells;
using testing::expect_error;
using testing::Random;

const DataType kMoment = DataType::timestamp(TimeUnit::kNano, "UTC");

Column moments(const std::vector<int64_t>& values) { return make_column<int64_t>(kMoment, values); }
Column numbers(const std::vector<int64_t>& values) { return make_column<int64_t>(DataType::int64(), values); }

// A table of a timestamp "t", an arrival number "n", and more columns by name.
Table stamped(const std::vector<int64_t>& timestamps, const std::vector<std::pair<std::string, Column>>& more = {}) {
  std::vector<int64_t> arrivals(timestamps.size());
  std::iota(arrivals.begin(), arrivals.end(), 0);
  Table table(Schema({{"t", kMoment}, {"n", DataType::int64()}}), {moments(timestamps), numbers(arrivals)});
  for (const auto& [name, column] : more) table = table.with_column({name, column.type()}, column);
  return table;
}

std::vector<int64_t> arrivals(const Table& table) {
  const auto values = table.column("n").values<int64_t>();
  return {values.begin(), values.end()};
}

std::vector<int64_t> sorted_by(const Column& column) {
  const std::vector<int64_t> same(static_cast<size_t>(column.length()), 5);
  return arrivals(sort(stamped(same, {{"key", column}}), {.index = "t", .identity = {"key"}}));
}

TEST(Sort, IsStable) {
  EXPECT_EQ(arrivals(sort(stamped({3, 1, 3, 2, 1}), {.index = "t"})), (std::vector<int64_t>{1, 4, 3, 0, 2}));
}

TEST(Sort, ReturnsASortedTableAsItIs) {
  const Table table = stamped({1, 1, 2});
  EXPECT_EQ(sort(table, {.index = "t"}).column("t").values<int64_t>().data(),
            table.column("t").values<int64_t>().data());
  EXPECT_EQ(sort(stamped({}), {.index = "t"}).num_rows(), 0);
}

TEST(Sort, ANullIndexIsRefused) {
  const Table table = stamped({1, 2}).with_column(
      {"t", kMoment}, make_column<int64_t>(kMoment, std::vector<int64_t>{1, 2}, {true, false}));
  expect_error(ErrorKind::kInvalidArgument, "null in row 1", [&] { sort(table, {.index = "t"}); });
  expect_error(ErrorKind::kNotFound, "no column x", [&] { sort(stamped({1}), {.index = "t", .identity = {"x"}}); });
}

TEST(Sort, TakesTheExtremesOfTime) {
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(arrivals(sort(stamped({kHigh, 0, kLow, -1}), {.index = "t"})), (std::vector<int64_t>{2, 3, 1, 0}));
}

TEST(Sort, TiesGoByIdentityAndThenByArrival) {
  const Column symbol = make_column(DataType::string(), {"B", "A", "B", "A", "A"});
  const Table table = stamped({2, 2, 2, 2, 1}, {{"symbol", symbol}});
  EXPECT_EQ(arrivals(sort(table, {.index = "t", .identity = {"symbol"}})), (std::vector<int64_t>{4, 1, 3, 0, 2}));
}

TEST(Sort, WithoutIndexGoesByIdentityAlone) {
  const Table table = stamped({1, 2, 3}, {{"symbol", make_column(DataType::string(), {"C", "A", "B"})}});
  EXPECT_EQ(arrivals(sort(table, {.identity = {"symbol"}})), (std::vector<int64_t>{1, 2, 0}));
}

TEST(Sort, NullsComeFirstAndNaNLast) {
  const std::vector<double> values = {std::nan(""), 1.0, 0.0, -HUGE_VAL};
  EXPECT_EQ(sorted_by(make_column<double>(DataType::float64(), values, {true, true, false, true})),
            (std::vector<int64_t>{2, 3, 1, 0}));
}

TEST(Sort, StringsCompareByBytesAndFalseBeforeTrue) {
  EXPECT_EQ(sorted_by(make_column(DataType::string(), {"é", "z", "", "Z"})), (std::vector<int64_t>{2, 3, 1, 0}));
  const bool flags[] = {true, false};
  EXPECT_EQ(sorted_by(make_column<bool>(DataType::boolean(), flags)), (std::vector<int64_t>{1, 0}));
}

TEST(Sort, UnsignedNumbersAreNotTakenForSignedOnes) {
  const std::vector<uint8_t> bytes = {200, 100};
  EXPECT_EQ(sorted_by(make_column<uint8_t>({.id = TypeId::kUInt8}, bytes)), (std::vector<int64_t>{1, 0}));
  const std::vector<int8_t> small = {1, -1};
  EXPECT_EQ(sorted_by(make_column<int8_t>({.id = TypeId::kInt8}, small)), (std::vector<int64_t>{1, 0}));
}

TEST(Sort, DictionariesCompareByTheirValues) {
  const Column column = make_column(DataType::dictionary(DataType::string()), {"b", "c", "a"});
  EXPECT_EQ(sorted_by(column), (std::vector<int64_t>{2, 0, 1}));
}

// Timestamps of one of many shapes: all over the place, few distinct, nearly in order, in long runs.
std::vector<int64_t> random_moments(Random& random, int64_t count) {
  const uint64_t shape = random.next() % 4;
  std::vector<int64_t> values;
  for (int64_t row = 0; row < count; ++row) {
    if (shape == 0) values.push_back(random.edgy());
    if (shape == 1) values.push_back(random.between(0, 20) * 1'000'000'000);
    if (shape == 2) values.push_back(random.one_in(100) ? random.between(0, count) : row);
    if (shape == 3) values.push_back((row * 7 / (count + 1)) % 2 * 1000 + row % (count / 3 + 1));
  }
  return values;
}

TEST(Sort, AgreesWithStableSortOfRows) {
  Random random;
  base::ThreadPool pool(2);
  for (int round = 0; round < 30; ++round) {
    const int64_t count = random.one_in(3) ? random.between(2500, 6000) : random.between(0, 300);
    const std::vector<int64_t> at = random_moments(random, count);
    const std::vector<int64_t> keys = [&] {
      std::vector<int64_t> values;
      for (int64_t row = 0; row < count; ++row) values.push_back(random.between(0, 3));
      return values;
    }();
    const Table table = stamped(
        at, {{"key", numbers(keys)}, {"text", testing::random_column(random, DataType::string(), {.rows = count})}});
    std::vector<int64_t> expected(at.size());
    std::iota(expected.begin(), expected.end(), 0);
    const bool by_key = random.one_in(2);
    std::stable_sort(expected.begin(), expected.end(), [&](int64_t left, int64_t right) {
      const auto l = static_cast<size_t>(left);
      const auto r = static_cast<size_t>(right);
      return at[l] != at[r] ? at[l] < at[r] : by_key && keys[l] < keys[r];
    });
    const RowOrder order{.index = "t",
                         .identity = by_key ? std::vector<std::string>{"key"} : std::vector<std::string>{}};
    const Table result = sort(table, order, random.one_in(2) ? &pool : nullptr);
    EXPECT_EQ(arrivals(result), expected);
    EXPECT_TRUE(is_sorted(result, order));
    EXPECT_EQ(is_sorted(table, order), std::is_sorted(expected.begin(), expected.end()));
    EXPECT_TRUE(equals(result, take(table, expected)));
  }
}

TEST(Sort, IdentityOfAnyTypeGivesATotalOrder) {
  Random random;
  for (const DataType& type : testing::all_types()) {
    const Column column = testing::random_column(random, type, {.rows = 100});
    const Table table = stamped(std::vector<int64_t>(100, 1), {{"key", column}});
    const RowOrder order{.index = "t", .identity = {"key"}};
    const Table forward = sort(table, order);
    const Table backward = sort(sort(table, {.identity = {"n"}}), order);
    EXPECT_TRUE(is_sorted(forward, order)) << to_string(type);
    EXPECT_EQ(arrivals(forward), arrivals(backward)) << to_string(type);
  }
}

TEST(IsSorted, EqualRowsNextToEachOtherAreAllowed) {
  EXPECT_TRUE(is_sorted(stamped({1, 1}), {.index = "t"}));
  EXPECT_FALSE(is_sorted(stamped({2, 1}), {.index = "t"}));
  EXPECT_FALSE(is_sorted(stamped({1, 1}, {{"key", numbers({2, 1})}}), {.index = "t", .identity = {"key"}}));
}

// More rows than threads look at, at a time, in order; but one of them, which has the moment `back` before its own.
Table with_one_row_back(int64_t row, int64_t back) {
  std::vector<int64_t> at(static_cast<size_t>(2 * kRowsOfOrderTask + 100));
  std::iota(at.begin(), at.end(), 0);
  at[static_cast<size_t>(row)] -= back;
  return stamped(at);
}

std::vector<int64_t> telling_rows() {
  constexpr int64_t kTask = kRowsOfOrderTask;
  return {2, 64, 65, kTask - 1, kTask, kTask + 1, 2 * kTask, 2 * kTask + 99};
}

TEST(IsStrictlySorted, FindsOneEqualRowAnywhere) {
  base::ThreadPool pool(3);
  const RowOrder order{.index = "t"};
  EXPECT_TRUE(is_strictly_sorted(with_one_row_back(0, 0), order, &pool));
  EXPECT_TRUE(is_strictly_sorted(stamped({}), order, &pool));
  for (const int64_t row : telling_rows()) {
    const Table table = with_one_row_back(row, 1);
    EXPECT_FALSE(is_strictly_sorted(table, order, &pool)) << row;
    EXPECT_FALSE(is_strictly_sorted(table, order)) << row;
    EXPECT_TRUE(is_sorted(table, order)) << row;
    EXPECT_EQ(find_duplicate(table, order), row);
  }
}

TEST(IsSorted, FindsOneEarlierRowAnywhere) {
  for (const int64_t row : telling_rows()) {
    EXPECT_FALSE(is_sorted(with_one_row_back(row, 2), {.index = "t"})) << row;
  }
}

TEST(FindDuplicate, IsTheFirstRowEqualToTheOneBefore) {
  EXPECT_EQ(find_duplicate(stamped({1, 2, 2, 3, 3}), {.index = "t"}), 2);
  EXPECT_EQ(find_duplicate(stamped({1, 2, 3}), {.index = "t"}), -1);
  EXPECT_EQ(find_duplicate(stamped({1, 1}, {{"key", numbers({1, 2})}}), {.index = "t", .identity = {"key"}}), -1);
  EXPECT_EQ(find_duplicate(stamped({1, 1}, {{"key", make_null_column(DataType::int64(), 2)}}),
                           {.index = "t", .identity = {"key"}}),
            1);
}

TEST(DescribeRow, NamesIndexAndIdentity) {
  const Table table = stamped({testing::kFirstBar.nanoseconds}, {{"symbol", make_column(DataType::string(), {"AAPL"})},
                                                                 {"side", make_null_column(DataType::string(), 1)}});
  EXPECT_EQ(describe_row(table, 0, {.index = "t", .identity = {"symbol", "side"}}),
            "t 2024-01-02T00:00:00Z, symbol AAPL, side null");
}

}  // namespace
}  // namespace varve::table
