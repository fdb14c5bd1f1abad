#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/builder.h"
#include "varve/table/select.h"
#include "varve/table/sort.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::Cells;
using testing::expect_error;
using testing::Random;

const DataType kMoment = DataType::timestamp(TimeUnit::kNano, "UTC");
const RowOrder kByTime{.index = "t"};
const RowOrder kBySymbol{.index = "t", .identity = {"symbol"}};

struct Row {
  int64_t at = 0;
  std::string symbol;
  std::optional<int64_t> value = 0;

  bool operator==(const Row&) const = default;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.at << " " << row.symbol << " " << (row.value ? std::to_string(*row.value) : "null");
}

Table table_of(const std::vector<Row>& rows, const DataType& symbol_type = DataType::dictionary(DataType::string())) {
  ColumnBuilder at(kMoment);
  ColumnBuilder symbol(symbol_type);
  ColumnBuilder value(DataType::int64());
  for (const Row& row : rows) {
    at.append_int64(row.at);
    symbol.append_bytes(row.symbol);
    if (row.value) {
      value.append_int64(*row.value);
    } else {
      value.append_null();
    }
  }
  return Table(Schema({{"t", kMoment}, {"symbol", symbol_type}, {"v", DataType::int64()}}),
               {at.finish(), symbol.finish(), value.finish()});
}

std::vector<Row> rows_of(const Table& table) {
  std::vector<Row> rows;
  const Column& value = table.column("v");
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    const auto position = static_cast<size_t>(row);
    rows.push_back({table.column("t").values<int64_t>()[position], std::string(table.column("symbol").bytes_at(row)),
                    value.is_null(row) ? std::nullopt : std::optional(value.values<int64_t>()[position])});
  }
  return rows;
}

using Rows = std::vector<Row>;
using Counts = std::array<int64_t, 4>;  // added, replaced, unchanged, ignored
Counts counts(const MergeResult& result) {
  return {result.rows_added, result.rows_replaced, result.rows_unchanged, result.rows_ignored};
}

TEST(Merge, AppendsWhatComesAfterTheEnd) {
  const MergeResult result =
      merge(table_of({{1, "A", 1}}), table_of({{2, "A", 2}, {3, "A", 3}}), kByTime, OnConflict::kError);
  EXPECT_EQ(rows_of(result.table), (Rows{{1, "A", 1}, {2, "A", 2}, {3, "A", 3}}));
  EXPECT_EQ(counts(result), (Counts{2, 0, 0, 0}));
}

TEST(Merge, WithNothingOnEitherSideIsTheOther) {
  const Table table = table_of({{1, "A", 1}, {2, "A", 2}});
  const Table nothing = table.slice(0, 0);
  for (const OnConflict rule : {OnConflict::kKeepBoth, OnConflict::kError, OnConflict::kIgnore, OnConflict::kReplace}) {
    EXPECT_TRUE(equals(merge(table, nothing, kByTime, rule).table, table));
    EXPECT_TRUE(equals(merge(nothing, table, kByTime, rule).table, table));
    EXPECT_EQ(merge(nothing, table, kByTime, rule).rows_added, 2);
    EXPECT_EQ(merge(nothing, nothing, kByTime, rule).table.num_rows(), 0);
  }
}

TEST(Merge, KeepsBothWithTheOldBeforeTheNew) {
  const MergeResult result = merge(table_of({{1, "A", 1}, {2, "A", 2}, {2, "A", 3}}),
                                   table_of({{2, "A", 4}, {2, "A", 5}, {3, "A", 6}}), kByTime, OnConflict::kKeepBoth);
  EXPECT_EQ(rows_of(result.table),
            (Rows{{1, "A", 1}, {2, "A", 2}, {2, "A", 3}, {2, "A", 4}, {2, "A", 5}, {3, "A", 6}}));
  EXPECT_EQ(result.rows_added, 3);
}

