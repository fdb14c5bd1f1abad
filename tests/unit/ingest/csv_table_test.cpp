#include "varve/ingest/csv_table.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"

namespace varve::ingest {
namespace {

using testing::cells;
using testing::Cells;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::Random;

class CsvTables : public ::testing::Test {
 protected:
  CsvTable read(const std::string& text) {
    opened_ = 0;
    return read_csv(
        [this, &text] {
          ++opened_;
          return [&text, at = size_t{0}](std::span<std::byte> out) mutable {
            const size_t count = std::min({out.size(), size_t{13}, text.size() - at});
            std::memcpy(out.data(), text.data() + at, count);
            at += count;
            return count;
          };
        },
        options_);
  }
  // A column `x` with these cells, beside times.
  Column column(const std::vector<std::string>& texts) {
    std::string text = "time,x\n";
    for (size_t i = 0; i < texts.size(); ++i) text += std::to_string(i) + "," + texts[i] + "\n";
    const CsvTable result = read(text);
    EXPECT_EQ(result.bad_rows, 0);
    return result.table.column("x");
  }
  std::string type(const std::vector<std::string>& texts) { return to_string(column(texts).type()); }
  std::string types(const std::string& text) {
    const Schema schema = read(text).table.schema();
    std::string result;
    for (const Field& field : schema.fields()) result += field.name + ":" + to_string(field.type) + " ";
    return result;
  }
  void expect_refused(ErrorKind kind, std::string_view part, const std::string& text) {
    expect_error(kind, part, [&] { read(text); });
  }

