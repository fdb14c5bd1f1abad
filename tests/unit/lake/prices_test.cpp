// Prices that files keep as decimals.
#include <bit>
#include <cmath>

#include <gmock/gmock.h>

#include "varve/base/error.h"
#include "varve/table/cast.h"

#include "support/random.h"
#include "unit/lake/prices_fixture.h"

namespace varve {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::prices;
using testing::PricesTest;
using testing::Random;

TEST_F(PricesTest, FilesHaveDecimalsAndReadsGiveFloats) {
  Lake lake = open();
  const Table bars = prices(0, {{"close", {1.08765, 1.0877, 1.1}}, {"size", {1.5, 1.0 / 3, 2}}});
  lake.append("k", bars, decimal(std::vector<std::string>{"close"}));
  EXPECT_TRUE(equals(read(lake), bars));
  EXPECT_THAT(stored_types(lake, "close"), ElementsAre("decimal(18, 5)"));
  EXPECT_THAT(stored_types(lake, "size"), ElementsAre("float64"));
  EXPECT_EQ(lake.info("k").prices, "decimal");
  EXPECT_EQ(lake.info("k").price_scales, (std::map<std::string, int32_t>{{"close", 5}}));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(PricesTest, ReadsGiveDecimalsWhenAsked) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1.5, 2}}}), decimal());
  lake.append("k", prices(9, {{"close", {1.25}}}));
  const Table rows = read(lake, "decimal");
  EXPECT_EQ(rows.column("close").type(), DataType::decimal(18, 2));
  EXPECT_EQ(rows.column("close").values<Int128>()[0], 150);
  expect_error(ErrorKind::kInvalidArgument, "float or decimal", [&] { read(lake, "double"); });
}

TEST_F(PricesTest, ScalesGrowInAllFiles) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", std::vector<double>(100, 1.5)}}), decimal());
  lake.append("k", prices(200, {{"close", {1.0625}}}));
  lake.append("k", prices(300, {{"close", std::vector<double>(10, 3)}}));
  EXPECT_THAT(stored_types(lake, "close"), Each("decimal(18, 4)"));
  EXPECT_EQ(lake.info("k").rows, 111);
  EXPECT_EQ(read(lake).column("close").values<double>()[100], 1.0625);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(PricesTest, ThePricesOfAKindAreKnown) {
  Lake lake = open();
  lake.append("k", prices(0, {{"open", {1}}, {"high", {1.5}}, {"low", {1}}, {"close", {1.25}}, {"vwap", {1.0 / 3}}}),
              decimal());
  EXPECT_THAT(stored_types(lake, "close"), ElementsAre("decimal(18, 2)"));
  EXPECT_THAT(stored_types(lake, "open"), ElementsAre("decimal(18, 0)"));
  EXPECT_THAT(stored_types(lake, "vwap"), ElementsAre("float64"));
}

TEST_F(PricesTest, WhereNoneAreKnownAllFloatsArePrices) {
  Lake lake = open();
  lake.append("k", prices(0, {{"a", {1.5}}}), decimal());
  lake.append("k", prices(1, {{"b", {2.25}}}));
  lake.upsert("k", prices(0, {{"a", {1.5}}, {"b", {3}}}));
  EXPECT_THAT(stored_types(lake, "a"), Each("decimal(18, 1)"));
  EXPECT_THAT(stored_types(lake, "b"), Each("decimal(18, 2)"));
}

TEST_F(PricesTest, ValuesThatAreNoDecimalAreShownAndChangeNothing) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1.5}}}), decimal());
  for (const auto& [value, text] : std::vector<std::pair<double, std::string>>{
           {0.1 + 0.2, "0.30000000000000004"}, {-0.0, "-0.0"}, {std::nan(""), "nan"}, {INFINITY, "inf"}}) {
    expect_error(ErrorKind::kSchemaCompatibility, "column close, whose prices are kept as decimals: row 1 is " + text,
                 [&, number = value] {
                   lake.append("k", prices(5, {{"close", {1, number}}}));
                 });
  }
  EXPECT_EQ(lake.info("k").version, 1);
  expect_error(ErrorKind::kSchemaCompatibility, "row 0 is 0.3333", [&] {
    lake.append("new", prices(0, {{"close", {1.0 / 3}}}), decimal());
  });
  EXPECT_FALSE(lake.exists("new"));
}

