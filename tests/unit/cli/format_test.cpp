#include "varve/cli/format.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "varve/base/error.h"
#include "varve/table/builder.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"

namespace varve::cli {
namespace {

using testing::expect_error;
using testing::Random;

std::string text(const Table& table, Format format, const TextOptions& options = {}) {
  std::string result;
  write_text(table, format, options, [&](std::string_view piece) { result += piece; });
  return result;
}

Table one_column(const std::string& name, Column column) {
  return Table(Schema({{name, column.type()}}), {std::move(column)});
}

Table strings(const std::vector<std::optional<std::string>>& values) {
  return one_column("s", make_column(DataType::string(), values));
}

Table bars() {
  const DataType moment = DataType::timestamp(TimeUnit::kNano, "UTC");
  return Table(Schema({{"timestamp", moment}, {"close", DataType::float64()}, {"volume", DataType::int64()}}),
               {make_column<int64_t>(moment, std::vector<int64_t>{0, 1'500'000'000}),
                make_column<double>(DataType::float64(), std::vector<double>{1.25, NAN}),
                make_column<int64_t>(DataType::int64(), std::vector<int64_t>{7, std::numeric_limits<int64_t>::max()},
                                     {false, true})});
}

TEST(Formats, AreKnownByNameAndByEnding) {
  for (const char* name : {"table", "csv", "tsv", "json", "ndjson", "markdown", "parquet"}) {
    EXPECT_NO_THROW((void)parse_format(name)) << name;
  }
  expect_error(ErrorKind::kInvalidArgument, "there are table, csv, tsv", [] { (void)parse_format("xml"); });
  EXPECT_EQ(format_of_file("a/b.csv"), Format::kCsv);
  EXPECT_EQ(format_of_file("b.jsonl"), Format::kNdjson);
  EXPECT_EQ(format_of_file("b.parquet"), Format::kParquet);
  EXPECT_EQ(format_of_file("b.xyz"), std::nullopt);
}

TEST(Formats, CsvKeepsEveryDigit) {
  EXPECT_EQ(text(bars(), Format::kCsv),
            "timestamp,close,volume\n1970-01-01T00:00:00Z,1.25,\n1970-01-01T00:00:01.500Z,nan,9223372036854775807\n");
}

TEST(Formats, CsvQuotesWhatItMust) {
  EXPECT_EQ(text(strings({"a,b", "say \"x\"", "two\nlines", "", std::nullopt, "plain"}), Format::kCsv),
            "s\n\"a,b\"\n\"say \"\"x\"\"\"\n\"two\nlines\"\n\"\"\n\nplain\n");
}

TEST(Formats, TsvSplitsByTabs) {
  EXPECT_EQ(text(bars(), Format::kTsv).substr(0, 23), "timestamp\tclose\tvolume\n");
  EXPECT_EQ(text(strings({"a\tb", "a,b"}), Format::kTsv), "s\n\"a\tb\"\na,b\n");
}

TEST(Formats, JsonHasNumbersTimesAndNulls) {
  EXPECT_EQ(text(bars(), Format::kJson),
            "[\n{\"timestamp\":\"1970-01-01T00:00:00Z\",\"close\":1.25,\"volume\":null},\n"
            "{\"timestamp\":\"1970-01-01T00:00:01.500Z\",\"close\":null,\"volume\":9223372036854775807}\n]\n");
  EXPECT_EQ(text(bars().slice(0, 0), Format::kJson), "[]\n");
}

TEST(Formats, NdjsonIsAnObjectALine) {
  EXPECT_EQ(text(bars().slice(0, 1), Format::kNdjson),
            "{\"timestamp\":\"1970-01-01T00:00:00Z\",\"close\":1.25,\"volume\":null}\n");
  EXPECT_EQ(text(bars().slice(0, 0), Format::kNdjson), "");
}

TEST(Formats, JsonEscapesText) {
  const std::string hostile = "\"\\\n\r\t\x01 é";
  const auto json = nlohmann::json::parse(text(strings({hostile}), Format::kJson));
  EXPECT_EQ(json[0]["s"], hostile);
}

TEST(Formats, MarkdownIsATable) {
  EXPECT_EQ(text(bars().slice(0, 1), Format::kMarkdown),
            "| timestamp | close | volume |\n|---|---:|---:|\n| 1970-01-01T00:00:00Z | 1.25 |  |\n");
  EXPECT_EQ(text(strings({"a|b\nc"}), Format::kMarkdown), "| s |\n|---|\n| a\\|b c |\n");
}

TEST(Formats, TableShowsTheEndsOfManyRows) {
  const std::string shown = text(testing::make_bars(1000), Format::kTable, {.rows_max = 4});
  EXPECT_THAT(shown, ::testing::HasSubstr("1,000 rows"));
  EXPECT_LT(std::count(shown.begin(), shown.end(), '\n'), 15);
}

TEST(Formats, ManyRowsComeInPiecesAndWhole) {
  const Table table = testing::make_bars(20'000);
  std::string whole;
  int pieces = 0;
  write_text(table, Format::kNdjson, {}, [&](std::string_view piece) {
    whole += piece;
    ++pieces;
    EXPECT_LT(piece.size(), size_t{1} << 17);
  });
  EXPECT_GT(pieces, 10);
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 20'000);
}

// Any table is JSON that a strict parser takes, with the right nulls.
TEST(Formats, JsonOfAnyTypeIsWellFormed) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const Table table = testing::random_table(random, {.rows = 50});
    const auto json = nlohmann::json::parse(text(table, Format::kJson));
    ASSERT_EQ(json.size(), 50U);
    for (size_t row = 0; row < 50; ++row) {
      for (size_t i = 0; i < table.num_columns(); ++i) {
        const Column& column = table.column(i);
        const auto& value = json[row][table.schema()[i].name];
        if (column.is_null(static_cast<int64_t>(row))) {
          EXPECT_TRUE(value.is_null());
        }
        if (column.type().id == TypeId::kInt64 && !value.is_null()) {
          EXPECT_EQ(value.get<int64_t>(), column.values<int64_t>()[row]);
        }
        if (column.type().id == TypeId::kFloat64 && !value.is_null()) {
          EXPECT_EQ(value.get<double>(), column.values<double>()[row]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace varve::cli
