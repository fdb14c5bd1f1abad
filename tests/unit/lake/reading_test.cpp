#include "varve/lake/reading.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/table/predicate/parse.h"
#include "varve/table/print.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"
#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Random;
using testing::Row;
using testing::Rows;
using testing::to_rows;
using testing::to_table;

using Names = std::vector<std::string>;
using Seconds = std::vector<std::pair<std::string, int64_t>>;  // keys and the seconds of their rows

// Every row as text, cells joined by commas.
Names texts(const Table& table) {
  Names rows;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    std::string& text = rows.emplace_back();
    for (size_t column = 0; column < table.num_columns(); ++column) {
      text += (column > 0 ? "," : "") + table::value_text(table.column(column), row);
    }
  }
  return rows;
}

Table all_of(Batches batches) {
  std::vector<Table> tables{Table::empty(batches.schema())};
  while (auto table = batches.next()) tables.push_back(*std::move(table));
  return table::concatenate(tables);
}

class ReadingTest : public ::testing::Test {
 protected:
  Lake open() { return Lake::open(directory_ / "lake", {.publish_delay = {}}); }
  void write(const std::string& key, const Rows& rows, int64_t target_rows = 1000) {
    lake_.write(key, to_table(rows), {.series = {.target_rows_per_file = target_rows}});
  }
  void write_without_identity(const std::string& key, const Rows& rows) {
    lake_.write(key, to_table(rows), {.series = {.identity = Names{}, .target_rows_per_file = 3}});
  }
  Rows rows(const ReadOptions& options) { return to_rows(lake_.read("k", options)); }

  testing::TempDirectory directory_ = testing::make_quick_directory();
  Lake lake_ = open();
};

TEST_F(ReadingTest, OnlyRowsThatMeetTheConditionAreRead) {
  write("k", {{0, 5}, {1, 50}, {2, 7}, {3, 70}, {4, 9}}, 2);
  const Predicate large = ColumnName("value") > int64_t{8};
  EXPECT_EQ(rows({.where = large}), Rows({{1, 50}, {3, 70}, {4, 9}}));
  EXPECT_EQ(rows({.start = testing::at_second(2), .where = large}), Rows({{3, 70}, {4, 9}}));
  EXPECT_EQ(rows({.where = large, .limit = 2}), Rows({{1, 50}, {3, 70}}));
  EXPECT_EQ(to_rows(lake_.tail("k", 2, {.where = large})), Rows({{3, 70}, {4, 9}}));
  EXPECT_EQ(to_rows(lake_.head("k", 1, {.where = large})), Rows({{1, 50}}));
  EXPECT_EQ(texts(lake_.read("k", {.columns = Names{"timestamp"}, .where = ColumnName("value") == int64_t{70}})),
            Names({"1970-01-01T00:00:03Z"}));
}

TEST_F(ReadingTest, AConditionMeansTheColumnsOfTheSeries) {
  write("k", {{0, 5}, {1, 50}}, 2);
  const Table more = to_table({{2, 7}}).with_column({"extra", DataType::float64()},
                                                    make_column<double>(DataType::float64(), std::vector<double>{1.5}));
  lake_.append("k", more);
  const auto values = [&](const Predicate& where) {
    return texts(lake_.read("k", {.columns = Names{"value"}, .where = where}));
  };
  EXPECT_EQ(values(ColumnName("extra") > 1.0), Names({"7"}));
  EXPECT_EQ(values(Predicate::is_null("extra")), Names({"5", "50"}));
  EXPECT_EQ(values(ColumnName("value") < int64_t{10}), Names({"5", "7"}));
  expect_error(ErrorKind::kNotFound, "nothing", [&] { values(ColumnName("nothing") > 1.0); });
  expect_error(ErrorKind::kInvalidArgument, "value", [&] { values(ColumnName("value") == std::string("x")); });
}