  CsvOptions options_;
  int opened_ = 0;
};

TEST_F(CsvTables, ReadsBars) {
  const CsvTable bars = read("timestamp,open,high,low,close,volume\n2024-01-01T00:00:00Z,1,2.5,0.5,1.5,10\n");
  EXPECT_EQ(bars.rows_read, 1);
  EXPECT_EQ(to_string(bars.table.schema()),
            "timestamp: timestamp[ns, UTC] not null\nopen: float64\nhigh: float64\nlow: float64\nclose: float64\n"
            "volume: int64\n");
  EXPECT_EQ(cells(bars.table.column("timestamp")), Cells{"2024-01-01T00:00:00Z"});
  EXPECT_EQ(cells(bars.table.column("high")), Cells{"2.5"});
}

TEST_F(CsvTables, PricesAreFloatsEvenIfWhole) {
  EXPECT_THAT(types("time,open,high,low,close\n1,1,1,1,1\n"), HasSubstr("open:float64 high:float64"));
}

TEST_F(CsvTables, PricesAreFloatsWhateverTheKind) {
  EXPECT_THAT(types("timestamp,close,volume\n1,5,7\n"), HasSubstr("close:float64 volume:int64"));
  EXPECT_THAT(types("timestamp,Bid,mid,bid_size\n1,5,6,7\n"), HasSubstr("Bid:float64 mid:float64 bid_size:int64"));
  options_.kind = "generic";
  EXPECT_THAT(types("time,open,price,price_type\n1,1,1,1\n"), HasSubstr("open:float64 price:float64 price_type:int64"));
  const CsvTable rows = read("timestamp,close,volume\n1,\"1,234.5\",7\n2,5,8\n");
  ASSERT_EQ(rows.bad_rows, 1);
  EXPECT_EQ(rows.first_bad[0].text(), "line 2, column close: \"1,234.5\" is not a number");
}

TEST_F(CsvTables, NewNamesOfColumnsSayWhetherTheyArePrices) {
  options_.renames = {{"opens_at", "open"}, {"close", "last"}};
  EXPECT_EQ(types("time,open,last\n1,9:30,5\n"), "timestamp:timestamp[ns, UTC] opens_at:string close:float64 ");
}

TEST_F(CsvTables, VolumesStayWhatTheyAre) {
  EXPECT_THAT(types("time,open,high,low,close,volume\n1,1,1,1,1,205\n"), HasSubstr("volume:int64"));
  EXPECT_THAT(types("time,open,high,low,close,volume\n1,1,1,1,1,36304.20000000\n"), HasSubstr("volume:float64"));
}

TEST_F(CsvTables, FindsTheTimeColumnByNameInAnyCase) {
  for (const char* name : {"timestamp", "TIMESTAMP", "ts_event", "Time", "datetime", "Date", "open_time", "ts"}) {
    EXPECT_THAT(types(std::string("x,") + name + "\n1,2024-01-01\n"), HasSubstr("timestamp:timestamp[ns, UTC]"))
        << name;
  }
}

TEST_F(CsvTables, NameThatEndsInUtcGivesTheZone) {
  const std::string text = "timestamp_utc,x\n2024-01-01 23:01:00,1\n";
  EXPECT_EQ(cells(read(text).table.column("timestamp")), Cells{"2024-01-01T23:01:00Z"});
  options_.zone = "America/New_York";
  EXPECT_EQ(cells(read(text).table.column("timestamp")), Cells{"2024-01-01T23:01:00Z"});
}

TEST_F(CsvTables, TimeColumnCanBeNamed) {
  options_.timestamp = "when";
  EXPECT_THAT(types("time,when\n5,2024-01-01\n"), HasSubstr("time:int64 timestamp:timestamp[ns, UTC]"));
  options_.timestamp = "never";
  expect_refused(ErrorKind::kNotFound, "no column \"never\" among \"time\", \"when\"", "time,when\n5,2024-01-01\n");
}

TEST_F(CsvTables, WithoutTimeColumnSaysWhichThereAre) {
  expect_refused(ErrorKind::kNotFound, "no time column among \"a\", \"b\": name it with --timestamp, or say --untimed",
                 "a,b\n1,2\n");
}

TEST_F(CsvTables, UntimedRowsHaveNoTimeColumnWhateverColumnsAreCalled) {
  options_.untimed = true;
  EXPECT_EQ(types("symbol,lot\nIBM,100\n"), "symbol:string lot:int64 ");
  EXPECT_EQ(types("date,lot\n2024-01-01,100\n"), "date:date lot:int64 ");
  expect_refused(ErrorKind::kInvalidArgument, "there is no header row", "1,2\n3,4\n");
  options_.columns = {"symbol", "lot"};
  EXPECT_EQ(cells(read("symbol,lot\nIBM,100\n").table.column("symbol")), Cells{"IBM"});
  EXPECT_EQ(cells(read("IBM,100\nGE,50\n").table.column("symbol")), (Cells{"IBM", "GE"}));
}

TEST_F(CsvTables, SecondColumnCalledTimestampIsAClash) {
  options_.timestamp = "local_timestamp";
  const std::string text = "timestamp,local_timestamp\n1583020803145000,1583020803307160\n";
  expect_refused(ErrorKind::kInvalidArgument, "would both be called \"timestamp\"", text);
  options_.renames = {{"exchange_time", "timestamp"}};
  EXPECT_EQ(types(text), "exchange_time:int64 timestamp:timestamp[ns, UTC] ");
}

TEST_F(CsvTables, WithoutHeaderSaysSo) {
  expect_refused(ErrorKind::kInvalidArgument, "there is no header row, the first line begins with \"1637971200000\"",
                 "1637971200000,0.00002853,0.00002854\n1637971260000,0.00002854,0.00002860\n");
}

TEST_F(CsvTables, NamesStandForAMissingHeader) {
  options_.columns = {"open_time", "open", "high", "low", "close", "volume"};
  const CsvTable bars = read("1637971200000,0.1,0.2,0.1,0.2,36304.20000000\n");
  EXPECT_EQ(cells(bars.table.column("timestamp")), Cells{"2021-11-27T00:00:00Z"});
  EXPECT_EQ(cells(bars.table.column("volume")), Cells{"36304.2"});
}

TEST_F(CsvTables, NamesPassOverAHeaderThatIsThereAfterAll) {
  options_.columns = {"time", "x"};
  EXPECT_EQ(read("open_time,open\n1637971200000,5\n").rows_read, 1);
  EXPECT_EQ(read("1637971200000,5\n1637971260000,5\n").rows_read, 2);
}

TEST_F(CsvTables, WrongNumberOfNamesIsAnError) {
  options_.columns = {"time", "x", "y"};
  expect_refused(ErrorKind::kInvalidArgument, "has 2 columns, and 3 names are given", "1,2\n");
}

TEST_F(CsvTables, RenamesAndLowersNamesTheKindKnows) {
  options_.renames = {{"volume", "Vol"}};
  EXPECT_EQ(types("Date,Open,High,Low,Close,Adj Close,Vol\n2024-01-01,1,1,1,1,1,7\n"),
            "timestamp:timestamp[ns, UTC] open:float64 high:float64 low:float64 close:float64 Adj Close:int64 "
            "volume:int64 ");
}

TEST_F(CsvTables, NamelessColumnsAreNamedByPlace) {
  EXPECT_THAT(types("time,,x\n1,2,3\n"), HasSubstr("column_2:int64"));
}

TEST_F(CsvTables, TypesComeFromAllCells) {
  EXPECT_EQ(type({"1", "2", "-3"}), "int64");
  EXPECT_EQ(type({"1", "2", "3.5"}), "float64");
  EXPECT_EQ(type({"1", "", "3"}), "int64");
  EXPECT_EQ(type({"1", "NaN"}), "float64");
  EXPECT_EQ(type({"true", "False", ""}), "boolean");
  EXPECT_EQ(type({"2024-01-01", "2024-01-02"}), "date");
  EXPECT_EQ(type({"2024-01-01T00:00Z", "2024-01-02 00:00+01:00"}), "timestamp[ns, UTC]");
  EXPECT_EQ(type({"2024-01-01 00:00", "2024-01-02 00:00"}), "timestamp[ns]");
  EXPECT_EQ(type({"2024-01-01", "2024-01-02 00:00"}), "string");
  EXPECT_EQ(type({"1", "true"}), "string");
  EXPECT_EQ(type({"a", "1"}), "string");
  EXPECT_EQ(type({"", "null"}), "null");
}

TEST_F(CsvTables, NaiveTimesInOtherColumnsTakeTheZone) {
  options_.zone = "Europe/Berlin";
  const Column times = column({"2024-01-01 00:00", ""});
  EXPECT_EQ(cells(times), (Cells{"2023-12-31T23:00:00Z", std::nullopt}));
}

TEST_F(CsvTables, CodesWithLeadingZerosStayText) {
  EXPECT_EQ(cells(column({"600000", "000001"})), (Cells{"600000", "000001"}));
  EXPECT_EQ(type({"0.5", "007"}), "string");
  EXPECT_EQ(type({"0", "0.5", "-0.25"}), "float64");
}

TEST_F(CsvTables, WholeNumbersBeyond64BitsStayExact) {
  EXPECT_EQ(cells(column({"5", "18446744073709551615"})), (Cells{"5", "18446744073709551615"}));
  EXPECT_EQ(type({"18446744073709551616", "0.5"}), "float64");
  EXPECT_EQ(type({"0.5", "18446744073709551616"}), "float64");
  EXPECT_EQ(type({"9223372036854775807", "-9223372036854775808"}), "int64");
}

TEST_F(CsvTables, WholeNumbersAreNeverRoundedToFloats) {
  for (const char* whole : {"9007199254740993", "-9007199254740993", "9223372036854775807", "18446744073709551615",
                            "100000000000000000000000", "+9007199254740993"}) {
    const std::string reason = std::string("column x: \"") + whole + "\" is a whole number that float64 does not hold";
    const CsvTable before = read(std::string("time,x\n1,") + whole + "\n2,1.5\n");
    ASSERT_EQ(before.bad_rows, 1) << whole;
    EXPECT_THAT(before.first_bad[0].text(), HasSubstr("line 2, " + reason));
    const CsvTable after = read(std::string("time,x\n1,1.5\n2,") + whole + "\n");
    ASSERT_EQ(after.bad_rows, 1) << whole;
    EXPECT_THAT(after.first_bad[0].text(), HasSubstr("line 3, " + reason));
    EXPECT_EQ(cells(after.table.column("x")), Cells{"1.5"});
  }
}

TEST_F(CsvTables, WholeNumbersThatFloatsHoldAreTaken) {
  for (const char* whole :
       {"9007199254740992", "9007199254740994", "-9223372036854775808", "18446744073709551616", "0", "-0"}) {
    EXPECT_EQ(type({whole, "1.5"}), "float64") << whole;
    EXPECT_EQ(type({"1.5", whole}), "float64") << whole;
  }
  EXPECT_EQ(type({"9007199254740993.0", "1e23", "1.5"}), "float64");  // written as floats are
}

TEST_F(CsvTables, WholeNumbersAreNotRoundedInColumnsTheKindKnows) {
  const std::string header = "time,open,high,low,close,volume\n";
  EXPECT_EQ(read(header + "1,1,1,1,9007199254740993,1\n").bad_rows, 1);
  EXPECT_EQ(read(header + "1,1,1,1,1,9007199254740993\n").bad_rows, 0);
  const CsvTable bars = read(header + "1,1,1,1,1,9007199254740993\n2,1,1,1,1,0.5\n");
  ASSERT_EQ(bars.bad_rows, 1);
  EXPECT_THAT(bars.first_bad[0].text(), HasSubstr("line 2, column volume: \"9007199254740993\" is a whole number"));
}

// The row with the first text is given up for its other column: what is left looks like numbers, and is text all the
// same.
TEST_F(CsvTables, RowsGivenUpForRoundingLeaveOtherColumnsAsTheyWere) {
  const CsvTable rows = read("time,x,name\n1,9007199254740993,a\n2,1.5,7\n3,2.5,b\n");
  EXPECT_EQ(rows.bad_rows, 1);
  EXPECT_EQ(cells(rows.table.column("name")), (Cells{"7", "b"}));
}

TEST_F(CsvTables, TextFoundLateIsReadAgain) {
  EXPECT_EQ(cells(column({"1.50", "NA", "", "x", "2"})), (Cells{"1.50", "NA", std::nullopt, "x", "2"}));
  EXPECT_EQ(opened_, 2);
  EXPECT_EQ(cells(column({"", "x", "2"})), (Cells{std::nullopt, "x", "2"}));
  EXPECT_EQ(opened_, 1);
}

TEST_F(CsvTables, NullWordsAreNullsAmongNumbersAndTextAmongText) {
  EXPECT_EQ(cells(column({"1", "NA", "null", "N/A", "None", "NULL"})),
            (Cells{"1", std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt}));
  EXPECT_EQ(cells(column({"NA", "AAPL"})), (Cells{"NA", "AAPL"}));
}

TEST_F(CsvTables, QuotedEmptyTextIsNotNull) {
  EXPECT_EQ(cells(column({"a", "\"\"", ""})), (Cells{"a", "", std::nullopt}));
  EXPECT_EQ(cells(column({"\"\"", "a"})), (Cells{"", "a"}));
}

TEST_F(CsvTables, SpacesAroundNumbersArePassedOver) {
  EXPECT_EQ(cells(column({" 1", "2 ", "\t+3"})), (Cells{"1", "2", "3"}));
}

TEST_F(CsvTables, FloatsAreReadExactly) {
  Random random;
  std::vector<std::string> texts;
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i) {
    double value = 0;
    const int64_t bits = random.edgy();
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    texts.emplace_back(text);
    values.push_back(value);
  }
  texts.emplace_back("0.5");
  values.push_back(0.5);
  options_.renames = {{"close", "x"}};
  options_.kind = "ohlcv";
  std::string csv = "time,x\n";
  for (const std::string& text : texts) csv += "1," + text + "\n";
  const CsvTable result = read(csv);
  const auto read_values = result.table.column("close").values<double>();
  ASSERT_EQ(read_values.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(read_values[i], values[i]) << texts[i];
}

// Whatever the order of the cells, the type is the same, and so are the values.
TEST_F(CsvTables, TypeDoesNotHangOnTheOrderOfCells) {
  Random random;
  const std::vector<std::string> pool = {"1", "2.5", "",    "NA", "true", "2024-01-01",
                                         "x", "007", "1e3", "-4", "nan",  "18446744073709551616"};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    for (int64_t left = random.between(1, 4); left > 0; --left) texts.push_back(random.pick(pool));
    const std::string expected = type(texts);
    std::sort(texts.begin(), texts.end());
    do {
      ASSERT_EQ(type(texts), expected) << ::testing::PrintToString(texts);
    } while (std::next_permutation(texts.begin(), texts.end()));
  }
}

TEST_F(CsvTables, RowsThatDoNotParseAreCountedAndShown) {
  const CsvTable bars = read(
      "time,open,high,low,close\n1,1,1,1,1\n2,1,abc,1,1\n3,1,1,1\nnoon,1,1,1,1\n5,1,1,1,1,1\n6,\"1\"x,1,1,1\n7,1,1,1,"
      "2\n");
  EXPECT_EQ(bars.rows_read, 7);
  EXPECT_EQ(bars.bad_rows, 5);
  EXPECT_EQ(cells(bars.table.column("close")), (Cells{"1.0", "2.0"}));
  std::vector<std::string> texts;
  for (const BadRow& bad : bars.first_bad) texts.push_back(bad.text());
  EXPECT_THAT(
      texts, ElementsAre("line 3, column high: \"abc\" is not a number", "line 4 has 4 fields, and the first row has 5",
                         "line 5, column time: \"noon\" is not a time", "line 6 has 6 fields, and the first row has 5",
                         "line 7, column open: \"1\" has text behind the closing quote"));
}

TEST_F(CsvTables, OnlyTheFirstBadRowsAreKept) {
  std::string text = "time,open,high,low,close\n";
  for (int i = 0; i < 25; ++i) text += "1,x,1,1,1\n";
  const CsvTable bars = read(text);
  EXPECT_EQ(bars.bad_rows, 25);
  EXPECT_EQ(bars.first_bad.size(), kBadRowsKept);
  EXPECT_EQ(bars.table.num_rows(), 0);
}

TEST_F(CsvTables, BadRowsLeaveNoMarkOnOtherColumns) {
  const CsvTable bars =
      read("time,open,high,low,close,x,name\n1,1,1,1,1,5,a\n2,bad,1,1,1,text,longer\n3,1,1,1,1,6,b\n");
  EXPECT_EQ(bars.bad_rows, 1);
  EXPECT_EQ(to_string(bars.table.column("x").type()), "int64");
  EXPECT_EQ(cells(bars.table.column("name")), (Cells{"a", "b"}));
}

TEST_F(CsvTables, RowAfterABadOneMayBeNullOrNot) {
  const CsvTable bars = read("time,open,high,low,close\n1,,1,1,1\n2,,1,1,bad\n3,7,1,1,1\n4,5,1,1,bad\n5,,1,1,1\n");
  EXPECT_EQ(cells(bars.table.column("open")), (Cells{std::nullopt, "7.0", std::nullopt}));
}

TEST_F(CsvTables, MissingTimeIsABadRow) {
  const CsvTable rows = read("time,x\n1,1\n,2\n");
  ASSERT_EQ(rows.bad_rows, 1);
  EXPECT_EQ(rows.first_bad[0].text(), "line 3, column time: \"\" is no time, and every row needs one");
}

TEST_F(CsvTables, NaiveTimeWithoutZoneStopsWithLineValueAndFlag) {
  expect_refused(ErrorKind::kInvalidArgument,
                 "line 2, column timestamp: \"2021-12-31 23:01:00\" names no zone: say which with --tz",
                 "timestamp,x\n2021-12-31 23:01:00,1\n");
  options_.zone = "UTC";
  EXPECT_EQ(read("timestamp,x\n2021-12-31 23:01:00,1\n").table.num_rows(), 1);
}

TEST_F(CsvTables, UnknownZoneIsAnError) {
  options_.zone = "Mars/Base";
  expect_refused(ErrorKind::kInvalidArgument, "Mars/Base", "time,x\n1,1\n");
}

TEST_F(CsvTables, NothingToReadIsAnError) {
  expect_refused(ErrorKind::kInvalidArgument, "there is nothing in it", "");
  expect_refused(ErrorKind::kInvalidArgument, "there is nothing in it", "\n\n");
  expect_refused(ErrorKind::kInvalidArgument, "no rows below the header", "time,x\n");
}

TEST_F(CsvTables, BytesThatAreNoTextAreRefused) {
  expect_refused(ErrorKind::kInvalidArgument, "not text", std::string("\x89PNG\r\n\x1a\n\0\0,\xFF", 12));
  expect_refused(ErrorKind::kInvalidArgument, "carriage return alone", "time,x\r1,2\r3,4\r");
  EXPECT_EQ(read("time,x\n1,a\n2,\xFF\xFF\n").bad_rows, 1);
}

TEST_F(CsvTables, EqualNamesAreRefused) {
  expect_refused(ErrorKind::kInvalidArgument, "would both be called \"x\"", "time,x,x\n1,2,3\n");
  expect_refused(ErrorKind::kInvalidArgument, "\"Close\" and \"close\" would both be called \"close\"",
                 "time,open,high,low,Close,close\n1,1,1,1,1,1\n");
}

TEST_F(CsvTables, TooManyColumnsAreRefused) {
  expect_refused(ErrorKind::kInvalidArgument, "more than 10000", "time" + std::string(20'000, ',') + "\n");
}

// Bytes like those of a CSV file, and others: a table or an error, whatever they are.
TEST_F(CsvTables, SurviveAnyBytes) {
  Random random;
  const std::vector<std::string> pieces = {"time", "open",       "high",       "low",  "close", ",",    ",",
                                           ",",    "\n",         "\n",         "\r\n", "\"",    "1",    "-7",
                                           "0.5",  "2024-01-01", "T00:00:00Z", "x",    "NA",    "true", "1e999"};
  for (int round = 0; round < 3000; ++round) {
    std::string text = random.one_in(2) ? "time,a,b\n" : "time,open,high,low,close\n";
    for (int64_t left = random.between(0, 60); left > 0; --left) {
      text += random.one_in(20) ? std::string(1, static_cast<char>(random.between(0, 255))) : random.pick(pieces);
    }
    try {
      const CsvTable result = read(text);
      EXPECT_EQ(result.rows_read, result.bad_rows + result.table.num_rows());
      EXPECT_EQ(table::to_text(result.table).empty(), false);
    } catch (const Error& error) {
      const bool expected = error.kind() == ErrorKind::kInvalidArgument || error.kind() == ErrorKind::kNotFound;
      ASSERT_TRUE(expected) << error.what();
    }
  }
}

// A table of random text, written and read: the cells come back, nulls and growth of the columns included.
TEST_F(CsvTables, ManyRowsComeBackAsTheyWere) {
  Random random;
  std::string text = "time,number,name,flag\n";
  Cells numbers, names, flags;
  for (int row = 0; row < 5000; ++row) {
    numbers.push_back(random.one_in(7) ? std::nullopt : std::optional(std::to_string(random.between(-1000, 1000))));
    names.push_back(random.one_in(7) ? std::nullopt : std::optional("n" + std::to_string(random.between(0, 99))));
    flags.push_back(random.one_in(7) ? std::nullopt : std::optional<std::string>(random.one_in(2) ? "true" : "false"));
    text += std::to_string(row) + "," + numbers.back().value_or("") + "," + names.back().value_or("") + "," +
            flags.back().value_or("") + "\n";
  }
  const Table table = read(text).table;
  EXPECT_EQ(cells(table.column("number")), numbers);
  EXPECT_EQ(cells(table.column("name")), names);
  EXPECT_EQ(cells(table.column("flag")), flags);
}

}  // namespace
}  // namespace varve::ingest