TEST_F(PricesTest, EqualRowsChangeNothingAndOthersTakeTheirPlace) {
  Lake lake = open();
  const Table bars = prices(0, {{"close", {1.08765, 1.0877, 1.1}}});
  lake.append("k", bars, decimal());
  EXPECT_EQ(lake.upsert("k", bars).id, "");
  EXPECT_EQ(lake.write("k", bars).id, "");
  const Commit commit = lake.upsert("k", prices(1, {{"close", {1.08771}}}));
  EXPECT_EQ(commit.rows_replaced, 1);
  EXPECT_THAT(read(lake).column("close").values<double>(), ElementsAre(1.08765, 1.08771, 1.1));
}

TEST_F(PricesTest, DecimalsAndIntegersGoIn) {
  Lake lake = open();
  const Table floats = prices(0, {{"close", {1.5, 2.25}}});
  const DataType decimals = DataType::decimal(9, 3);
  lake.append("k", floats.with_column({"close", decimals}, table::cast(floats.column("close"), decimals)), decimal());
  const Table more = prices(5, {{"close", {7}}});
  lake.append("k",
              more.with_column({"close", DataType::int32()}, make_column<int32_t>(DataType::int32(), std::vector{7})));
  EXPECT_THAT(read(lake).column("close").values<double>(), ElementsAre(1.5, 2.25, 7));
}

TEST_F(PricesTest, RenamedPricesStayDecimals) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1.25}}}), decimal(std::vector<std::string>{"close"}));
  lake.rename_columns("k", {{"close", "last"}});
  EXPECT_THAT(stored_types(lake, "last"), ElementsAre("decimal(18, 2)"));
  lake.append("k", prices(1, {{"last", {1.125}}}));
  EXPECT_EQ(lake.info("k").price_scales, (std::map<std::string, int32_t>{{"last", 3}}));
  EXPECT_THAT(read(lake).column("last").values<double>(), ElementsAre(1.25, 1.125));
}

// Kinds know many names of prices, so that the new one may be known already.
TEST_F(PricesTest, PricesRenamedAsOthersOfTheirKindKeepTheirPlaces) {
  Lake lake = open();
  SeriesWriteOptions quotes = decimal();
  quotes.series.kind = "quotes";
  lake.append("k", prices(0, {{"ask", {1.25}}, {"bid", {1.125}}}), quotes);
  lake.rename_columns("k", {{"ask", "ask_price"}, {"bid", "ask"}});
  EXPECT_EQ(lake.info("k").price_scales, (std::map<std::string, int32_t>{{"ask", 3}, {"ask_price", 2}}));
  EXPECT_THAT(stored_types(lake, "ask_price"), ElementsAre("decimal(18, 2)"));
  lake.rename_columns("k", {{"ask", "ask_price"}, {"ask_price", "ask"}});
  EXPECT_EQ(lake.info("k").price_scales, (std::map<std::string, int32_t>{{"ask", 2}, {"ask_price", 3}}));
}

TEST_F(PricesTest, WhatIsNoPriceDoesNotBecomeOneByItsName) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1.25}}, {"a", {1.0 / 3}}, {"b", {2.0 / 3}}}),
              decimal(std::vector<std::string>{"close"}));
  lake.drop_columns("k", {"close"});
  lake.rename_columns("k", {{"a", "close"}});
  EXPECT_THAT(stored_types(lake, "close"), ElementsAre("float64"));
  EXPECT_EQ(read(lake).column("close").values<double>()[0], 1.0 / 3);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(PricesTest, ADroppedPriceBeginsAnew) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1e-9}}, {"a", {1}}}), decimal(std::vector<std::string>{"close"}));
  lake.drop_columns("k", {"close"});
  lake.append("k", prices(1, {{"close", {1e12}}, {"a", {1}}}));
  EXPECT_EQ(lake.info("k").price_scales, (std::map<std::string, int32_t>{{"close", 0}}));
}

TEST_F(PricesTest, ValuesOfTooManyDigitsBesideOthersAreShown) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1e-9, 999'999.5}}}), decimal());
  expect_error(ErrorKind::kSchemaCompatibility,
               "column close, whose prices are kept as decimals: row 1 is 1000000000.0, which has more than 18 digits",
               [&] {
                 lake.append("k", prices(5, {{"close", {-999'999'999, 1e9}}}));
               });
  lake.append("k", prices(5, {{"close", {-999'999'999}}}));
  EXPECT_EQ(lake.info("k").version, 2);
}