TEST_F(ReadingTest, BatchesHaveAsManyRowsAsAskedFor) {
  write("k", testing::run_of(0, 10), 4);
  Batches batches = lake_.read_batches("k", {}, 3);
  std::vector<int64_t> sizes;
  while (const auto table = batches.next()) sizes.push_back(table->num_rows());
  EXPECT_EQ(sizes, std::vector<int64_t>({3, 3, 3, 1}));
  EXPECT_FALSE(batches.next());
  expect_error(ErrorKind::kInvalidArgument, "batch_rows", [&] { static_cast<void>(lake_.read_batches("k", {}, 0)); });
}

TEST_F(ReadingTest, BatchesShowOneVersionWhateverHappens) {
  write("k", testing::run_of(0, 10), 4);
  Batches batches = lake_.read_batches("k", {}, 3);
  Rows rows = to_rows(*batches.next());
  lake_.write("k", to_table({{100, 1}}));
  lake_.vacuum("k", {.all_for = Duration{}, .hourly_for = Duration{}});
  while (const auto table = batches.next()) {
    for (const Row& row : to_rows(*table)) rows.push_back(row);
  }
  EXPECT_EQ(rows, testing::run_of(0, 10));
  EXPECT_EQ(to_rows(lake_.read("k")), Rows({{100, 1}}));
}

TEST_F(ReadingTest, BatchesKeepTheLakeOpenButNotBeyondClose) {
  write("k", testing::run_of(0, 10));
  Batches batches = lake_.read_batches("k", {}, 3);
  { const Lake gone = std::move(lake_); }
  EXPECT_EQ(batches.next()->num_rows(), 3);
  lake_ = open();
  Batches others = lake_.read_batches("k", {}, 3);
  lake_.close();
  expect_error(ErrorKind::kInvalidArgument, "closed", [&] { others.next(); });
}

TEST_F(ReadingTest, ManySeriesComeOneUnderTheOther) {
  write("b", {{0, 1}, {1, 2}});
  write("a", {{5, 3}});
  const Table table = lake_.read_many({"b", "a"});
  EXPECT_EQ(texts(table), Names({"b,1970-01-01T00:00:00Z,1", "b,1970-01-01T00:00:01Z,2", "a,1970-01-01T00:00:05Z,3"}));
  EXPECT_EQ(table.schema()[0].type, DataType::dictionary(DataType::string()));
  EXPECT_EQ(
      texts(lake_.read_many({"b", "a"}, {.read = {.columns = Names{"value"}, .limit = 1}, .key_column = "series"})),
      Names({"b,1", "a,3"}));
  EXPECT_EQ(lake_.read_many({"b", "a"}, {.read = {.start = testing::at_second(7)}}).num_rows(), 0);
  EXPECT_EQ(lake_.read_many({}).num_rows(), 0);
}

TEST_F(ReadingTest, SeriesOfOtherColumnsGetNulls) {
  write("a", {{0, 1}});
  lake_.write("b", to_table({{1, 2}}).with_column({"extra", DataType::boolean()},
                                                  make_column<bool>(DataType::boolean(), std::array{true})));
  EXPECT_EQ(texts(lake_.read_many({"a", "b"})), Names({"a,1970-01-01T00:00:00Z,1,", "b,1970-01-01T00:00:01Z,2,true"}));
  EXPECT_EQ(texts(lake_.read_many({"a", "b"}, {.read = {.columns = Names{"extra", "value"}}})),
            Names({"a,,1", "b,true,2"}));
  expect_error(ErrorKind::kNotFound, "other", [&] {
    static_cast<void>(lake_.read_many({"a", "b"}, {.read = {.columns = Names{"other"}}}));
  });
}

TEST_F(ReadingTest, APivotHasAColumnForEachKey) {
  write("a", {{0, 1}, {2, 3}});
  write("b", {{1, 5}, {2, 6}});
  write("c", {});
  const Table wide = lake_.read_many({"a", "b", "c"}, {.pivot = "value"});
  EXPECT_EQ(wide.schema().fields().size(), 4U);
  EXPECT_EQ(wide.schema()[2].name, "b");
  EXPECT_EQ(texts(wide), Names({"1970-01-01T00:00:00Z,1,,", "1970-01-01T00:00:01Z,,5,", "1970-01-01T00:00:02Z,3,6,"}));
}

