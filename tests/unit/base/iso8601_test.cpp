#include <gtest/gtest.h>

#include "varve/base/time.h"

#include "support/errors.h"
#include "support/random.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Random;

constexpr int64_t kNoon = 1'709'640'900 * kNanosecondsPerSecond;  // 2024-03-05T12:15:00Z
constexpr const char* kFirst = "1677-09-21T00:12:43.145224192Z";
constexpr const char* kLast = "2262-04-11T23:47:16.854775807Z";

void expect_malformed(const std::string& text) {
  EXPECT_FALSE(try_parse_time(text)) << quote(text);
  expect_error(ErrorKind::kInvalidArgument, quote(text), [&] { static_cast<void>(parse_time(text)); });
}

TEST(ParseTimeTest, ReadsDates) {
  for (const char* text : {"2024-03-05", "20240305"}) {
    const ParsedTime parsed = parse_time(text);
    EXPECT_EQ(parsed.local_nanoseconds, 19'787 * kNanosecondsPerDay);
    EXPECT_FALSE(parsed.has_time);
    EXPECT_FALSE(parsed.offset_seconds);
  }
}

TEST(ParseTimeTest, ReadsEverySpellingOfAReading) {
  for (const char* text : {"2024-03-05T12:15:00", "2024-03-05t12:15:00", "2024-03-05 12:15:00", "2024-03-05T12:15",
                           "20240305T121500", "20240305T1215", "20240305 121500", "20240305 12:15:00",
                           "2024-03-05T121500", "2024-03-05T12:15:00.0", "2024-03-05T12:15:00,000000000"}) {
    const ParsedTime parsed = parse_time(text);
    EXPECT_EQ(parsed.local_nanoseconds, kNoon) << text;
    EXPECT_TRUE(parsed.has_time) << text;
    EXPECT_FALSE(parsed.offset_seconds) << text;
  }
}

TEST(ParseTimeTest, ReadsEverySpellingOfAZone) {
  for (const auto& [zone, seconds] : std::initializer_list<std::pair<const char*, int32_t>>{{"Z", 0},
                                                                                            {"z", 0},
                                                                                            {"+00", 0},
                                                                                            {"-00:00", 0},
                                                                                            {"+02", 7'200},
                                                                                            {"+0200", 7'200},
                                                                                            {"+02:00", 7'200},
                                                                                            {"-0530", -19'800},
                                                                                            {"-05:30", -19'800},
                                                                                            {"+23:59", 86'340},
                                                                                            {"-23:59", -86'340}}) {
    for (const char* reading :
         {"2024-03-05T12:15:00", "20240305T121500", "2024-03-05T12:15", "20240305T1215", "2024-03-05 12:15:00.5"}) {
      const std::string text = std::string(reading) + zone;
      EXPECT_EQ(parse_time(text).offset_seconds, seconds) << text;
      EXPECT_EQ(parse_time(text).local_nanoseconds / kNanosecondsPerSecond, kNoon / kNanosecondsPerSecond) << text;
    }
  }
}

TEST(ParseTimeTest, ReadsEveryPrecision) {
  const std::string digits = "123456789";
  int64_t expected = 0;
  int64_t scale = 100'000'000;
  for (size_t count = 1; count <= 9; ++count, scale /= 10) {
    expected += static_cast<int64_t>(count) * scale;
    EXPECT_EQ(parse_timestamp("2024-03-05T12:15:00." + digits.substr(0, count) + "Z").nanoseconds, kNoon + expected);
    EXPECT_EQ(parse_timestamp("20240305T121500," + digits.substr(0, count) + "+00").nanoseconds, kNoon + expected);
  }
}

TEST(ParseTimeTest, EveryOtherTextIsAnError) {
  for (const char* text : {"",
                           " ",
                           "2024",
                           "2024-03",
                           "202403",
                           "2024-3-5",
                           "24-03-05",
                           "2024/03/05",
                           "2024-0305",
                           "202403-05",
                           "2024-03-05T",
                           "2024-03-05 ",
                           " 2024-03-05",
                           "2024-03-05Z",
                           "2024-03-05T12",
                           "2024-03-05T12:1",
                           "2024-03-05T12:15:",
                           "2024-03-05T12:1500",
                           "2024-03-05T1215:00",
                           "2024-03-05T12:15:0",
                           "2024-03-05  12:15",
                           "2024-03-05_12:15",
                           "2024-03-05T12:15:00.",
                           "2024-03-05T12:15:00.1234567890",
                           "2024-03-05T12:15.5",
                           "2024-03-05T12:15:00 Z",
                           "2024-03-05T12:15:00Z ",
                           "2024-03-05T12:15:00ZZ",
                           "2024-03-05T12:15:00+",
                           "2024-03-05T12:15:00+2",
                           "2024-03-05T12:15:00+02:",
                           "2024-03-05T12:15:00+02:0",
                           "2024-03-05T12:15:00+020",
                           "2024-03-05T12:15:00+24:00",
                           "2024-03-05T12:15:00+02:60",
                           "2024-03-05T12:15:00+02:00:00",
                           "2024-03-05T12:15:00 UTC",
                           "2024-03-05T12:15:00EST",
                           "1709640900",
                           "2024-03-05T12:15:00\n",
                           "-2024-03-05",
                           "+2024-03-05",
                           "2024-W10-2",
                           "2024-065",
                           "2o24-03-05",
                           "2024-03-05T12:15:00.-5",
                           "2024-03-05T12:15:00\342\210\22205:00"}) {
    expect_malformed(text);
  }
  expect_malformed(std::string("2024-03-05\0", 11));
}

TEST(ParseTimeTest, DaysAndHoursThatDoNotExistAreErrors) {
  for (const char* text : {"2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32", "2023-02-29", "1900-02-29",
                           "2024-04-31", "2024-03-05T24:00:00", "2024-03-05T12:60:00", "2024-03-05T23:59:60Z"}) {
    expect_malformed(text);
  }
  EXPECT_TRUE(try_parse_time("2000-02-29"));
}

TEST(ParseTimeTest, MomentsOutOfReachAreErrorsThatSaySo) {
  for (const char* text : {"1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z", "1677-09-21",
                           "2262-04-12", "0000-01-01", "9999-12-31T23:59:59Z"}) {
    EXPECT_FALSE(try_parse_time(text)) << text;
    expect_error(ErrorKind::kInvalidArgument, "outside 1677-09-21T00:12:43",
                 [&] { static_cast<void>(parse_time(text)); });
  }
  EXPECT_EQ(parse_timestamp(kFirst), Timestamp::min());
  EXPECT_EQ(parse_timestamp(kLast), Timestamp::max());
}

TEST(ParseTimeTest, OffsetsThatLeadOutOfReachAreErrors) {
  for (const char* text : {"1677-09-21T00:12:44+00:01", "2262-04-11T23:47:16-00:01"}) {
    expect_error(ErrorKind::kInvalidArgument, "outside 1677", [&] { static_cast<void>(parse_timestamp(text)); });
    expect_error(ErrorKind::kInvalidArgument, "outside 1677", [&] { static_cast<void>(parse_time(text).utc()); });
  }
}

TEST(ParseTimeTest, OffsetIsTakenOff) {
  EXPECT_EQ(parse_timestamp("2024-03-05T14:15:00+02:00").nanoseconds, kNoon);
  EXPECT_EQ(parse_time("2024-03-05T06:45-05:30").utc().nanoseconds, kNoon);
}

TEST(ParseTimeTest, MomentsNeedAZone) {
  expect_error(ErrorKind::kInvalidArgument, "names no zone",
               [] { static_cast<void>(parse_timestamp("2024-03-05T10:15")); });
  expect_error(ErrorKind::kInvalidArgument, "is a date", [] { static_cast<void>(parse_timestamp("2024-03-05")); });
  expect_error(ErrorKind::kInvalidArgument, "no zone", [] { static_cast<void>(parse_time("2024-03-05T10:15").utc()); });
}

TEST(ParseTimeTest, MutatedTextNeverCrashesAndBothWaysAgree) {
  Random random;
  const std::string letters = "0123456789-:TtZz +.,";
  for (int i = 0; i < 50'000; ++i) {
    std::string text = "2024-03-05T12:15:00.123+02:00";
    for (int64_t left = random.between(1, 4); left > 0; --left) {
      text[random.next() % text.size()] = letters[random.next() % letters.size()];
    }
    text.resize(random.next() % (text.size() + 1));
    const std::optional<ParsedTime> parsed = try_parse_time(text);
    if (parsed) {
      ASSERT_EQ(parse_time(text).local_nanoseconds, parsed->local_nanoseconds) << text;
    } else {
      ASSERT_THROW(static_cast<void>(parse_time(text)), InvalidArgument) << text;
    }
  }
}

TEST(TimeTextTest, HasOnlyTheDigitsItNeeds) {
  EXPECT_EQ(to_string(Timestamp{kNoon}), "2024-03-05T12:15:00Z");
  EXPECT_EQ(to_string(Timestamp{kNoon + 120'000'000}), "2024-03-05T12:15:00.120Z");
  EXPECT_EQ(to_string(Timestamp{kNoon + 1'000}), "2024-03-05T12:15:00.000001Z");
  EXPECT_EQ(to_string(Timestamp{kNoon + 1}), "2024-03-05T12:15:00.000000001Z");
  EXPECT_EQ(to_string(Timestamp{-1}), "1969-12-31T23:59:59.999999999Z");
}

TEST(TimeTextTest, CompactFormFitsFileNames) {
  EXPECT_EQ(to_compact_string(Timestamp{kNoon}), "20240305T121500");
  EXPECT_EQ(to_compact_string(Timestamp{kNoon + 5'000'000}), "20240305T121500.005");
}

TEST(TimeTextTest, EndsOfReachAreWritten) {
  EXPECT_EQ(to_string(Timestamp::min()), kFirst);
  EXPECT_EQ(to_string(Timestamp::max()), kLast);
}

TEST(TimeTextTest, GoesThereAndBack) {
  Random random;
  for (int i = 0; i < 20'000; ++i) {
    const Timestamp at{random.edgy()};
    ASSERT_EQ(parse_timestamp(to_string(at)), at) << to_string(at);
    ASSERT_EQ(parse_time(to_compact_string(at)).local_nanoseconds, at.nanoseconds) << to_compact_string(at);
  }
}

TEST(DateTextTest, ReadsBothFormsAndNothingElse) {
  EXPECT_EQ(parse_date("2024-03-05").days, 19'787);
  EXPECT_EQ(parse_date("20240305").days, 19'787);
  EXPECT_EQ(parse_date("9999-12-31"), to_date(CalendarDay{9999, 12, 31}));
  for (const char* text : {"", "2024-03-05T00:00", "2024-0305", "2024-02-30", "5.3.2024"}) {
    expect_error(ErrorKind::kInvalidArgument, quote(text), [&] { static_cast<void>(parse_date(text)); });
  }
}

TEST(DateTextTest, EveryDayOfTheFourDigitYearsGoesThereAndBack) {
  const Date last = parse_date("9999-12-31");
  for (Date date = parse_date("0000-01-01"); date <= last; ++date.days) ASSERT_EQ(parse_date(to_string(date)), date);
}

TEST(DateTextTest, OtherYearsHaveASign) {
  EXPECT_EQ(to_string(to_date(CalendarDay{-44, 3, 15})), "-0044-03-15");
  EXPECT_EQ(to_string(to_date(CalendarDay{10'000, 1, 1})), "+10000-01-01");
  EXPECT_EQ(to_string(Date{std::numeric_limits<int32_t>::min()}), "-5877641-06-23");
}

TEST(OffsetTest, ReadsOffsetsOnly) {
  EXPECT_EQ(try_parse_offset("Z"), 0);
  EXPECT_EQ(try_parse_offset("-0530"), -19'800);
  for (const char* text : {"", "02:00", "+", "+2", "+02:00 ", "UTC", "+02:0", "+02:000"}) {
    EXPECT_FALSE(try_parse_offset(text)) << text;
  }
}

}  // namespace
}  // namespace varve
