#include "varve/table/print.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "varve/base/time.h"
#include "varve/table/builder.h"

#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::Random;

std::string integer_text(std::string_view type, int64_t value) {
  ColumnBuilder builder(parse_type(type));
  builder.append_int64(value);
  return value_text(builder.finish(), 0);
}
std::string float_text(double value, std::string_view type = "float64") {
  ColumnBuilder builder(parse_type(type));
  builder.append_double(value);
  return value_text(builder.finish(), 0);
}

TEST(ValueText, OfNullIsNothing) {
  std::string out = "x";
  append_value(make_null_column(DataType::int64(), 1), 0, out);
  append_value(make_null_column(DataType::null(), 1), 0, out);
  EXPECT_EQ(out, "x");
}

TEST(ValueText, OfFloatsIsShortestAndShowsThatTheyAreFloats) {
  EXPECT_EQ(float_text(0.1), "0.1");
  EXPECT_EQ(float_text(100000), "100000.0");
  EXPECT_EQ(float_text(-0.0), "-0.0");
  EXPECT_EQ(float_text(1e300), "1e+300");
  EXPECT_EQ(float_text(1.5e-9), "1.5e-09");
  EXPECT_EQ(float_text(std::nan("")), "nan");
  EXPECT_EQ(float_text(-HUGE_VAL), "-inf");
  EXPECT_EQ(float_text(0.1, "float32"), "0.1");
  EXPECT_EQ(float_text(1.5, "float16"), "1.5");
  EXPECT_EQ(float_text(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(float_text(9007199254740993.0), "9007199254740992.0");
}

TEST(ValueText, OfFloatsReadsBackEqual) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    const auto value = std::bit_cast<double>(random.next());
    if (!std::isfinite(value)) continue;
    const std::string text = float_text(value);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(back, value) << text;
  }
}

