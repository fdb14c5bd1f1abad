#include "varve/catalog/path_template.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/catalog/key.h"

#include "support/errors.h"
#include "support/random.h"

namespace varve::catalog {
namespace {

using testing::expect_error;
using Place = PathTemplate::Place;

constexpr const char* kRaw =
    "ohlcv/{instrument}:raw/ohlcv/{instrument}/year={yyyy}/month={mm}/{instrument_lower}_{yyyymm}.parquet";
constexpr const char* kDaily = "{exchange}/{market}/{symbol}/{type}/{period}/{yyyy}/{mm}/{dd}/data.parquet";
constexpr const char* kFeatures = "processed/{set}:processed/{set}/year={yyyy}/month={mm}/{set}_{yyyymm}.parquet";
constexpr const char* kSplit = "splits/{part}/{instrument}.parquet";

std::string path(const char* text, const char* key, const char* day) {
  return PathTemplate::parse(text).path(key, parse_date(day));
}

std::string key_of(const char* text, const char* path) {
  const std::optional<Place> place = PathTemplate::parse(text).match(path);
  return place ? place->key + " " + to_string(place->first_day) : "nothing";
}

void expect_refused(const std::string& text, const std::string& reason) {
  expect_error(ErrorKind::kInvalidArgument, reason, [&] { PathTemplate::parse(text); });
}

TEST(PathTemplateTest, KeyAndPeriodMakeThePath) {
  EXPECT_EQ(path(kRaw, "ohlcv/EUR_USD", "2024-03-17"), "raw/ohlcv/EUR_USD/year=2024/month=03/eur_usd_202403.parquet");
  EXPECT_EQ(path(kDaily, "binance/spot/BTCUSDT/trades/none", "2024-03-07"),
            "binance/spot/BTCUSDT/trades/none/2024/03/07/data.parquet");
  EXPECT_EQ(path(kSplit, "train/EUR_USD", "2024-03-07"), "splits/train/EUR_USD.parquet");
}

TEST(PathTemplateTest, PathsTellKeyAndPeriod) {
  EXPECT_EQ(key_of(kRaw, "raw/ohlcv/EUR_USD/year=2024/month=03/eur_usd_202403.parquet"), "ohlcv/EUR_USD 2024-03-01");
  EXPECT_EQ(key_of(kDaily, "b/s/X/t/p/2024/03/07/data.parquet"), "b/s/X/t/p 2024-03-07");
  EXPECT_EQ(key_of(kSplit, "splits/train/EUR_USD.parquet"), "train/EUR_USD 1970-01-01");
}

TEST(PathTemplateTest, TimeFieldsSayThePeriod) {
  EXPECT_EQ(PathTemplate::parse(kRaw).period(), Period::kMonth);
  EXPECT_EQ(PathTemplate::parse(kDaily).period(), Period::kDay);
  EXPECT_EQ(PathTemplate::parse(kSplit).period(), Period::kAll);
  EXPECT_EQ(PathTemplate::parse("{x}/{yyyy}/x.parquet").period(), Period::kYear);
  EXPECT_EQ(PathTemplate::parse("{x}/{yyyymmdd}/x.parquet").period(), Period::kDay);
}

TEST(PathTemplateTest, OtherPathsTellNothing) {
  for (const char* other : {"", "raw", "raw/ohlcv/EUR_USD/year=2024/month=03/eur_usd_202404.parquet",  // another month
                            "raw/ohlcv/EUR_USD/year=2024/month=03/EUR_USD_202403.parquet",  // not in lower case
                            "raw/ohlcv/EUR_USD/year=2024/month=03/gbp_usd_202403.parquet",  // another instrument
                            "raw/ohlcv/EUR_USD/year=2024/month=13/eur_usd_202413.parquet",  // no such month
                            "raw/ohlcv/EUR_USD/year=2024/month=3/eur_usd_20243.parquet",
                            "raw/ohlcv/EUR_USD/year=2024/month=03/eur_usd_202403.parquet.tmp",
                            "raw/ohlcv/EUR_USD/year=2024/month=03/x/eur_usd_202403.parquet",
                            "raw/ohlcv//year=2024/month=03/_202403.parquet",
                            "raw/ohlcv/EUR%5FUSD/year=2024/month=03/eur%5fusd_202403.parquet",  // escaped without need
                            "raw/ohlcv/../year=2024/month=03/.._202403.parquet",
                            "raw/ohlcv/EUR\nUSD/year=2024/month=03/eur\nusd_202403.parquet"}) {
    EXPECT_EQ(key_of(kRaw, other), "nothing") << other;
  }
  EXPECT_EQ(key_of(kDaily, "b/s/X/t/p/2023/02/29/data.parquet"), "nothing");
}

TEST(PathTemplateTest, OtherKeysAreRefused) {
  for (const char* key : {"EUR_USD", "ohlcv/EUR_USD/x", "bars/EUR_USD", "ohlcv"}) {
    expect_error(ErrorKind::kInvalidArgument, "does not fit", [&] { path(kRaw, key, "2024-01-01"); });
  }
}

TEST(PathTemplateTest, PiecesOfKeysAreEscapedAsInKeys) {
  EXPECT_EQ(path(kRaw, "ohlcv/A=B", "2024-01-01"), "raw/ohlcv/A%3DB/year=2024/month=01/a%3Db_202401.parquet");
  EXPECT_EQ(path(kRaw, "ohlcv/.H%", "2024-01-01"), "raw/ohlcv/%2EH%25/year=2024/month=01/%2Eh%25_202401.parquet");
  EXPECT_EQ(key_of(kRaw, "raw/ohlcv/%2EH%25/year=2024/month=01/%2Eh%25_202401.parquet"), "ohlcv/.H% 2024-01-01");
}

TEST(PathTemplateTest, TheFirstFieldOfANameIsTheShortest) {
  const char* text = "{base}-{quote}/{yyyy}/x.parquet";
  EXPECT_EQ(key_of(text, "EUR-USD/2024/x.parquet"), "EUR/USD 2024-01-01");
  EXPECT_EQ(key_of(text, "A-B-C/2024/x.parquet"), "A/B-C 2024-01-01");
  expect_error(ErrorKind::kInvalidArgument, "another key", [&] { path(text, "A-B/C", "2024-01-01"); });
}

TEST(PathTemplateTest, APathWhoseKeyLeadsElsewhereTellsNothing) {
  const char* text = "{a}-{b}:{a}/{b}/{yyyy}/x.parquet";
  EXPECT_EQ(key_of(text, "p/q-r/2024/x.parquet"), "p-q-r 2024-01-01");
  EXPECT_EQ(key_of(text, "p-q/r/2024/x.parquet"), "nothing");
}

TEST(PathTemplateTest, AFieldSaidBeforeIsKnownLater) {
  const char* text = "{a}/{b}/{a}_{b}_{yyyy}/x.parquet";
  EXPECT_EQ(key_of(text, "p_q/r/p_q_r_2024/x.parquet"), "p_q/r 2024-01-01");
  EXPECT_EQ(key_of("{a_lower}/{a}/x.parquet", "btc/BTC/x.parquet"), "BTC 1970-01-01");
  EXPECT_EQ(key_of("{a_lower}/{a}/x.parquet", "btc/ETH/x.parquet"), "nothing");
}

TEST(PathTemplateTest, DigitsBeforeATimeBelongToTheField) {
  EXPECT_EQ(key_of("{a}{yyyy}/x.parquet", "ES20242025/x.parquet"), "ES2024 2025-01-01");
  EXPECT_EQ(key_of("{a}{yyyy}/x.parquet", "2025/x.parquet"), "nothing");
}

TEST(PathTemplateTest, AKeyMayBeSaidWithoutFields) {
  EXPECT_EQ(path("features:processed/{yyyy}/features.parquet", "features", "2024-05-06"),
            "processed/2024/features.parquet");
  EXPECT_EQ(key_of("features:processed/{yyyy}/features.parquet", "processed/2024/features.parquet"),
            "features 2024-01-01");
}

TEST(PathTemplateTest, TheTextSaysNoMoreThanItMust) {
  EXPECT_EQ(PathTemplate::parse(kRaw).text(), kRaw);
  EXPECT_EQ(PathTemplate::parse("{a}/{b}:x/{a}/{b}.parquet").text(), "x/{a}/{b}.parquet");
  EXPECT_EQ(PathTemplate::parse("{b}/{a}:x/{a}/{b}.parquet").text(), "{b}/{a}:x/{a}/{b}.parquet");
}

TEST(PathTemplateTest, TemplatesWithoutAWayBackAreRefused) {
  expect_refused("{a}/{b}:x/{a}/y.parquet", "no way back");
  expect_refused("{a}:x/{a_lower}/y.parquet", "no way back");
  expect_refused("x/{a_lower}/y.parquet", "names no key");
  expect_refused("x/{yyyy}/y.parquet", "names no key");
  expect_refused("{a}{b}/y.parquet", "side by side");
  expect_refused("{a}_{a_lower}/y.parquet", "twice");
  expect_refused("a:{b}/y.parquet", "does not tell {b}");
}

TEST(PathTemplateTest, BadFieldsAreRefused) {
  for (const char* text : {"{}/x.parquet", "{A}/x.parquet", "{1}/x.parquet", "{a b}/x.parquet", "{a/b}/x.parquet",
                           "{a{b}}/x.parquet", "{_lower}/x.parquet"}) {
    expect_refused(text, "");
  }
  expect_refused("{a/x.parquet", "not paired");
  expect_refused("a}/x.parquet", "not paired");
  expect_refused("{a}/{yyyy}:{a}/{yyyy}/x.parquet", "keys have none");
  expect_refused("{a_lower}:{a}/{a_lower}/x.parquet", "");
}

TEST(PathTemplateTest, TimesMustBeWholeAndInTheDirectory) {
  expect_refused("{a}/{mm}/x.parquet", "without a year");
  expect_refused("{a}/{yyyy}/{dd}/x.parquet", "without a month");
  expect_refused("{a}/{yyyymm}.parquet", "used again");
  expect_refused("{a}/{yyyy}/{a}_{yyyymm}.parquet", "used again");
}

TEST(PathTemplateTest, TemplatesThatLeaveTheRootAreRefused) {
  for (const char* text :
       {"", "/{a}/x.parquet", "../{a}/x.parquet", "{a}/../x.parquet", "{a}//x.parquet", "./{a}.parquet",
        ".varve/{a}/x.parquet", "{a}\\x.parquet", "{a}/x\n.parquet", "{a}/\xFF.parquet"}) {
    expect_refused(text, "");
  }
}

TEST(PathTemplateTest, NamesThatReadersSkipOrMisreadAreRefused) {
  for (const char* text : {"_x/{a}/x.parquet", "{a}/.x.parquet", "{a}/.parquet", "{a}/x*.parquet",
                           "{a}/x.parquet/x.parquet", "{a}/x%41.parquet", "x/{a}:x:{a}.parquet", "{a}/x?.parquet"}) {
    expect_refused(text, "");
  }
  expect_refused("{a}/x.csv", ".parquet");
  expect_refused(".x/{a}:{a}/=/x.parquet", "");
}

TEST(PathTemplateTest, AKeyWhosePathIsTooLongIsRefused) {
  const std::string key(180, 'k');
  const PathTemplate wide = PathTemplate::parse("{a}/{a_lower}.parquet");
  EXPECT_EQ(wide.match(wide.path(key, {}))->key, key);
  expect_error(ErrorKind::kInvalidArgument, "too long",
               [&] { static_cast<void>(PathTemplate::parse("x{b}/{a}/{a}-{b}.parquet").path(key + "/" + key, {})); });
}

TEST(PathTemplateTest, FirstDaysOfPeriods) {
  const Date day = parse_date("2024-02-29");
  EXPECT_EQ(to_string(first_day(Period::kDay, day)), "2024-02-29");
  EXPECT_EQ(to_string(first_day(Period::kMonth, day)), "2024-02-01");
  EXPECT_EQ(to_string(first_day(Period::kYear, day)), "2024-01-01");
  EXPECT_EQ(first_day(Period::kAll, day), Date{});
}

// Random templates, keys and days.
class RoundTrip {
 public:
  std::string segment() {
    static const std::vector<std::string> kLetters = {"a", "Z", "_",        "-", ".",  "=",   "%",
                                                      " ", "0", "20240101", "é", "日", "nul", "_lower"};
    std::string text;
    for (int64_t count = random_.between(1, 5); count > 0; --count) text += random_.pick(kLetters);
    return text;
  }