TEST_F(PricesTest, StoredValuesThatNewPlacesLeaveNoRoomForAreShown) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1.5, 1e9}}}), decimal());
  const auto shows_old_row = [&](const auto& write) {
    expect_error(
        ErrorKind::kSchemaCompatibility,
        "series \"k\": column close, whose prices are kept as decimals: the row of 1970-01-01T00:00:01Z that is "
        "stored is 1000000000.0, which does not fit 18 digits with the 9 places of this column",
        write);
  };
  shows_old_row([&] { lake.append("k", prices(5, {{"close", {1e-9}}})); });  // its file is rewritten
  shows_old_row([&] { lake.upsert("k", prices(0, {{"close", {1e-9}}})); });  // it is merged with the new row
  shows_old_row([&] { lake.append_many({{"k", prices(5, {{"close", {1e-9}}})}, {"l", prices(5, {{"close", {1}}})}}); });
  EXPECT_EQ(lake.info("k").version, 1);
  EXPECT_EQ(lake.info("k").price_scales, (std::map<std::string, int32_t>{{"close", 1}}));
  EXPECT_TRUE(equals(read(lake), prices(0, {{"close", {1.5, 1e9}}})));
}

TEST_F(PricesTest, StoredIntegersThatAreNoPricesAreShown) {
  Lake lake = open();
  const Table integers =
      prices(0, {{"close", {1.0}}})
          .with_column({"close", DataType::int64()},
                       make_column<int64_t>(DataType::int64(), std::vector<int64_t>{1'234'567'890'123'456}));
  lake.append("k", integers, decimal(std::vector<std::string>{"close"}));
  expect_error(ErrorKind::kSchemaCompatibility, "the row of 1970-01-01T00:00:00Z that is stored is 1234567890123456.0",
               [&] {
                 lake.append("k", prices(5, {{"close", {1.5}}}));
               });
  EXPECT_EQ(lake.info("k").version, 1);
}

TEST_F(PricesTest, HowPricesAreKeptIsFixedAndComesBackWithTheSeries) {
  Lake lake = open();
  lake.append("k", prices(0, {{"close", {1.25}}}), decimal(std::vector<std::string>{"close"}));
  lake.append("k", prices(1, {{"close", {1.25}}}), decimal(std::vector<std::string>{"close"}));
  SeriesWriteOptions as_floats;
  as_floats.series.prices = "float";
  expect_error(ErrorKind::kInvalidArgument, "storage of prices", [&] {
    lake.append("k", prices(2, {{"close", {1.25}}}), as_floats);
  });
  lake.remove("k");
  lake.restore("k", 2);
  EXPECT_THAT(stored_types(lake, "close"), ElementsAre("decimal(18, 2)"));
}

TEST_F(PricesTest, OptionsThatMakeNoSenseAreRefused) {
  Lake lake = open();
  const Table bars = prices(0, {{"close", {1.25}}});
  SeriesWriteOptions options;
  options.series.price_columns = {"close"};
  expect_error(ErrorKind::kInvalidArgument, "prices are floats", [&] { lake.append("k", bars, options); });
  expect_error(ErrorKind::kNotFound, "no column x",
               [&] { lake.append("k", bars, decimal(std::vector<std::string>{"x"})); });
  expect_error(ErrorKind::kInvalidArgument, "holds no prices",
               [&] { lake.append("k", bars, decimal(std::vector<std::string>{"timestamp"})); });
}

TEST_F(PricesTest, AnySplitOfPricesOnAnyGridComesBackBitByBit) {
  Random random;
  for (int series = 0; series < 20; ++series) {
    const std::string key = "k" + std::to_string(series);
    Lake lake = open();
    const double power = std::pow(10.0, static_cast<double>(random.between(0, 9)));
    std::vector<double> values;
    for (int row = 0; row < 300; ++row) {
      values.push_back(static_cast<double>(random.between(1, 999'999'999)) / power);
    }
    const Table whole = prices(0, {{"close", values}});
    for (int64_t at = 0; at < whole.num_rows();) {
      const int64_t count = random.between(1, 120);
      lake.upsert(key, whole.slice(at, count), decimal());
      at += random.between(1, count);
    }
    ASSERT_TRUE(equals(lake.read(key), whole)) << key;
    ReadOptions as_decimals;
    as_decimals.prices = "decimal";
    const Table decimals = lake.read(key, as_decimals);
    ASSERT_TRUE(equals(table::cast(decimals.column("close"), DataType::float64()), whole.column("close")));
  }
}

}  // namespace
}  // namespace varve
