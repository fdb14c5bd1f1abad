// How the columns of a series change: by rows that bring other ones, by dropping, by renaming.
#include <gmock/gmock.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/parquet/reader.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::FakeClock;

std::vector<std::string> names_of(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields()) names.push_back(field.name);
  return names;
}

// Rows at these seconds with one more column.
template <typename T>
Table with(const std::vector<int64_t>& seconds, const std::string& name, const DataType& type,
           const std::vector<T>& values) {
  testing::Rows rows;
  for (const int64_t second : seconds) rows.emplace_back(second, second);
  return testing::to_table(rows).with_column({name, type}, make_column<T>(type, values));
}

class ColumnsTest : public ::testing::Test {
 protected:
  Lake open() { return Lake::open(directory_ / "lake", {.publish_delay = {}, .clock = &clock_}); }

  Table read(const Lake& lake, std::optional<AsOf> as_of = {}) {
    ReadOptions options;
    options.as_of = std::move(as_of);
    return lake.read("k", options);
  }
  // Each visible file as anybody reads it.
  std::vector<Schema> visible_schemas(const Lake& lake) {
    const auto files = base::make_system_file_system();
    std::vector<Schema> schemas;
    for (const std::string& name : lake.files("k")) {
      const std::string path = base::join_path(lake.root(), name);
      schemas.push_back(parquet::Reader::open(files->open(path, base::OpenMode::kRead), path).schema());
    }
    return schemas;
  }
  // `older` and then `newer`, appended.
  DataType type_after(const DataType& older, const DataType& newer) {
    Lake lake = open();
    const std::string key = "t" + std::to_string(++series_);
    lake.append(key, testing::to_table({{1, 1}}).with_column({"v", older}, make_null_column(older, 1)));
    lake.append(key, testing::to_table({{2, 2}}).with_column({"v", newer}, make_null_column(newer, 1)));
    const Schema schema = lake.info(key).schema;
    EXPECT_EQ(lake.read(key).num_rows(), 2);
    EXPECT_TRUE(lake.verify(key).clean());
    return schema[schema.position_of("v")].type;
  }

  int series_ = 0;
  FakeClock clock_;
  testing::TempDirectory directory_ = testing::make_quick_directory();
};

TEST_F(ColumnsTest, NewColumnsAreNullInOldRowsAndMissingOnesInNewRows) {
  Lake lake = open();
  lake.append("k", with<double>({1, 2}, "a", DataType::float64(), {1.5, 2.5}));
  lake.append("k", with<int64_t>({3}, "b", DataType::int64(), {7}));
  const Table rows = read(lake);
  EXPECT_THAT(names_of(rows.schema()), ElementsAre("timestamp", "value", "a", "b"));
  EXPECT_EQ(rows.column("a").null_count(), 1);
  EXPECT_TRUE(rows.column("a").is_null(2));
  EXPECT_EQ(rows.column("b").null_count(), 2);
  EXPECT_EQ(rows.column("b").values<int64_t>()[2], 7);
}

TEST_F(ColumnsTest, TypesWidenWhereNothingIsLost) {
  const DataType int8{.id = TypeId::kInt8};
  const DataType uint8{.id = TypeId::kUInt8};
  const DataType uint32{.id = TypeId::kUInt32};
  EXPECT_EQ(type_after(int8, DataType::int32()), DataType::int32());
  EXPECT_EQ(type_after(DataType::int64(), int8), DataType::int64());
  EXPECT_EQ(type_after(uint8, int8), DataType{.id = TypeId::kInt16});
  EXPECT_EQ(type_after(uint32, int8), DataType::int64());
  EXPECT_EQ(type_after(DataType::float32(), DataType::float64()), DataType::float64());
  EXPECT_EQ(type_after(DataType::int64(), DataType::float32()), DataType::float64());
  EXPECT_EQ(type_after(DataType::null(), DataType::string()), DataType::string());
  EXPECT_EQ(type_after(DataType::decimal(9, 2), DataType::decimal(10, 5)), DataType::decimal(12, 5));
}