  std::string text() {
    static const std::vector<std::string> kNames = {"", "a", "x=", "-", "_", "m0"};
    const auto name = [&](const std::string& field) { return literal(random_.pick(kNames)) + field; };
    const std::string period = random_.pick(std::vector<std::string>{
        "", "{yyyy}/", "{yyyy}/m{mm}/", "y={yyyymm}/", "{yyyy}/{mm}/{dd}/", "{dd}-{yyyymm}/", "{yyyymmdd}/"});
    std::string path = name("{a}") + (random_.one_in(2) ? "-{b}" : "/{b}") + "/" + period;
    path += random_.pick(std::vector<std::string>{"x", "{a_lower}", "{b}_{a}", "{b_lower}.{a}"}) + ".parquet";
    return random_.pick(std::vector<std::string>{"", "k/{b}/{a}:", "{a}.{b}:", "{b}_x_{a}/k:"}) + path;
  }

  testing::Random random_;

 private:
  static std::string literal(const std::string& text) { return text.starts_with("_") ? "u" + text : text; }
};

TEST(PathTemplatePropertyTest, PathsOfKeysComeBackAndDiffer) {
  RoundTrip random;
  int64_t round_trips = 0;
  for (int round = 0; round < 60; ++round) {
    const PathTemplate made = PathTemplate::parse(random.text());
    EXPECT_EQ(PathTemplate::parse(made.text()).text(), made.text());
    std::map<std::string, Place> places;
    for (int key_round = 0; key_round < 10; ++key_round) {
      const std::string a = random.segment();
      const std::string b = random.segment();
      const Date day{static_cast<int32_t>(random.random_.between(-100'000, 100'000))};
      for (const std::string& key : {a + "/" + b, "k/" + b + "/" + a, a + "." + b, b + "_x_" + a + "/k"}) {
        try {
          check_key(key);
          const std::string path = made.path(key, day);
          const Place place{key, first_day(made.period(), day)};
          ASSERT_EQ(made.match(path), place) << made.text() << " " << path;
          ASSERT_EQ(places.emplace(path, place).first->second, place) << made.text() << " " << path;
          ++round_trips;
        } catch (const PathTraversal&) {    // no key
        } catch (const InvalidArgument&) {  // none of the template's
        }
      }
    }
  }
  EXPECT_GT(round_trips, 200);
}

TEST(PathTemplatePropertyTest, WhatAPathTellsMakesItAgain) {
  RoundTrip random;
  int64_t matches = 0;
  for (const char* text : {"{a}-{b}/{yyyy}/{b}.parquet", "{a}.{b}:{b}/{a}_{b}/x.parquet", "{a}/{a_lower}.parquet"}) {
    const PathTemplate made = PathTemplate::parse(text);
    for (int round = 0; round < 1'000; ++round) {
      const std::string name = random.segment();
      const std::string path = random.random_.pick(std::vector<std::string>{
          name + "-a/2024/a.parquet", "Za/" + name + "_a/x.parquet", "a/" + name + ".parquet", name + "/za.parquet"});
      const std::optional<Place> place = made.match(path);
      if (!place) continue;
      ++matches;
      ASSERT_EQ(made.path(place->key, place->first_day), path) << text;
    }
  }
  EXPECT_GT(matches, 50);
}

}  // namespace
}  // namespace varve::catalog