TEST_F(ReadingTest, WhatCannotBePivotedIsRefused) {
  write("a", {{0, 1}});
  write_without_identity("twice", {{7, 1}, {7, 2}});
  write("timestamp", {{0, 1}});
  const auto refused = [&](const Names& keys, const std::string& pivot, std::string_view part) {
    expect_error(ErrorKind::kInvalidArgument, part,
                 [&] { static_cast<void>(lake_.read_many(keys, {.pivot = pivot})); });
  };
  refused({"a", "twice"}, "value", "\"twice\" has more than one row at 1970-01-01T00:00:07Z");
  refused({"a", "timestamp"}, "value", "timestamp");
  refused({"a", "a"}, "value", "twice");
  refused({"a"}, "timestamp", "index");
  expect_error(ErrorKind::kNotFound, "other", [&] { static_cast<void>(lake_.read_many({"a"}, {.pivot = "other"})); });
}

TEST_F(ReadingTest, ManySeriesMustBeThereAndTheirNamesFree) {
  write("a", {{0, 1}});
  expect_error(ErrorKind::kNotFound, "gone", [&] { static_cast<void>(lake_.read_many({"a", "gone"})); });
  expect_error(ErrorKind::kNotFound, "gone", [&] { static_cast<void>(lake_.replay({"a", "gone"})); });
  expect_error(ErrorKind::kInvalidArgument, "value",
               [&] { static_cast<void>(lake_.read_many({"a"}, {.key_column = "value"})); });
  expect_error(ErrorKind::kPathTraversal, "..", [&] { static_cast<void>(lake_.read_many({"../a"})); });
}

TEST_F(ReadingTest, ManySeriesAreReadAsTheyWereInASnapshot) {
  write("a", {{0, 1}});
  write("b", {{0, 2}});
  lake_.make_snapshot("then");
  write("a", {{0, 9}});
  EXPECT_EQ(texts(lake_.read_many({"a", "b"}, {.read = {.columns = Names{"value"}, .as_of = "then"}})),
            Names({"a,1", "b,2"}));
  EXPECT_EQ(lake_.read_batches("a", {.as_of = 1}).next()->num_rows(), 1);
  expect_error(ErrorKind::kNotFound, "no version 0", [&] { static_cast<void>(lake_.read("a", {.as_of = 0})); });
}

TEST_F(ReadingTest, AReplayIsInOrderOfTimeAndThenOfKeys) {
  write("b", {{0, 1}, {2, 2}, {3, 3}}, 2);
  write("a", {{0, 4}, {2, 5}, {9, 6}}, 2);
  const Names expected = {"b,1", "a,4", "b,2", "a,5", "b,3", "a,6"};
  EXPECT_EQ(texts(all_of(lake_.replay({"b", "a"}, {.read = {.columns = Names{"value"}}}))), expected);
  EXPECT_EQ(texts(all_of(lake_.replay({"b", "a"}, {.read = {.columns = Names{"value"}}, .batch_rows = 1}))), expected);
  EXPECT_EQ(texts(all_of(lake_.replay({"b", "a"}, {.read = {.columns = Names{"value"}, .limit = 3}}))),
            Names({"b,1", "a,4", "b,2"}));
  EXPECT_EQ(all_of(lake_.replay({})).num_rows(), 0);
}

// Series of random rows in random files, some without identity, and what all ways to read them make of them.
class ReadingProperty : public ReadingTest {
 protected:
  void make_series(Random& random, const std::string& key) {
    const int64_t count = random.between(0, 300);
    Rows rows;
    for (int64_t row = 0; row < count; ++row) rows.emplace_back(random.between(0, 400), random.between(0, 20));
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.first < b.first; });
    lake_.write(key, to_table(rows), {.series = {.identity = Names{}, .target_rows_per_file = 37}});
  }
  ReadOptions random_options(Random& random) {
    ReadOptions options;
    if (random.one_in(2)) options.start = testing::at_second(random.between(0, 300));
    if (random.one_in(2)) options.end = testing::at_second(random.between(100, 400));
    if (random.one_in(2)) options.where = ColumnName("value") > random.between(0, 20);
    return options;
  }
};