TEST_F(ColumnsTest, AColumnHasOneTypeInAllVisibleFiles) {
  Lake lake = open();
  const DataType int32 = DataType::int32();
  lake.append("k", with<int32_t>({1, 2, 3, 4, 5}, "v", int32, {1, 2, 3, 4, 5}));
  lake.append("k", with<int32_t>({6}, "v", int32, {6}));
  lake.append("k", with<double>({7}, "v", DataType::float64(), {7.5}));
  ASSERT_GE(visible_schemas(lake).size(), 2U);
  for (const Schema& schema : visible_schemas(lake)) {
    EXPECT_EQ(schema[schema.position_of("v")].type, DataType::float64());
  }
  EXPECT_THAT(read(lake).column("v").values<double>(), ElementsAre(1, 2, 3, 4, 5, 6, 7.5));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(ColumnsTest, UntimedRowsStayInTheOrderOfTheirArrival) {
  Lake lake = open();
  const auto add = [&](const DataType& type, const Column& column) {
    lake.append("u", Table(Schema({{"v", type}}), {column}), {.series = {.index = "", .target_rows_per_file = 2}});
  };
  for (const int32_t value : {3, 1, 2}) {
    add(DataType::int32(), make_column<int32_t>(DataType::int32(), std::vector<int32_t>{value, value + 10}));
  }
  add(DataType::float64(), make_column<double>(DataType::float64(), std::vector<double>{0.5}));
  EXPECT_THAT(lake.read("u").column("v").values<double>(), ElementsAre(3, 13, 1, 11, 2, 12, 0.5));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(ColumnsTest, TypesThatDoNotGoTogetherAreRefused) {
  for (const auto& [older, newer] : std::vector<std::pair<DataType, DataType>>{
           {DataType::int64(), DataType::string()},
           {DataType::uint64(), DataType::int64()},
           {DataType::float64(), DataType::boolean()},
           {DataType::timestamp(TimeUnit::kNano, ""), DataType::timestamp(TimeUnit::kNano, "UTC")},
           {DataType::date(), DataType::timestamp(TimeUnit::kNano, "UTC")}}) {
    expect_error(ErrorKind::kSchemaCompatibility, "column v is", [&] { type_after(older, newer); });
    const std::string key = "t" + std::to_string(series_);
    EXPECT_EQ(open().info(key).version, 1);
    EXPECT_EQ(open().read(key).num_rows(), 1);
  }
}

TEST_F(ColumnsTest, IntegersThatNoFloatHoldsKeepTheirColumnFromBecomingFloats) {
  Lake lake = open();
  constexpr int64_t kOdd = (int64_t{1} << 53) + 1;
  lake.append("k", with<int64_t>({1, 2}, "v", DataType::int64(), {5, kOdd}));
  lake.append("k", with<int64_t>({100, 200, 300, 400, 500}, "v", DataType::int64(), {1, 2, 3, 4, 5}));
  const auto add_float = [&] { lake.append("k", with<double>({600}, "v", DataType::float64(), {1.5})); };
  expect_error(ErrorKind::kSchemaCompatibility, "row 1 is 9007199254740993", add_float);
  EXPECT_EQ(lake.info("k").version, 2);
  EXPECT_EQ(read(lake).column("v").values<int64_t>()[1], kOdd);
}

TEST_F(ColumnsTest, IntegersBecomeFloatsWhereEachIsExact) {
  Lake lake = open();
  lake.append("k", with<int64_t>({1, 2}, "v", DataType::int64(), {5, int64_t{1} << 60}));
  lake.append("k", with<double>({600}, "v", DataType::float64(), {1.5}));
  EXPECT_THAT(read(lake).column("v").values<double>(), ElementsAre(5, 0x1p60, 1.5));
  EXPECT_EQ(read(lake, 1).column("v").values<int64_t>()[1], int64_t{1} << 60);
}

TEST_F(ColumnsTest, ADroppedColumnIsGoneFromTheVisibleFilesAndNotFromThePast) {
  Lake lake = open();
  lake.append("k", with<double>({1, 2}, "a", DataType::float64(), {1.5, 2.5}));
  const Commit commit = lake.drop_columns("k", {"a"});
  EXPECT_EQ(commit.version, 2);
  EXPECT_THAT(names_of(read(lake).schema()), ElementsAre("timestamp", "value"));
  for (const Schema& schema : visible_schemas(lake)) EXPECT_THAT(names_of(schema), ElementsAre("timestamp", "value"));
  EXPECT_THAT(read(lake, 1).column("a").values<double>(), ElementsAre(1.5, 2.5));
  EXPECT_EQ(lake.versions("k").back().operation, "drop_columns");
  EXPECT_EQ(lake.info("k").rows, 2);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(ColumnsTest, AColumnMadeAgainHasNothingOfTheOneThatWasDropped) {
  Lake lake = open();
  lake.append("k", with<double>({1, 2}, "a", DataType::float64(), {1.5, 2.5}));
  lake.drop_columns("k", {"a"});
  lake.append("k", with<int64_t>({3}, "a", DataType::int64(), {9}));
  const Table rows = read(lake);
  EXPECT_EQ(rows.column("a").null_count(), 2);
  EXPECT_EQ(rows.column("a").values<int64_t>()[2], 9);
}

TEST_F(ColumnsTest, RenamedColumnsKeepTheirRowsTypesAndPlaces) {
  Lake lake = open();
  lake.append("k", with<double>({1, 2}, "a", DataType::float64(), {1.5, 2.5}));
  lake.append("k", with<double>({50}, "a", DataType::float64(), {3.5}));
  lake.rename_columns("k", {{"a", "b"}});
  EXPECT_THAT(read(lake).column("b").values<double>(), ElementsAre(1.5, 2.5, 3.5));
  for (const Schema& schema : visible_schemas(lake)) {
    EXPECT_THAT(names_of(schema), ElementsAre("timestamp", "value", "b"));
  }
  EXPECT_THAT(names_of(read(lake, 2).schema()), ElementsAre("timestamp", "value", "a"));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(ColumnsTest, TwoColumnsCanTakeEachOthersName) {
  Lake lake = open();
  lake.append("k", with<int64_t>({1}, "a", DataType::int64(), {9}));
  lake.rename_columns("k", {{"a", "value"}, {"value", "a"}});
  EXPECT_THAT(names_of(read(lake).schema()), ElementsAre("timestamp", "a", "value"));
  EXPECT_EQ(read(lake).column("value").values<int64_t>()[0], 9);
}

TEST_F(ColumnsTest, FilesThatAreOlderThanAColumnAreWrittenWithIt) {
  Lake lake = open();
  lake.append("k", testing::to_table({{1, 1}, {2, 2}, {3, 3}}), {.series = {.layout = "day"}});
  lake.append("k", with<double>({100'000}, "a", DataType::float64(), {1.5}));
  lake.drop_columns("k", {"value"});
  EXPECT_EQ(read(lake).column("a").null_count(), 3);
  EXPECT_EQ(visible_schemas(lake).size(), 2U);
  for (const Schema& schema : visible_schemas(lake)) EXPECT_THAT(names_of(schema), ElementsAre("timestamp", "a"));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(ColumnsTest, WhatRowsAreToldApartByStays) {
  Lake lake = open();
  lake.append("k", with<int64_t>({1}, "id", DataType::int64(), {9}),
              {.series = {.identity = std::vector<std::string>{"id"}}});
  expect_error(ErrorKind::kInvalidArgument, "is the index", [&] { lake.drop_columns("k", {"timestamp"}); });
  expect_error(ErrorKind::kInvalidArgument, "is the index", [&] { lake.rename_columns("k", {{"timestamp", "t"}}); });
  expect_error(ErrorKind::kInvalidArgument, "identity", [&] { lake.drop_columns("k", {"id"}); });
  expect_error(ErrorKind::kInvalidArgument, "identity", [&] { lake.rename_columns("k", {{"id", "n"}}); });
  EXPECT_EQ(lake.info("k").version, 1);
}

TEST_F(ColumnsTest, ChangesThatMakeNoSenseChangeNothing) {
  Lake lake = open();
  lake.append("k", with<int64_t>({1}, "a", DataType::int64(), {9}));
  expect_error(ErrorKind::kNotFound, "no column x", [&] { lake.drop_columns("k", {"x"}); });
  expect_error(ErrorKind::kNotFound, "no series", [&] { lake.drop_columns("other", {"x"}); });
  expect_error(ErrorKind::kInvalidArgument, "named twice", [&] { lake.drop_columns("k", {"a", "a"}); });
  expect_error(ErrorKind::kAlreadyExists, "two columns", [&] { lake.rename_columns("k", {{"a", "value"}}); });
  expect_error(ErrorKind::kInvalidArgument, "empty name", [&] { lake.rename_columns("k", {{"a", ""}}); });
  EXPECT_EQ(lake.drop_columns("k", {}).id, "");
  EXPECT_EQ(lake.rename_columns("k", {{"a", "a"}}).id, "");
  EXPECT_EQ(lake.info("k").version, 1);
  lake.write("u", with<int64_t>({1}, "a", DataType::int64(), {9}), {.series = {.index = ""}});
  expect_error(ErrorKind::kInvalidArgument, "needs a column", [&] {
    lake.drop_columns("u", {"timestamp", "value", "a"});
  });
}

TEST_F(ColumnsTest, TheHistoryOfColumnsOutlivesOldVersions) {
  Lake lake = open();
  lake.append("k", with<int64_t>({1}, "a", DataType::int64(), {9}));
  clock_.advance(Duration::seconds(1));
  lake.append("k", with<int64_t>({2}, "a", DataType::int64(), {9}));
  lake.rename_columns("k", {{"a", "b"}});
  lake.drop_columns("k", {"b"});
  lake.vacuum("k", {.all_for = Duration{}, .hourly_for = Duration{}});
  const std::vector<SchemaVersion> history = lake.schema_history("k");
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].version, 1);
  EXPECT_EQ(history[1].version, 3);
  EXPECT_EQ(history[1].operation, "rename_columns");
  EXPECT_GT(history[1].time, history[0].time);
  EXPECT_THAT(names_of(history[1].schema), ElementsAre("timestamp", "value", "b"));
  EXPECT_THAT(names_of(history[2].schema), ElementsAre("timestamp", "value"));
  expect_error(ErrorKind::kNotFound, "no series", [&] { static_cast<void>(lake.schema_history("other")); });
}

TEST_F(ColumnsTest, AnOldVersionComesBackWithItsColumns) {
  Lake lake = open();
  lake.append("k", with<int64_t>({1}, "a", DataType::int64(), {9}));
  lake.drop_columns("k", {"a"});
  lake.restore("k", 1);
  EXPECT_EQ(read(lake).column("a").values<int64_t>()[0], 9);
  EXPECT_TRUE(lake.verify().clean());
}

}  // namespace
}  // namespace varve
