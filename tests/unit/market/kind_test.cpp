#include "varve/market/kind.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"

namespace varve::market {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr Kind kAllKinds[] = {Kind::kOhlcv,       Kind::kTrades,   Kind::kQuotes,  Kind::kStatistics,
                              Kind::kDefinitions, Kind::kFeatures, Kind::kLatents, Kind::kGeneric};

// A table with these columns, all of them float64.
Schema of(const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (const std::string& name : names) fields.push_back({name, DataType::float64()});
  return Schema(fields);
}

Field at(const std::string& name) { return {name, DataType::timestamp(TimeUnit::kNano, "UTC")}; }

TEST(Kind, RoundTripsThroughItsName) {
  for (const Kind kind : kAllKinds) EXPECT_EQ(parse_kind(to_string(kind)), kind);
}

TEST(Kind, KnowsOtherNames) {
  EXPECT_EQ(parse_kind("bars"), Kind::kOhlcv);
  EXPECT_EQ(parse_kind("tbbo"), Kind::kQuotes);
}

TEST(Kind, ListsTheWordsWhenOneIsWrong) {
  testing::expect_error(ErrorKind::kInvalidArgument,
                        "\"candles\"; there are ohlcv, trades, quotes, statistics, definitions, features, latents, "
                        "generic, bars, tbbo",
                        [] { (void)parse_kind("candles"); });
  testing::expect_error(ErrorKind::kInvalidArgument, "\"\"", [] { (void)parse_kind(""); });
}

TEST(Columns, HaveNamesOfTheirOwn) {
  for (const Kind kind : kAllKinds) {
    std::set<std::string_view> names;
    for (const KindColumn& column : columns_of(kind)) EXPECT_TRUE(names.insert(column.name).second) << column.name;
  }
}

TEST(Columns, RequiredOnesMakeTheKind) {
  for (const Kind kind : {Kind::kOhlcv, Kind::kTrades, Kind::kQuotes}) {
    std::vector<std::string> required;
    for (const KindColumn& column : columns_of(kind)) {
      if (column.required) required.emplace_back(column.name);
    }
    EXPECT_EQ(detect_kind(of(required)), kind);
    required.pop_back();
    EXPECT_EQ(detect_kind(of(required)), Kind::kGeneric);
  }
}

TEST(Columns, OfAGenericSeriesAreFree) { EXPECT_THAT(columns_of(Kind::kGeneric), IsEmpty()); }

TEST(Columns, HoldEveryColumnOfAnIdentity) {
  for (const Kind kind : kAllKinds) {
    std::vector<std::string> names;
    for (const KindColumn& column : columns_of(kind)) names.emplace_back(column.name);
    for (const std::string& name : identity_of(kind, of(names)).value_or(std::vector<std::string>())) {
      EXPECT_THAT(names, ::testing::Contains(name));
    }
  }
}

TEST(DetectKind, GoesByColumns) {
  EXPECT_EQ(detect_kind(of({"date", "open", "high", "low", "close", "adj_close"})), Kind::kOhlcv);
  EXPECT_EQ(detect_kind(of({"ts", "price", "qty"})), Kind::kTrades);
  EXPECT_EQ(detect_kind(of({"price", "amount"})), Kind::kTrades);
  EXPECT_EQ(detect_kind(of({"price", "quantity"})), Kind::kTrades);
  EXPECT_EQ(detect_kind(of({"bid", "ask"})), Kind::kQuotes);
  EXPECT_EQ(detect_kind(of({"ask_price", "bid_price"})), Kind::kQuotes);
  EXPECT_EQ(detect_kind(of({"bid_px_00", "ask_px_00"})), Kind::kQuotes);
}

TEST(DetectKind, DoesNotGuess) {
  EXPECT_EQ(detect_kind(of({})), Kind::kGeneric);
  EXPECT_EQ(detect_kind(of({"open", "high", "low"})), Kind::kGeneric);
  EXPECT_EQ(detect_kind(of({"bid", "ask_price"})), Kind::kGeneric);
  EXPECT_EQ(detect_kind(of({"price", "volume"})), Kind::kGeneric);
  EXPECT_EQ(detect_kind(of({"Open", "High", "Low", "Close"})), Kind::kGeneric);
}

TEST(FindIndex, PrefersTheUsualNamesInOrder) {
  EXPECT_EQ(find_index(Schema({at("ts_recv"), at("ts_event")})), "ts_event");
  EXPECT_EQ(find_index(Schema({at("ts"), at("open_time"), at("timestamp")})), "timestamp");
  EXPECT_EQ(find_index(Schema({{"date", DataType::date()}, at("settled")})), "date");
}

TEST(FindIndex, SkipsUsualNamesOfOtherTypes) {
  EXPECT_EQ(find_index(Schema({{"timestamp", DataType::int64()}, at("time")})), "time");
  EXPECT_EQ(find_index(Schema({{"timestamp", DataType::string()}, at("seen")})), "seen");
}

TEST(FindIndex, TakesTheOnlyColumnThatFits) {
  EXPECT_EQ(find_index(Schema({{"x", DataType::int64()}, at("when")})), "when");
  EXPECT_EQ(find_index(Schema({at("from"), at("until")})), "");
  EXPECT_EQ(find_index(of({"x", "y"})), "");
}

TEST(FindIndex, TakesWhatIsWanted) { EXPECT_EQ(find_index(Schema({at("timestamp"), at("seen")}), "seen"), "seen"); }

TEST(FindIndex, RefusesAWantedColumnThatDoesNotFit) {
  testing::expect_error(ErrorKind::kNotFound, "when", [] { (void)find_index(of({"x"}), "when"); });
  testing::expect_error(ErrorKind::kInvalidArgument, "\"x\" cannot be the index: it is float64",
                        [] { (void)find_index(of({"x"}), "x"); });
}

TEST(Identity, OfBarsIsWhatTellsFeedsApart) {
  EXPECT_THAT(identity_of(Kind::kOhlcv, of({"granularity", "close", "symbol", "provider"})),
              Optional(ElementsAre("symbol", "provider", "granularity")));
  EXPECT_THAT(identity_of(Kind::kOhlcv, of({"close"})), Optional(IsEmpty()));
}

TEST(Identity, OfTradesIsTheirNumber) {
  EXPECT_THAT(identity_of(Kind::kTrades, of({"id", "sequence", "trade_id"})), Optional(ElementsAre("trade_id")));
  EXPECT_THAT(identity_of(Kind::kTrades, of({"symbol", "id", "price"})), Optional(ElementsAre("id", "symbol")));
  EXPECT_THAT(identity_of(Kind::kTrades, of({"sequence"})), Optional(ElementsAre("sequence")));
}

TEST(Identity, OfTradesAndQuotesWithoutANumberIsNone) {
  EXPECT_EQ(identity_of(Kind::kTrades, of({"symbol", "price", "size"})), std::nullopt);
  EXPECT_EQ(identity_of(Kind::kQuotes, of({"symbol", "bid", "ask", "id"})), std::nullopt);
}

TEST(Identity, OfQuotesIsTheSequence) {
  EXPECT_THAT(identity_of(Kind::kQuotes, of({"symbol", "sequence"})), Optional(ElementsAre("sequence", "symbol")));
}

TEST(Identity, OfFeaturesIsTheIndexAndSymbol) {
  for (const Kind kind : {Kind::kFeatures, Kind::kLatents}) {
    EXPECT_THAT(identity_of(kind, of({"symbol", "x"})), Optional(ElementsAre("symbol")));
    EXPECT_THAT(identity_of(kind, of({"x"})), Optional(IsEmpty()));
  }
}

TEST(Identity, OfDefinitionsIsTheInstrument) {
  EXPECT_THAT(identity_of(Kind::kDefinitions, of({"symbol", "instrument_id"})), Optional(ElementsAre("instrument_id")));
  EXPECT_THAT(identity_of(Kind::kDefinitions, of({"symbol"})), Optional(ElementsAre("symbol")));
  EXPECT_EQ(identity_of(Kind::kDefinitions, of({"x"})), std::nullopt);
}

TEST(Identity, OfOthersIsNone) {
  EXPECT_EQ(identity_of(Kind::kGeneric, of({"symbol", "id"})), std::nullopt);
  EXPECT_EQ(identity_of(Kind::kStatistics, of({"symbol", "sequence"})), std::nullopt);
}

}  // namespace
}  // namespace varve::market