TEST_F(ReadingProperty, EveryWayToReadGivesTheSameRows) {
  Random random;
  const Names keys = {"c", "a", "b"};
  for (int round = 0; round < 20; ++round) {
    for (const std::string& key : keys) make_series(random, key);
    const ReadOptions options = random_options(random);
    std::vector<std::tuple<int64_t, size_t, int64_t>> merged;  // time, key, place
    Names stacked;
    Names by_place;
    for (size_t key = 0; key < keys.size(); ++key) {
      const Table plain = lake_.read(keys[key], options);
      EXPECT_EQ(difference(all_of(lake_.read_batches(keys[key], options, random.between(1, 70))), plain), "");
      for (const std::string& text : texts(plain)) stacked.push_back(keys[key] + "," + text);
      for (const Row& row : to_rows(plain)) merged.emplace_back(row.first, key, std::ssize(merged));
    }
    EXPECT_EQ(texts(lake_.read_many(keys, {.read = options})), stacked);
    std::sort(merged.begin(), merged.end());
    for (const auto& [time, key, place] : merged) by_place.push_back(stacked[static_cast<size_t>(place)]);
    const ReplayOptions replay{.read = options, .batch_rows = random.between(1, 70)};
    EXPECT_EQ(texts(all_of(lake_.replay(keys, replay))), by_place);
  }
}

// A date is no moment, which clocks of a zone would show as another day.
class DatesTest : public ReadingTest {
 protected:
  DatesTest() {
    const std::vector<int32_t> days = {10, 11, 12, 13};
    const std::vector<double> closes = {1, 2, 3, 4};
    lake_.write(
        "d", Table(Schema({{.name = "date", .type = DataType::date()}, {.name = "close", .type = DataType::float64()}}),
                   {make_column<int32_t>(DataType::date(), days), make_column<double>(DataType::float64(), closes)}));
  }

  static constexpr const char* kDay = "1970-01-12";
  const std::string zone_ = "America/New_York";
};

TEST_F(DatesTest, ADayIsThatDateWhateverTheZone) {
  for (const TimeBound& day : {TimeBound(kDay), TimeBound(Date{11})}) {
    const ReadOptions options{.start = day, .end = day, .zone = zone_};
    const Names expected = {"1970-01-12,2.0"};
    EXPECT_EQ(texts(lake_.read("d", options)), expected);
    EXPECT_EQ(texts(lake_.tail("d", 5, options)), expected);
    EXPECT_EQ(texts(all_of(lake_.read_batches("d", options))), expected);
    EXPECT_EQ(lake_.read_many({"d"}, {.read = options}).num_rows(), 1);
    EXPECT_EQ(all_of(lake_.replay({"d"}, {.read = options})).num_rows(), 1);
  }
}

TEST_F(DatesTest, ADayThatGoesIsThatDateWhateverTheZone) {
  const Table day = lake_.read("d", {.start = kDay, .end = kDay});
  EXPECT_EQ(lake_.replace("d", day, {.start = kDay, .end = kDay, .zone = zone_}).rows_unchanged, 1);
  lake_.record_coverage("d",
                        {.received = {{parse_timestamp("1970-01-12T00:00Z"), parse_timestamp("1970-01-13T00:00Z")}}});
  EXPECT_EQ(lake_.coverage("d", {.start = kDay, .end = kDay, .zone = zone_}).received.size(), 1U);
  EXPECT_TRUE(lake_.missing("d", {.start = kDay, .end = kDay, .zone = zone_}).empty());
  lake_.remove_range("d", {.start = kDay, .end = kDay, .zone = zone_});
  EXPECT_EQ(texts(lake_.read("d")), Names({"1970-01-11,1.0", "1970-01-13,3.0", "1970-01-14,4.0"}));
  lake_.retain("d", RowAge("1970-01-13", zone_));
  EXPECT_EQ(texts(lake_.read("d")), Names({"1970-01-13,3.0", "1970-01-14,4.0"}));
}

}  // namespace
}  // namespace varve