TEST(Merge, ErrorShowsTheFirstRowThatIsThereAlready) {
  const Table older = table_of({{0, "A", 1}, {60'000'000'000, "A", 2}, {60'000'000'000, "B", 2}});
  expect_error(ErrorKind::kAlreadyExists, "t 1970-01-01T00:01:00Z, symbol B", [&] {
    merge(older, table_of({{1, "A", 1}, {60'000'000'000, "B", 2}}), kBySymbol, OnConflict::kError);
  });
  expect_error(ErrorKind::kAlreadyExists, "symbol Z", [&] {
    merge(older, table_of({{1, "Z", 1}, {1, "Z", 2}}), kBySymbol, OnConflict::kError);
  });
}

TEST(Merge, IgnoreLeavesTheOldRow) {
  const MergeResult result =
      merge(table_of({{1, "A", 1}}), table_of({{1, "A", 9}, {1, "B", 2}, {1, "B", 3}}), kBySymbol, OnConflict::kIgnore);
  EXPECT_EQ(rows_of(result.table), (Rows{{1, "A", 1}, {1, "B", 2}}));
  EXPECT_EQ(counts(result), (Counts{1, 0, 0, 2}));
}

TEST(Merge, ReplaceTellsChangedRowsFromEqualOnes) {
  const MergeResult result = merge(table_of({{1, "A", 1}, {1, "B", std::nullopt}, {2, "A", 3}}),
                                   table_of({{1, "A", 9}, {1, "B", std::nullopt}, {2, "A", std::nullopt}, {3, "A", 4}}),
                                   kBySymbol, OnConflict::kReplace);
  EXPECT_EQ(rows_of(result.table), (Rows{{1, "A", 9}, {1, "B", std::nullopt}, {2, "A", std::nullopt}, {3, "A", 4}}));
  EXPECT_EQ(counts(result), (Counts{1, 2, 1, 0}));
}

TEST(Merge, ReplaceByEqualRowsReturnsTheOldTableItself) {
  const Table bars = testing::make_bars(10'000);
  const MergeResult result =
      merge(bars, testing::make_bars(10'000).slice(100, 9000), {.index = "timestamp"}, OnConflict::kReplace);
  EXPECT_EQ(result.table.column("close").values<double>().data(), bars.column("close").values<double>().data());
  EXPECT_EQ(counts(result), (Counts{0, 0, 9000, 0}));
}

TEST(Merge, RowsOfOneIdentityArriveOneAfterTheOther) {
  const MergeResult result =
      merge(table_of({{1, "A", 1}}), table_of({{1, "A", 2}, {1, "A", 2}, {1, "A", 3}, {2, "A", 4}, {2, "A", 5}}),
            kBySymbol, OnConflict::kReplace);
  EXPECT_EQ(rows_of(result.table), (Rows{{1, "A", 3}, {2, "A", 5}}));
  EXPECT_EQ(counts(result), (Counts{1, 3, 1, 0}));
}

TEST(Merge, DifferentSchemasAreRefused) {
  expect_error(ErrorKind::kSchemaCompatibility, "merged",
               [] { merge(table_of({}), testing::make_bars(1), kByTime, OnConflict::kError); });
}

TEST(Merge, UntimedTablesMergeByIdentityAlone) {
  const RowOrder order{.identity = {"symbol"}};
  const MergeResult result =
      merge(table_of({{5, "A", 1}, {4, "C", 1}}), table_of({{3, "B", 2}, {9, "C", 2}}), order, OnConflict::kReplace);
  EXPECT_EQ(rows_of(result.table), (Rows{{5, "A", 1}, {3, "B", 2}, {9, "C", 2}}));
}

TEST(Merge, OldDuplicatesAreKeptAndTheLastIsMet) {
  const MergeResult result =
      merge(table_of({{1, "A", 1}, {1, "A", 2}}), table_of({{1, "A", 3}}), kBySymbol, OnConflict::kReplace);
  EXPECT_EQ(rows_of(result.table), (Rows{{1, "A", 1}, {1, "A", 3}}));
}

// The same, a row at a time into a map.
struct Model {
  std::map<std::pair<int64_t, std::string>, std::optional<int64_t>> rows;
  Counts counts{};

  void add(const Row& row, OnConflict rule) {
    const auto [at, is_new] = rows.try_emplace({row.at, row.symbol}, row.value);
    if (is_new) {
      ++counts[0];
    } else if (rule == OnConflict::kIgnore) {
      ++counts[3];
    } else {
      ++counts[at->second == row.value ? 2 : 1];
      at->second = row.value;
    }
  }
  Rows sorted() const {
    Rows result;
    for (const auto& [key, value] : rows) result.push_back({key.first, key.second, value});
    return result;
  }
};

Rows random_rows(Random& random, int64_t count, int64_t span) {
  Rows rows;
  for (int64_t row = 0; row < count; ++row) {
    rows.push_back({random.between(0, span), random.one_in(2) ? "A" : "BB",
                    random.one_in(8) ? std::nullopt : std::optional(random.between(0, 2))});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& left, const Row& right) {
    return std::tie(left.at, left.symbol) < std::tie(right.at, right.symbol);
  });
  return rows;
}

TEST(Merge, AgreesWithRowByRowModel) {
  Random random;
  for (int round = 0; round < 300; ++round) {
    const OnConflict rule = random.one_in(2) ? OnConflict::kIgnore : OnConflict::kReplace;
    const int64_t span = random.pick(std::vector<int64_t>{5, 60, 1000});
    const DataType symbol = random.one_in(2) ? DataType::string() : DataType::dictionary(DataType::string());
    Model model;
    for (const Row& row : random_rows(random, random.between(0, 100), span)) model.add(row, OnConflict::kReplace);
    const Rows older = model.sorted();
    const Rows newer = random_rows(random, random.between(0, 100), span);
    model.counts = {};
    for (const Row& row : newer) model.add(row, rule);
    const MergeResult result = merge(table_of(older, symbol), table_of(newer, symbol), kBySymbol, rule);
    ASSERT_EQ(rows_of(result.table), model.sorted());
    ASSERT_EQ(counts(result), model.counts);
  }
}

TEST(Merge, KeepBothAgreesWithStableSortOfBoth) {
  Random random;
  for (int round = 0; round < 100; ++round) {
    const Table older = table_of(random_rows(random, random.between(0, 100), 50));
    const Table newer = table_of(random_rows(random, random.between(0, 100), 50));
    const std::vector<Table> both = {older, newer};
    const RowOrder& order = random.one_in(2) ? kByTime : kBySymbol;
    ASSERT_EQ(rows_of(merge(older, newer, order, OnConflict::kKeepBoth).table),
              rows_of(sort(concatenate(both), order)));
  }
}

TEST(Merge, AnySplitOfTheInputGivesTheSameSeries) {
  Random random;
  const Table trades = testing::make_trades(500);
  const RowOrder order{.index = "timestamp", .identity = {"trade_id"}};
  for (int round = 0; round < 30; ++round) {
    std::vector<std::vector<int64_t>> parts(static_cast<size_t>(random.between(1, 6)));
    for (int64_t row = 0; row < 500; ++row) parts[random.next() % parts.size()].push_back(row);
    Table series = trades.slice(0, 0);
    for (const auto& part : parts) series = merge(series, take(trades, part), order, OnConflict::kError).table;
    ASSERT_EQ(difference(series, trades), "");
  }
}

TEST(Merge, KeepsRowsOfAllTypesTogether) {
  Random random;
  for (int round = 0; round < 10; ++round) {
    const Table plain = testing::random_table(random, {.rows = 200});
    std::vector<int64_t> at(200);
    for (size_t row = 0; row < 200; ++row) at[row] = static_cast<int64_t>(row) * 10;
    const Table whole = plain.with_column({"t", kMoment}, make_column<int64_t>(kMoment, at));
    std::vector<int64_t> left;
    std::vector<int64_t> right;
    for (int64_t row = 0; row < 200; ++row) (random.one_in(3) ? left : right).push_back(row);
    const MergeResult result = merge(take(whole, left), take(whole, right), kByTime, OnConflict::kReplace);
    EXPECT_EQ(difference(result.table, whole), "");
  }
}

}  // namespace
}  // namespace varve::table
