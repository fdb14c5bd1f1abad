#include "varve/table/select.h"

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::Cells;
using testing::cells;
using testing::expect_error;
using testing::Random;

Column numbers(const std::vector<int64_t>& values) { return make_column<int64_t>(DataType::int64(), values); }
Table one_column(const Column& column) { return Table(Schema({{"a", column.type()}}), {column}); }

TEST(Take, GivesRowsInTheOrderAskedFor) {
  const std::vector<int64_t> rows = {2, 0, 0, -1};
  EXPECT_EQ(cells(take(numbers({10, 11, 12}), rows)), (Cells{"12", "10", "10", std::nullopt}));
  EXPECT_EQ(take(numbers({10}), {}).length(), 0);
}

TEST(Take, ARowThatIsNotThereIsRefused) {
  for (const int64_t row : {int64_t{3}, int64_t{-2}, std::numeric_limits<int64_t>::max()}) {
    const std::vector<int64_t> rows = {0, row};
    expect_error(ErrorKind::kInvalidArgument, "of 3 rows", [&] { take(numbers({1, 2, 3}), rows); });
    expect_error(ErrorKind::kInvalidArgument, "of 3 rows", [&] { take(one_column(numbers({1, 2, 3})), rows); });
  }
}

TEST(Take, NullsCanBeTakenFromNothing) {
  const std::vector<int64_t> rows = {-1, -1};
  for (const DataType& type : testing::all_types()) {
    EXPECT_EQ(take(make_null_column(type, 0), rows).null_count(), 2) << to_string(type);
  }
}

TEST(Take, AgreesWithRowByRowModelOnAllTypes) {
  Random random;
  base::ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    const Table table = testing::random_table(random, {.rows = random.between(1, 150)});
    std::vector<int64_t> rows;
    const bool missing = random.one_in(2);
    for (int64_t at = random.between(0, 200); at > 0; --at) {
      rows.push_back(missing && random.one_in(5) ? -1 : random.between(0, table.num_rows() - 1));
    }
    const auto all = testing::rows(table);
    std::vector<Cells> expected;
    expected.reserve(rows.size());
    for (const int64_t row : rows) {
      expected.push_back(row < 0 ? Cells(table.num_columns()) : all[static_cast<size_t>(row)]);
    }
    EXPECT_EQ(testing::rows(take(table, rows, random.one_in(2) ? &pool : nullptr)), expected);
  }
}

TEST(Filter, KeepsTheRowsThatAreTrue) {
  const bool mask[] = {true, false, true, true};
  const Table result = filter(one_column(numbers({1, 2, 3, 4})),
                              make_column<bool>(DataType::boolean(), mask, {true, true, false, true}));
  EXPECT_EQ(cells(result.column(0)), (Cells{"1", "4"}));
}

TEST(Filter, AMaskOfAnotherShapeIsRefused) {
  const Table table = one_column(numbers({1, 2}));
  expect_error(ErrorKind::kInvalidArgument, "a mask of 2 int64", [&] { filter(table, numbers({1, 0})); });
  expect_error(ErrorKind::kInvalidArgument, "a mask of 1 boolean",
               [&] { filter(table, make_null_column(DataType::boolean(), 1)); });
}

TEST(Filter, AgreesWithRowByRowModelOnAllTypes) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const int64_t count = random.between(0, 300);
    const Table table = testing::random_table(random, {.rows = count});
    std::vector<Cells> expected;
    const Column mask = testing::random_column(random, DataType::boolean(), {.rows = count});
    const auto all = testing::rows(table);
    for (int64_t row = 0; row < count; ++row) {
      if (!mask.is_null(row) && mask.bits()[row]) expected.push_back(all[static_cast<size_t>(row)]);
    }
    EXPECT_EQ(testing::rows(filter(table, mask)), expected);
  }
}

TEST(Filter, AFullMaskCopiesNothing) {
  const Table bars = testing::make_bars(200);
  const auto flags = std::make_unique<bool[]>(200);
  std::fill_n(flags.get(), 200, true);
  const Table result = filter(bars, make_column<bool>(DataType::boolean(), std::span<const bool>(flags.get(), 200)));
  EXPECT_EQ(result.column("close").values<double>().data(), bars.column("close").values<double>().data());
}

