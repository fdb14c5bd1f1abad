#include "varve/ingest/time_cell.h"

#include <string>

#include <gtest/gtest.h>

#include "varve/base/time.h"

namespace varve::ingest {
namespace {

std::string epoch(std::string_view cell) {
  const auto at = parse_epoch(cell);
  return at ? to_string(Timestamp{*at}) : "none";
}

class TimeCells : public ::testing::Test {
 protected:
  static std::string read(TimeReader& reader, std::string_view cell) {
    const TimeCell time = reader.read(cell);
    return time.fault != nullptr ? time.fault : to_string(Timestamp{time.nanoseconds});
  }
  static TimeReader in_zone(std::string_view name) { return TimeReader(base::Zone::find(name)); }
  static TimeReader without_zone() { return TimeReader(std::nullopt); }
};

TEST(EpochCells, UnitFollowsFromSize) {
  EXPECT_EQ(epoch("1637971200"), "2021-11-27T00:00:00Z");
  EXPECT_EQ(epoch("1637971200123"), "2021-11-27T00:00:00.123Z");
  EXPECT_EQ(epoch("1735689600000001"), "2025-01-01T00:00:00.000001Z");
  EXPECT_EQ(epoch("1583020803145000123"), "2020-03-01T00:00:03.145000123Z");
}

TEST(EpochCells, UnitChangesExactlyAtItsBounds) {
  EXPECT_EQ(epoch("9223372036"), "2262-04-11T23:47:16Z");
  EXPECT_EQ(epoch("99999999999"), "none");  // seconds of the year 5138
  EXPECT_EQ(epoch("100000000000"), "1973-03-03T09:46:40Z");
  EXPECT_EQ(epoch("99999999999999"), "none");
  EXPECT_EQ(epoch("100000000000000"), "1973-03-03T09:46:40Z");
  EXPECT_EQ(epoch("99999999999999999"), "none");
  EXPECT_EQ(epoch("100000000000000000"), "1973-03-03T09:46:40Z");
  EXPECT_EQ(epoch("9223372036854775807"), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(epoch("9223372036854775808"), "none");
}

TEST(EpochCells, TakesSignsAndFractions) {
  EXPECT_EQ(epoch("-1"), "1969-12-31T23:59:59Z");
  EXPECT_EQ(epoch("-0.5"), "1969-12-31T23:59:59.500Z");
  EXPECT_EQ(epoch("1476732900.000000000"), "2016-10-17T19:35:00Z");
  EXPECT_EQ(epoch("1476732900.123456789"), "2016-10-17T19:35:00.123456789Z");
  EXPECT_EQ(epoch("1637971200000.5"), "2021-11-27T00:00:00.000500Z");
  EXPECT_EQ(epoch("-1637971200000"), "1918-02-05T00:00:00Z");
}

TEST(EpochCells, RefusesWhatIsFinerThanANanosecond) {
  EXPECT_EQ(epoch("1476732900.1234567891"), "none");
  EXPECT_EQ(epoch("1476732900.1234567890"), "2016-10-17T19:35:00.123456789Z");
  EXPECT_EQ(epoch("1583020803145000123.5"), "none");
}

TEST(EpochCells, RefusesOtherText) {
  for (const char* cell : {"", "-", "+", ".", ".5", "1e9", "0x10", "1 ", "1.2.3", "nan", "12345678901234567890123"}) {
    EXPECT_EQ(epoch(cell), "none") << cell;
  }
}

TEST(EpochCells, RefusesCalendarDigitsThatWouldPassForMilliseconds) {
  EXPECT_EQ(epoch("202403051015"), "none");
  EXPECT_EQ(epoch("20240305101500"), "none");
  EXPECT_EQ(epoch("202413051015"), "1976-05-31T17:50:51.015Z");  // no month 13: a number
}

TEST_F(TimeCells, ReadsTimesThatNameTheirZone) {
  TimeReader reader = without_zone();
  EXPECT_EQ(read(reader, "2012-02-01 00:00:00+00:00"), "2012-02-01T00:00:00Z");
  EXPECT_EQ(read(reader, "2013-01-01T22:00:00.295+02:00"), "2013-01-01T20:00:00.295Z");
  EXPECT_EQ(read(reader, "2024-03-05T10:15Z"), "2024-03-05T10:15:00Z");
}

TEST_F(TimeCells, NaiveTimeNeedsAZone) {
  TimeReader reader = without_zone();
  const TimeCell time = reader.read("2021-12-31 23:01:00.000000");
  EXPECT_TRUE(time.lacks_zone);
  EXPECT_NE(std::string(time.fault).find("--tz"), std::string::npos);
}

TEST_F(TimeCells, ZoneIsForNaiveTimesOnly) {
  TimeReader reader = in_zone("America/New_York");
  EXPECT_EQ(read(reader, "2024-07-01 09:30"), "2024-07-01T13:30:00Z");
  EXPECT_EQ(read(reader, "2024-01-02 09:30"), "2024-01-02T14:30:00Z");
  EXPECT_EQ(read(reader, "2024-01-02 09:30Z"), "2024-01-02T09:30:00Z");
}

TEST_F(TimeCells, ReadingThatClocksSkipOrRepeatIsNoGuess) {
  TimeReader reader = in_zone("America/New_York");
  EXPECT_NE(read(reader, "2024-03-10 02:30").find("skip or show twice"), std::string::npos);
  EXPECT_NE(read(reader, "2024-11-03 01:30").find("skip or show twice"), std::string::npos);
  EXPECT_EQ(read(reader, "2024-11-03 01:30-05:00"), "2024-11-03T06:30:00Z");
}

TEST_F(TimeCells, DaysAreMidnightUtcInAnyZone) {
  TimeReader reader = in_zone("America/New_York");
  EXPECT_EQ(read(reader, "2024-03-05"), "2024-03-05T00:00:00Z");
  EXPECT_EQ(read(reader, "20240306"), "2024-03-06T00:00:00Z");
  TimeReader naive = without_zone();
  EXPECT_EQ(read(naive, "2000-03-01"), "2000-03-01T00:00:00Z");
}

TEST_F(TimeCells, ColumnKeepsTheFormOfItsFirstCell) {
  TimeReader epochs = without_zone();
  EXPECT_EQ(read(epochs, "1637971200"), "2021-11-27T00:00:00Z");
  EXPECT_EQ(read(epochs, "1637971200000"), "2021-11-27T00:00:00Z");
  EXPECT_NE(read(epochs, "2021-11-27T00:00:00Z").find("not an epoch number"), std::string::npos);
  TimeReader days = without_zone();
  EXPECT_EQ(read(days, "2021-11-27"), "2021-11-27T00:00:00Z");
  EXPECT_NE(read(days, "2021-11-27T00:00:00Z").find("not a day alone"), std::string::npos);
  TimeReader moments = in_zone("UTC");
  EXPECT_EQ(read(moments, "2021-11-27T00:00"), "2021-11-27T00:00:00Z");
  EXPECT_NE(read(moments, "2021-11-28").find("not a day with a time"), std::string::npos);
  EXPECT_NE(read(moments, "1637971200").find("not a day with a time"), std::string::npos);
}

TEST_F(TimeCells, FaultyCellDoesNotSetTheForm) {
  TimeReader reader = without_zone();
  EXPECT_EQ(read(reader, "yesterday"), "is not a time");
  EXPECT_EQ(read(reader, "1637971200"), "2021-11-27T00:00:00Z");
}

TEST_F(TimeCells, RefusesTextThatIsNoTime) {
  TimeReader reader = in_zone("UTC");
  for (const char* cell : {"", "abc", "2024-13-01", "2024-02-30 00:00", "01/04/1999", "12:30", "2024-03-05T25:00"}) {
    EXPECT_NE(reader.read(cell).fault, nullptr) << cell;
  }
}

}  // namespace
}  // namespace varve::ingest