TEST(ValueText, OfIntegersAtTheirEdges) {
  EXPECT_EQ(integer_text("int8", -128), "-128");
  EXPECT_EQ(integer_text("uint8", 255), "255");
  EXPECT_EQ(integer_text("int64", std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

TEST(ValueText, OfDecimalsHasAllDigitsOfTheirScale) {
  const auto text = [](Int128 value, int32_t precision, int32_t scale) {
    ColumnBuilder builder(DataType::decimal(precision, scale));
    builder.append_decimal(value);
    return value_text(builder.finish(), 0);
  };
  EXPECT_EQ(text(150, 5, 2), "1.50");
  EXPECT_EQ(text(-5, 5, 3), "-0.005");
  EXPECT_EQ(text(0, 5, 0), "0");
  EXPECT_EQ(text(7, 5, 5), "0.00007");
  EXPECT_EQ(text(-Int128{1'000'000'000'000'000'000} * 1'000'000'000'000'000'000, 38, 0),
            "-1000000000000000000000000000000000000");
}

TEST(ValueText, OfTimestampsIsIsoAndMarksUtc) {
  EXPECT_EQ(integer_text("timestamp[ns, America/New_York]", 1'709'633'700'000'000'000), "2024-03-05T10:15:00Z");
  EXPECT_EQ(integer_text("timestamp[ns]", 1'709'633'700'500'000'000), "2024-03-05T10:15:00.500");
  EXPECT_EQ(integer_text("timestamp[us, UTC]", -1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(integer_text("timestamp[ns, UTC]", 1), "1970-01-01T00:00:00.000000001Z");
}

TEST(ValueText, OfTimestampsAgreesWithThatOfMoments) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    const int64_t moment = random.edgy();
    ASSERT_EQ(integer_text("timestamp[ns, UTC]", moment), varve::to_string(Timestamp{moment}));
  }
}

TEST(ValueText, OfTimestampsBeyondNanosecondsDoesNotOverflow) {
  EXPECT_EQ(integer_text("timestamp[s, UTC]", 253'402'300'800), "+10000-01-01T00:00:00Z");
  EXPECT_EQ(integer_text("timestamp[s]", -62'167'219'201), "-0001-12-31T23:59:59");
  EXPECT_EQ(integer_text("timestamp[s]", -62'167'219'200), "0000-01-01T00:00:00");
  EXPECT_EQ(integer_text("timestamp[s]", std::numeric_limits<int64_t>::max()), "+292277026596-12-04T15:30:07");
  EXPECT_EQ(integer_text("timestamp[s]", std::numeric_limits<int64_t>::min()), "-292277022657-01-27T08:29:52");
}

TEST(ValueText, OfDatesAgreesWithTheCalendar) {
  EXPECT_EQ(integer_text("date", 19'787), "2024-03-05");
  EXPECT_EQ(integer_text("date", 11'016), "2000-02-29");
  for (int32_t days = -200'000; days < 200'000; days += 7) {
    ASSERT_EQ(integer_text("date", days), varve::to_string(Date{days}));
  }
}

TEST(ValueText, OfTimesDurationsAndTheRest) {
  EXPECT_EQ(integer_text("time[s]", 36'900), "10:15:00");
  EXPECT_EQ(integer_text("time[ns]", 1), "00:00:00.000000001");
  EXPECT_EQ(integer_text("duration[ms]", 5'400'250), "1h30m250ms");
  EXPECT_EQ(integer_text("duration[s]", std::numeric_limits<int64_t>::max()), "9223372036854775807s");
  EXPECT_EQ(value_text(make_column(DataType::binary(), {std::string("\x00\xFF", 2)}), 0), "00ff");
  EXPECT_EQ(value_text(make_column(DataType::fixed_binary(2), {"\x01\x0a"}), 0), "010a");
  EXPECT_EQ(value_text(make_column(DataType::dictionary(DataType::binary()), {"\x01"}), 0), "01");
}

TEST(ToText, DrawsNamesTypesAndRows) {
  const Table table(Schema({{"symbol", DataType::string()}, {"close", DataType::float64()}}),
                    {make_column(DataType::string(), {"AAPL", std::nullopt}),
                     make_column<double>(DataType::float64(), std::vector<double>{1.5, 100})});
  EXPECT_EQ(to_text(table),
            "┌────────┬─────────┐\n"
            "│ symbol │   close │\n"
            "│ string │ float64 │\n"
            "├────────┼─────────┤\n"
            "│ AAPL   │     1.5 │\n"
            "│ null   │   100.0 │\n"
            "└────────┴─────────┘\n"
            "2 rows × 2 columns\n");
}

TEST(ToText, ShowsTheFirstAndLastHalfOfManyRows) {
  const std::string text = to_text(testing::make_bars(1234), {.rows_max = 5});
  EXPECT_NE(text.find("2024-01-02T00:02:00Z"), std::string::npos);
  EXPECT_EQ(text.find("2024-01-02T00:03:00Z"), std::string::npos);
  EXPECT_NE(text.find("│ …"), std::string::npos);
  EXPECT_NE(text.find("2024-01-02T20:32:00Z"), std::string::npos);
  EXPECT_NE(text.find("2024-01-02T20:33:00Z"), std::string::npos);
  EXPECT_TRUE(text.ends_with("1,234 rows × 6 columns\n"));
}

int64_t width_of_line(std::string_view line) {
  return std::count_if(line.begin(), line.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
}

TEST(ToText, LeavesOutColumnsThatDoNotFitAndSaysSo) {
  const std::string text = to_text(testing::make_bars(3), {.width_max = 50});
  EXPECT_NE(text.find("3 columns not shown\n"), std::string::npos);
  for (size_t first = 0; first < text.size();) {
    const size_t end = text.find('\n', first);
    EXPECT_LE(width_of_line(std::string_view(text).substr(first, end - first)), 50);
    first = end + 1;
  }
  EXPECT_NE(to_text(testing::make_bars(3), {.width_max = 1}).find("timestamp"), std::string::npos);
}

TEST(ToText, CountsWideCharactersAsTwoAndEscapesControls) {
  const Table table(Schema({{"s", DataType::string()}}),
                    {make_column(DataType::string(), {"語", "a\x1B\n", "e\u0301"})});
  EXPECT_EQ(to_text(table),
            "┌───────────┐\n"
            "│ s         │\n"
            "│ string    │\n"
            "├───────────┤\n"
            "│ 語        │\n"
            "│ a\\x1b\\x0a │\n"
            "│ e\u0301         │\n"
            "└───────────┘\n"
            "3 rows × 1 column\n");
}

TEST(ToText, CutsLongText) {
  const Table table(Schema({{"s", DataType::string()}}),
                    {make_column(DataType::string(), {std::string(100, 'x'), std::string(40, 'y')})});
  const std::string text = to_text(table);
  EXPECT_NE(text.find("│ " + std::string(39, 'x') + "… │"), std::string::npos);
  EXPECT_NE(text.find("│ " + std::string(40, 'y') + " │"), std::string::npos);
}

TEST(ToText, WithoutRowsOrColumnsSaysHowMany) {
  EXPECT_TRUE(to_text(testing::make_bars(0)).ends_with("0 rows × 6 columns\n"));
  EXPECT_EQ(to_text(Table()), "0 rows × 0 columns\n");
  EXPECT_TRUE(to_text(testing::make_bars(1), {.rows_max = 0}).ends_with("1 row × 6 columns\n"));
}

TEST(ToText, TakesTablesOfAllTypes) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const Table table = testing::random_table(random, {.rows = random.between(0, 40)});
    EXPECT_NE(to_text(table, {.width_max = 10'000}).find(" × "), std::string::npos);
  }
}

}  // namespace
}  // namespace varve::table
