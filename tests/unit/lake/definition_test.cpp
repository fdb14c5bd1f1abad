#include "varve/lake/definition.h"

#include <gtest/gtest.h>

#include "varve/store/partition.h"

#include "support/errors.h"

namespace varve {
namespace {

using catalog::SeriesDefinition;
using Names = std::vector<std::string>;

const DataType kTime = DataType::timestamp(TimeUnit::kNano, "UTC");

Schema columns(const Names& names) {
  std::vector<Field> fields;
  for (const std::string& name : names) {
    const bool is_time = name == "timestamp" || name == "moment";
    fields.push_back({.name = name, .type = is_time ? kTime : DataType::float64()});
  }
  return Schema(std::move(fields));
}

Schema bars(const Names& more = {}) {
  Names names = {"timestamp", "open", "high", "low", "close", "volume"};
  names.insert(names.end(), more.begin(), more.end());
  return columns(names);
}

TEST(DefinitionTest, KindAndIdentityFollowFromTheColumns) {
  const SeriesDefinition definition = define_series({}, bars({"symbol"}));
  EXPECT_EQ(definition.kind, "ohlcv");
  EXPECT_EQ(definition.index, "timestamp");
  EXPECT_TRUE(definition.has_identity);
  EXPECT_EQ(definition.identity, Names{"symbol"});
  EXPECT_EQ(definition.compression, "auto");
  EXPECT_EQ(definition.target_rows_per_file, store::kTargetRowsPerFile);
}

TEST(DefinitionTest, BarsOfOneInstrumentAreToldApartByTheirTime) {
  const SeriesDefinition definition = define_series({}, bars());
  EXPECT_TRUE(definition.has_identity);
  EXPECT_TRUE(definition.identity.empty());
}

TEST(DefinitionTest, TradesWithoutANumberHaveNoIdentity) {
  EXPECT_FALSE(define_series({}, columns({"timestamp", "price", "size"})).has_identity);
  EXPECT_FALSE(define_series({}, columns({"timestamp", "anything"})).has_identity);
}

TEST(DefinitionTest, WhatIsSaidIsTaken) {
  SeriesOptions options;
  options.kind = "bars";
  options.index = "moment";
  options.identity = {"moment", "close"};
  options.compression = "zstd:9";
  options.target_rows_per_file = 10;
  const SeriesDefinition definition = define_series(options, bars({"moment"}));
  EXPECT_EQ(definition.kind, "ohlcv");
  EXPECT_EQ(definition.index, "moment");
  EXPECT_EQ(definition.identity, Names{"close"});
  EXPECT_EQ(definition.compression, "zstd:9");
  EXPECT_EQ(definition.target_rows_per_file, 10);
}

TEST(DefinitionTest, AnEmptyIdentityIsNone) { EXPECT_FALSE(define_series({.identity = Names{}}, bars()).has_identity); }

TEST(DefinitionTest, TheIndexAloneCanBeTheIdentity) {
  const SeriesDefinition definition = define_series({.identity = Names{"timestamp"}}, columns({"timestamp", "x"}));
  EXPECT_TRUE(definition.has_identity);
  EXPECT_TRUE(definition.identity.empty());
}

TEST(DefinitionTest, AnUntimedSeriesOfNothingUniqueHasNoIdentity) {
  const SeriesDefinition definition = define_series({.index = ""}, bars());
  EXPECT_EQ(definition.index, "");
  EXPECT_FALSE(definition.has_identity);
}

TEST(DefinitionTest, WhetherThereIsAnIndexIsNotLeftToChance) {
  using testing::expect_error;
  const Schema untyped({{.name = "timestamp", .type = DataType::null()}});
  expect_error(ErrorKind::kInvalidArgument, "without columns", [] { define_series({}, Schema()); });
  expect_error(ErrorKind::kInvalidArgument, "no type", [&] { define_series({}, untyped); });
  EXPECT_EQ(define_series({.index = ""}, untyped).index, "");
  const Schema text({{.name = "timestamp", .type = DataType::string()}});
  expect_error(ErrorKind::kInvalidArgument, "no time", [&] { define_series({}, text); });
}

TEST(DefinitionTest, IdentityGrowsByNewColumnsOfItsKindAlone) {
  const SeriesDefinition definition = define_series({}, bars());
  EXPECT_EQ(identity_growth(definition, bars(), bars({"symbol", "else"})), Names{"symbol"});
  EXPECT_EQ(identity_growth(definition, bars({"symbol"}), bars({"symbol"})), Names{});  // was left out on purpose
  const SeriesDefinition none = define_series({.identity = Names{}}, bars());
  EXPECT_EQ(identity_growth(none, bars(), bars({"symbol"})), Names{});
  const SeriesDefinition own = define_series({.identity = Names{"close"}}, bars());
  EXPECT_EQ(identity_growth(own, bars(), bars({"symbol"})), Names{});
}

TEST(DefinitionTest, OptionsThatMakeNoSenseAreRefused) {
  using testing::expect_error;
  expect_error(ErrorKind::kInvalidArgument, "candles", [] { define_series({.kind = "candles"}, bars()); });
  expect_error(ErrorKind::kNotFound, "when", [] { define_series({.index = "when"}, bars()); });
  expect_error(ErrorKind::kInvalidArgument, "brotli", [] { define_series({.compression = "brotli"}, bars()); });
  expect_error(ErrorKind::kInvalidArgument, "twice", [] {
    define_series({.identity = Names{"open", "open"}}, bars());
  });
  expect_error(ErrorKind::kInvalidArgument, "week", [] { define_series({.layout = "week"}, bars()); });
  expect_error(ErrorKind::kInvalidArgument, "path template", [] { define_series({.layout = "{a}/x.csv"}, bars()); });
  expect_error(ErrorKind::kInvalidArgument, "target_rows_per_file",
               [] { define_series({.target_rows_per_file = 0}, bars()); });
}

TEST(DefinitionTest, LayoutsAreKeptAsShortAsCanBe) {
  EXPECT_EQ(define_series({}, bars()).layout, "range");
  EXPECT_EQ(define_series({.layout = "month"}, bars()).layout, "month");
  const SeriesDefinition definition = define_series({.layout = "{a}:{a}/{yyyy}/x.parquet"}, bars());
  EXPECT_EQ(definition.layout, "{a}/{yyyy}/x.parquet");
  check_agreement("k", definition, {.layout = "{a}:{a}/{yyyy}/x.parquet"});
}

TEST(DefinitionTest, LaterWritesMayLeaveOutButNotContradict) {
  const SeriesDefinition definition = define_series({}, bars({"symbol"}));
  const auto check = [&](const SeriesOptions& options) { check_agreement("k", definition, options); };
  check({});
  check({.kind = "bars", .index = "timestamp", .identity = Names{"timestamp", "symbol"}, .compression = "auto"});
  using testing::expect_error;
  expect_error(ErrorKind::kInvalidArgument, "kind of series \"k\" is ohlcv", [&] { check({.kind = "trades"}); });
  expect_error(ErrorKind::kInvalidArgument, "index", [&] { check({.index = ""}); });
  expect_error(ErrorKind::kInvalidArgument, "identity", [&] { check({.identity = Names{}}); });
  expect_error(ErrorKind::kInvalidArgument, "compression", [&] { check({.compression = "none"}); });
  expect_error(ErrorKind::kInvalidArgument, "layout", [&] { check({.layout = "month"}); });
  expect_error(ErrorKind::kInvalidArgument, "target_rows", [&] { check({.target_rows_per_file = 5}); });
}

}  // namespace
}  // namespace varve