TEST(Concatenate, PutsTablesOneAfterTheOther) {
  const std::vector<Table> pieces = {one_column(numbers({1})), one_column(numbers({})), one_column(numbers({2, 3}))};
  EXPECT_EQ(cells(concatenate(pieces).column(0)), (Cells{"1", "2", "3"}));
}

TEST(Concatenate, KeepsTheMetadataOfTheFirst) {
  const Table bars = testing::make_bars(3);
  const std::vector<Table> pieces = {bars.with_metadata({{"key", "a"}}), bars.with_metadata({{"key", "b"}})};
  EXPECT_EQ(concatenate(pieces).schema().metadata("key"), "a");
}

TEST(Concatenate, NothingOrDifferentSchemasAreRefused) {
  expect_error(ErrorKind::kInvalidArgument, "no tables", [] { concatenate(std::span<const Table>()); });
  expect_error(ErrorKind::kInvalidArgument, "no columns", [] { concatenate(std::span<const Column>()); });
  const std::vector<Table> tables = {one_column(numbers({1})), testing::make_bars(1)};
  expect_error(ErrorKind::kSchemaCompatibility, "different columns", [&] { concatenate(tables); });
  const std::vector<Column> columns = {numbers({1}), make_null_column(DataType::string(), 1)};
  expect_error(ErrorKind::kSchemaCompatibility, "int64 and string", [&] { concatenate(columns); });
}

TEST(Concatenate, OneTableAloneIsNotCopied) {
  const Table bars = testing::make_bars(20);
  EXPECT_EQ(concatenate({&bars, 1}).column("close").values<double>().data(),
            bars.column("close").values<double>().data());
}

TEST(Concatenate, DictionariesAreUnited) {
  const DataType type = DataType::dictionary(DataType::string());
  const std::vector<Column> pieces = {make_column(type, {"a", "b", std::nullopt}), make_column(type, {"b", "c"}),
                                      make_column(type, {"a"})};
  const Column united = concatenate(pieces);
  EXPECT_EQ(cells(united), (Cells{"a", "b", std::nullopt, "b", "c", "a"}));
  EXPECT_EQ(united.dictionary().length(), 3);
}

TEST(Concatenate, ASharedDictionaryStaysShared) {
  const Column column = make_column(DataType::dictionary(DataType::string()), {"a", "b", "a"});
  const std::vector<Column> pieces = {column.slice(0, 1), column.slice(1, 2)};
  EXPECT_EQ(&concatenate(pieces).dictionary(), &column.dictionary());
}

TEST(Concatenate, UnitesDictionariesOfNumbersAndBooleans) {
  const auto indexed = [](const Column& values, const std::vector<int32_t>& indices) {
    ColumnParts parts = make_column<int32_t>(DataType::int32(), indices).parts();
    parts.type = DataType::dictionary(values.type());
    parts.dictionary = std::make_shared<const Column>(values);
    return Column(parts, true);
  };
  const std::vector<Column> pieces = {indexed(numbers({7, 8}), {1, 0}), indexed(numbers({8, 9}), {0, 1})};
  EXPECT_EQ(cells(concatenate(pieces)), (Cells{"8", "7", "8", "9"}));
  const bool flags[] = {true, false};
  const Column booleans = make_column<bool>(DataType::boolean(), flags);
  const std::vector<Column> more = {indexed(booleans, {0, 1}), indexed(booleans.slice(1, 1), {0})};
  EXPECT_EQ(cells(concatenate(more)), (Cells{"true", "false", "false"}));
}

TEST(Concatenate, AgreesWithRowByRowModelOnAllTypes) {
  Random random;
  base::ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<Table> pieces;
    std::vector<Cells> expected;
    for (int64_t count = random.between(1, 5); count > 0; --count) {
      pieces.push_back(testing::random_table(random, {.rows = random.between(0, 100)}));
      for (auto& row : testing::rows(pieces.back())) expected.push_back(std::move(row));
    }
    EXPECT_EQ(testing::rows(concatenate(pieces, random.one_in(2) ? &pool : nullptr)), expected);
  }
}

TEST(Concatenate, PutsASplitTableTogetherAgain) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const Table table = testing::random_table(random, {.rows = 200});
    const int64_t at = random.between(0, 200);
    const std::vector<Table> pieces = {table.slice(0, at), table.slice(at, 200)};
    EXPECT_EQ(difference(concatenate(pieces), table), "");
  }
}

}  // namespace
}  // namespace varve::table
