// A write that makes a series something else, in one commit.
#include <array>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Rows;
using testing::run_of;
using testing::to_rows;
using testing::to_table;

using Names = std::vector<std::string>;

class RedefineTest : public ::testing::Test {
 protected:
  RedefineTest() { lake_.write("k", to_table(first_), {.series = {.identity = Names{"timestamp"}}}); }

  Commit redefine(const Rows& rows, const SeriesOptions& series) {
    return lake_.write("k", to_table(rows), {.series = series, .redefine = true});
  }
  [[nodiscard]] Rows read(std::optional<AsOf> as_of = {}) const {
    ReadOptions options;
    options.as_of = std::move(as_of);
    return to_rows(lake_.read("k", options));
  }
  // What a program that lists the key's directory, or that of a template, finds.
  [[nodiscard]] size_t visible_files(const std::string& folder) const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "lake/" + folder)) {
      files += entry.path().extension() == ".parquet" ? 1U : 0U;
    }
    return files;
  }

  testing::TempDirectory directory_ = testing::make_quick_directory();
  Lake lake_ = Lake::open(directory_ / "lake", {.publish_delay = {}});
  const Rows first_ = run_of(0, 5);
  const Rows second_ = {{0, 9}, {40 * 86'400, 8}};
};

TEST_F(RedefineTest, AnotherLayoutTakesThePlaceOfTheFilesInOneCommit) {
  for (const char* layout : {"month", "range", "day", "out/{n}/{yyyy}/{mm}/data.parquet", "month"}) {
    const Commit commit = redefine(second_, {.layout = layout});
    EXPECT_EQ(commit.rows_added, 2) << layout;
    EXPECT_EQ(lake_.info("k").layout, layout);
    EXPECT_EQ(read(), second_);
    EXPECT_TRUE(lake_.verify().clean()) << layout;
    const bool is_template = lake_.info("k").layout.find('{') != std::string::npos;
    EXPECT_EQ(visible_files(is_template ? "out/k" : "k"), lake_.info("k").layout == "range" ? 1U : 2U) << layout;
  }
  EXPECT_EQ(read(1), first_);
  EXPECT_EQ(lake_.info("k").version, 6);
}

TEST_F(RedefineTest, PricesHaveThePlacesThatTheNewRowsNeed) {
  const auto rows_of = [](double price) {
    const Schema schema({{"timestamp", DataType::timestamp(TimeUnit::kNano, "UTC")}, {"close", DataType::float64()}});
    return Table(schema, {make_column<int64_t>(schema[0].type, std::array{int64_t{0}}),
                          make_column<double>(schema[1].type, std::array{price})});
  };
  const SeriesWriteOptions options = {.series = {.prices = "decimal"}, .redefine = true};
  lake_.write("prices", rows_of(1e-9), {.series = options.series});
  lake_.write("prices", rows_of(123'456'789'012'345.0), options);
  EXPECT_EQ(lake_.info("prices").price_scales.at("close"), 0);
  lake_.write("prices", rows_of(1.5), options);
  EXPECT_EQ(lake_.info("prices").price_scales.at("close"), 1);
  EXPECT_EQ(lake_.write("prices", rows_of(1.5), options).version, 3);  // which it has already
  EXPECT_EQ(lake_.read("prices", {.as_of = 1}).column("close").values<double>()[0], 1e-9);
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(RedefineTest, IdentityAndCompressionAreThoseOfANewSeries) {
  redefine({{0, 1}, {0, 1}}, {.identity = Names{}, .compression = "none", .target_rows_per_file = 7});
  const SeriesInfo info = lake_.info("k");
  EXPECT_FALSE(info.identity);
  EXPECT_EQ(info.compression, "none");
  EXPECT_EQ(info.target_rows_per_file, 7);
  lake_.append("k", to_table({{0, 1}}));
  EXPECT_EQ(read(), Rows({{0, 1}, {0, 1}, {0, 1}}));
  redefine(first_, {});
  lake_.write("new", to_table(first_));
  const SeriesInfo anew = lake_.info("new");
  EXPECT_EQ(lake_.info("k").identity, anew.identity);
  EXPECT_EQ(lake_.info("k").compression, anew.compression);
  EXPECT_EQ(lake_.info("k").target_rows_per_file, anew.target_rows_per_file);
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(RedefineTest, ATimedSeriesMayBecomeAnUntimedOneAndComeBack) {
  const Table untimed = Table(Schema({{.name = "value", .type = DataType::int64()}}),
                              {make_column<int64_t>(DataType::int64(), std::vector<int64_t>{3, 1, 2})});
  lake_.record_coverage("k", {.empty = {{.start = testing::at_second(0), .end = testing::at_second(9)}}});
  lake_.write("k", untimed, {.redefine = true});
  EXPECT_EQ(lake_.info("k").index, "");
  EXPECT_FALSE(lake_.time_range("k"));
  EXPECT_EQ(lake_.read("k").num_rows(), 3);
  EXPECT_EQ(read(1), first_);
  redefine(second_, {});
  EXPECT_TRUE(lake_.time_range("k"));
  EXPECT_TRUE(lake_.coverage("k").empty.empty());
  EXPECT_EQ(read(), second_);
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(RedefineTest, OldVersionsAreReadByTheIndexTheyHad) {
  const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
  const auto column = [&](std::vector<int64_t> seconds) {
    for (int64_t& second : seconds) second = testing::at_second(second).nanoseconds;
    return make_column<int64_t>(time, seconds);
  };
  const Table rows(Schema({{"at", time}, {"seen", time}}), {column({1, 2, 3}), column({30, 20, 10})});
  lake_.write("two", rows, {.series = {.index = "at"}});
  lake_.write("two", rows, {.series = {.index = "seen"}, .redefine = true});
  ASSERT_EQ(lake_.info("two").index, "seen");
  ReadOptions options;
  options.start = testing::at_second(2);
  options.end = testing::at_second(11);
  const auto first_of = [&](std::optional<AsOf> as_of) {
    options.as_of = std::move(as_of);
    const Table read = lake_.read("two", options);
    return std::pair(read.num_rows(), read.column("at").values<int64_t>()[0]);
  };
  EXPECT_EQ(first_of({}), std::pair(int64_t{1}, testing::at_second(3).nanoseconds));
  EXPECT_EQ(first_of(1), std::pair(int64_t{2}, testing::at_second(2).nanoseconds));
}

TEST_F(RedefineTest, DaysOfADateIndexAreThoseOfNoZoneInOldVersionsToo) {
  const Table days(Schema({{"day", DataType::date()}}),
                   {make_column<int32_t>(DataType::date(), std::vector<int32_t>{19'000, 19'001})});
  lake_.write("days", days);
  lake_.write("days", to_table(first_), {.redefine = true});
  ReadOptions options{.start = Date{19'001}, .end = Date{19'001}, .zone = "America/New_York"};
  options.as_of = 1;
  EXPECT_EQ(lake_.read("days", options).num_rows(), 1);
}

TEST_F(RedefineTest, RestoreBringsBackWhatTheSeriesWas) {
  const SeriesInfo before = lake_.info("k");
  redefine({{0, 1}, {0, 2}}, {.identity = Names{}, .layout = "month", .compression = "none"});
  lake_.remove("k");
  const auto as_before = [&] {
    const SeriesInfo now = lake_.info("k");
    EXPECT_EQ(read(), first_);
    EXPECT_EQ(now.identity, before.identity);
    EXPECT_EQ(now.layout, before.layout);
    EXPECT_EQ(now.compression, before.compression);
    EXPECT_EQ(visible_files("k"), 1U);
    EXPECT_TRUE(lake_.verify().clean());
  };
  lake_.restore("k", 1);
  as_before();
  lake_.restore("k", 2);
  EXPECT_EQ(lake_.info("k").layout, "month");
  EXPECT_FALSE(lake_.info("k").identity);
  EXPECT_EQ(read(), (Rows{{0, 1}, {0, 2}}));
  EXPECT_TRUE(lake_.verify().clean());
  lake_.restore("k", 1);
  as_before();
}

TEST_F(RedefineTest, WhatIsThereAlreadyMakesNoVersion) {
  const SeriesOptions same{.identity = Names{"timestamp"}};
  EXPECT_EQ(redefine(first_, same).rows_unchanged, 5);
  EXPECT_EQ(lake_.info("k").version, 1);
  EXPECT_EQ(redefine(first_, {.identity = Names{"timestamp"}, .layout = "month"}).version, 2);
}

TEST_F(RedefineTest, DecimalPricesKeepTheirPlacesWhereTheyStayDecimal) {
  const Column close = make_column<double>(DataType::float64(), std::vector<double>{1.25});
  const Table prices = to_table({{0, 0}}).with_column({"close", DataType::float64()}, close);
  const SeriesWriteOptions decimal{.series = {.prices = "decimal", .price_columns = Names{"close"}}, .redefine = true};
  EXPECT_EQ(lake_.write("k", prices, decimal).version, 2);
  EXPECT_EQ(lake_.write("k", prices, decimal).version, 2);
  EXPECT_EQ(lake_.info("k").price_scales.at("close"), 2);
  lake_.write("k", prices, {.redefine = true});
  EXPECT_EQ(lake_.info("k").prices, "float");
  EXPECT_EQ(lake_.read("k").column("close").values<double>()[0], 1.25);
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(RedefineTest, WhatCannotBeLeavesTheSeriesAsItWas) {
  lake_.write("k/below", to_table(first_));
  expect_error(ErrorKind::kInvalidArgument, "key \"k/below\" lies where its directories would be",
               [&] { redefine(second_, {.layout = "month"}); });
  expect_error(ErrorKind::kInvalidArgument, "only by a write of all its rows",
               [&] { lake_.append("k", to_table(second_), {.series = {.layout = "day"}, .redefine = true}); });
  expect_error(ErrorKind::kInvalidArgument, "layout",
               [&] { lake_.write("k", to_table(second_), {.series = {.layout = "day"}}); });
  EXPECT_EQ(lake_.info("k").version, 1);
  EXPECT_EQ(read(), first_);
}

}  // namespace
}  // namespace varve
