#include "varve/table/table.h"

#include <cmath>

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Random;

Column numbers(const std::vector<int64_t>& values, const std::vector<bool>& valid = {}) {
  return make_column<int64_t>(DataType::int64(), values, valid);
}
Column floats(const std::vector<double>& values) { return make_column<double>(DataType::float64(), values); }

const Schema kAB({{"a", DataType::int64()}, {"b", DataType::int64()}});
const Table kTable(kAB, {numbers({1, 2, 3}), numbers({4, 5, 6})});

TEST(Table, ColumnsMustFitTheSchema) {
  const auto refused = [](std::string_view part, const std::vector<Column>& columns) {
    expect_error(ErrorKind::kInvalidArgument, part, [&] { Table(kAB, columns); });
  };
  refused("a schema of 2 columns for 1", {numbers({1})});
  refused("column b has 1 rows", {numbers({1, 2}), numbers({1})});
  refused("column b is of type float64", {numbers({1}), floats({1})});
}

TEST(Table, AFieldThatMayNotHoldNullsHoldsNone) {
  expect_error(ErrorKind::kInvalidArgument, "column a may not hold nulls but has 1", [] {
    Table(Schema({{"a", DataType::int64(), false}}), {numbers({1}, {false})});
  });
}

TEST(Table, SliceLeavesOutWhatLiesBeyondTheEnd) {
  EXPECT_EQ(kTable.slice(1, 10).num_rows(), 2);
  EXPECT_EQ(kTable.slice(7, 1).num_rows(), 0);
  EXPECT_EQ(kTable.slice(1, 1).column("b").values<int64_t>()[0], 5);
  expect_error(ErrorKind::kInvalidArgument, "slice", [] { (void)kTable.slice(-1, 1); });
}

TEST(Table, SelectTakesColumnsInTheOrderNamed) {
  const std::vector<std::string> names = {"b", "a"};
  EXPECT_EQ(kTable.select(names).schema()[0].name, "b");
  EXPECT_EQ(kTable.select({}).num_rows(), 3);
  const std::vector<std::string> missing = {"c"};
  expect_error(ErrorKind::kNotFound, "no column c", [&] { (void)kTable.select(missing); });
  const std::vector<std::string> twice = {"a", "a"};
  expect_error(ErrorKind::kInvalidArgument, "two columns", [&] { (void)kTable.select(twice); });
}

TEST(Table, WithColumnReplacesOrAdds) {
  const Table changed = kTable.with_column({"a", DataType::float64()}, floats({1, 2, 3}));
  EXPECT_EQ(changed.schema()[0].type, DataType::float64());
  EXPECT_EQ(kTable.with_column({"c", DataType::int64()}, numbers({7, 8, 9})).num_columns(), 3U);
  expect_error(ErrorKind::kInvalidArgument, "rows", [] {
    (void)kTable.with_column({"c", DataType::int64()}, numbers({7}));
  });
}

TEST(Table, EmptyHasTheColumnsAndNoRows) {
  const Table table = Table::empty(kAB);
  EXPECT_EQ(table.schema(), kAB);
  EXPECT_EQ(table.num_rows(), 0);
}

TEST(Equality, NullsEqualNullsWhateverLiesUnderThem) {
  EXPECT_TRUE(equals(numbers({1, 2}, {true, false}), numbers({1, 9}, {true, false})));
  EXPECT_FALSE(equals(numbers({1, 2}, {true, false}), numbers({1, 2})));
  EXPECT_FALSE(equals(numbers({1, 2}, {true, false}), numbers({1, 2}, {false, true})));
}

TEST(Equality, FloatsAreComparedBitByBitButForNaN) {
  EXPECT_TRUE(equals(floats({std::nan("1")}), floats({-std::nan("2")})));
  EXPECT_FALSE(equals(floats({0.0}), floats({-0.0})));
  EXPECT_FALSE(equals(floats({std::nan("")}), floats({1.0})));
}

TEST(Equality, DictionariesAreComparedByTheirValues) {
  const DataType type = DataType::dictionary(DataType::string());
  EXPECT_TRUE(equals(make_column(type, {"x", "a", "b"}).slice(1, 2), make_column(type, {"a", "b"})));
  EXPECT_FALSE(equals(make_column(type, {"a", "b"}), make_column(type, {"b", "a"})));
}

TEST(Equality, TypesAndLengthsMustAgree) {
  EXPECT_FALSE(equals(numbers({1}), numbers({1, 1})));
  EXPECT_FALSE(equals(floats({1}), numbers({1})));
}

TEST(Equality, HoldsForCopiesOfRandomTablesAndSeesOneChangedRow) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const Table table = testing::random_table(random, {.rows = 60});
    EXPECT_TRUE(equals(table, table.slice(0, 60)));
    EXPECT_EQ(difference(table, table), "");
    const Table other = testing::random_table(random, {.rows = 60});
    EXPECT_EQ(equals(table, other), testing::rows(table) == testing::rows(other));
  }
}

TEST(Difference, SaysWhereAndWhat) {
  const Table left(Schema({{"close", DataType::float64()}}), {floats({1, 2, 3, 1.5})});
  const Table right(Schema({{"close", DataType::float64()}}), {floats({1, 2, 3, 1.25})});
  EXPECT_EQ(difference(left, right), "column close, row 3: 1.5 against 1.25");
  EXPECT_EQ(difference(left, right.slice(0, 2)), "4 rows against 2");
  EXPECT_NE(difference(left, kTable), "");
}

TEST(Difference, IsFoundFarFromTheBeginning) {
  std::vector<int64_t> values(100'000, 7);
  const Column left = numbers(values);
  values[99'999] = 8;
  const Schema schema({{"a", DataType::int64()}});
  EXPECT_EQ(difference(Table(schema, {left}), Table(schema, {numbers(values)})), "column a, row 99999: 7 against 8");
}

TEST(Bars, LookLikeAMarket) {
  const Table bars = testing::make_bars(100);
  const auto high = bars.column("high").values<double>();
  const auto low = bars.column("low").values<double>();
  for (size_t row = 0; row < 100; ++row) EXPECT_GE(high[row], low[row]);
  EXPECT_TRUE(equals(bars, testing::make_bars(100)));
  EXPECT_EQ(testing::make_trades(100).num_columns(), 6U);
}

}  // namespace
}  // namespace varve
