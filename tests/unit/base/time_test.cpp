#include "varve/base/time.h"

#include <chrono>
#include <tuple>

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Random;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

auto parts(const CalendarDay& day) { return std::tuple(day.year, day.month, day.day); }

TEST(DateTest, EpochIsDayZero) {
  EXPECT_EQ(to_date(CalendarDay{1970, 1, 1}).days, 0);
  EXPECT_EQ(to_date(CalendarDay{2024, 3, 5}).days, 19'787);
  EXPECT_EQ(to_date(CalendarDay{1969, 12, 31}).days, -1);
}

TEST(DateTest, CountsAsTheStandardLibraryDoes) {
  // 800 years: every leap rule twice.
  for (int32_t days = -150'000; days < 150'000; ++days) {
    const std::chrono::year_month_day expected{std::chrono::sys_days(std::chrono::days(days))};
    const CalendarDay day = to_calendar(Date{days});
    ASSERT_EQ(day.year, static_cast<int>(expected.year()));
    ASSERT_EQ(static_cast<unsigned>(day.month), static_cast<unsigned>(expected.month()));
    ASSERT_EQ(static_cast<unsigned>(day.day), static_cast<unsigned>(expected.day()));
    ASSERT_EQ(to_date(day).days, days);
  }
}

TEST(DateTest, GoesToCalendarAndBackForAnyDay) {
  Random random;
  for (int i = 0; i < 20'000; ++i) {
    const Date date{static_cast<int32_t>(random.next())};
    ASSERT_EQ(to_date(to_calendar(date)), date);
  }
  for (const int32_t days : {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
    EXPECT_EQ(to_date(to_calendar(Date{days})).days, days);
  }
}

TEST(DateTest, DaysThatDoNotExistAreErrors) {
  for (const CalendarDay& day :
       {CalendarDay{2023, 2, 29}, CalendarDay{1900, 2, 29}, CalendarDay{2024, 4, 31}, CalendarDay{2024, 0, 1},
        CalendarDay{2024, 13, 1}, CalendarDay{2024, 1, 0}, CalendarDay{2024, 1, 32}, CalendarDay{2024, -1, -1}}) {
    expect_error(ErrorKind::kInvalidArgument, "no day", [&] { static_cast<void>(to_date(day)); });
  }
  EXPECT_EQ(parts(to_calendar(to_date(CalendarDay{2000, 2, 29}))), std::tuple(2000, 2, 29));
}

TEST(DateTest, YearsThatDateCannotSayAreErrors) {
  for (const int32_t year : {std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min(), 6'000'000}) {
    expect_error(ErrorKind::kInvalidArgument, "out of reach", [&] {
      static_cast<void>(to_date(CalendarDay{year, 1, 1}));
    });
  }
}

TEST(DateTest, MomentsBeforeTheEpochBelongToTheDayBefore) {
  EXPECT_EQ(to_date(Timestamp{-1}).days, -1);
  EXPECT_EQ(to_date(Timestamp{-kNanosecondsPerDay}).days, -1);
  EXPECT_EQ(to_date(Timestamp{-kNanosecondsPerDay - 1}).days, -2);
  EXPECT_EQ(to_date(Timestamp{kNanosecondsPerDay - 1}).days, 0);
}

TEST(DateTest, StartIsWithinReachOrAnError) {
  EXPECT_EQ(start_of(Date{-1}).nanoseconds, -kNanosecondsPerDay);
  const Date last = to_date(Timestamp::max());
  EXPECT_EQ(to_date(start_of(last)), last);
  const Date first = to_date(Timestamp::min());
  expect_error(ErrorKind::kInvalidArgument, "1677-09-21", [&] { static_cast<void>(start_of(first)); });
  expect_error(ErrorKind::kInvalidArgument, "2262-04-12", [&] { static_cast<void>(start_of(Date{last.days + 1})); });
}

TEST(TimestampTest, ArithmeticStopsAtTheEnds) {
  EXPECT_EQ(Timestamp::max() + Duration{1}, Timestamp::max());
  EXPECT_EQ(Timestamp::min() + Duration{-1}, Timestamp::min());
  EXPECT_EQ(Timestamp::min() - Duration{1}, Timestamp::min());
  EXPECT_EQ(Timestamp::max() - Duration{kMin}, Timestamp::max());
  EXPECT_EQ((Timestamp::max() - Timestamp::min()).nanoseconds, kMax);
  EXPECT_EQ((Timestamp::min() - Timestamp::max()).nanoseconds, kMin);
  EXPECT_EQ(Timestamp{5} + Duration{-7}, Timestamp{-2});
}

TEST(TimestampTest, LongDurationsStopAtTheLongest) {
  EXPECT_EQ(Duration::seconds(3).nanoseconds, 3'000'000'000);
  EXPECT_EQ(Duration::seconds(kMax).nanoseconds, kMax);
  EXPECT_EQ(Duration::milliseconds(kMin).nanoseconds, kMin);
  EXPECT_EQ(Duration::microseconds(-2).nanoseconds, -2'000);
}

TEST(TimeRangeTest, HoldsItsStartAndNotItsEnd) {
  const TimeRange range{{10}, {20}};
  EXPECT_TRUE(range.contains({10}));
  EXPECT_TRUE(range.contains({19}));
  EXPECT_FALSE(range.contains({20}));
  EXPECT_FALSE(range.contains({9}));
  EXPECT_FALSE(range.empty());
}

TEST(TimeRangeTest, IsEmptyIfItEndsWhereItBeginsOrBefore) {
  EXPECT_TRUE((TimeRange{{10}, {10}}).empty());
  EXPECT_TRUE((TimeRange{{10}, {9}}).empty());
  EXPECT_FALSE((TimeRange{{10}, {9}}).contains({9}));
}

TEST(ClosedTest, WordsGoThereAndBack) {
  for (const Closed closed : {Closed::kBoth, Closed::kLeft, Closed::kRight, Closed::kNone}) {
    EXPECT_EQ(parse_closed(to_string(closed)), closed);
  }
  EXPECT_EQ(to_string(Closed::kLeft), "left");
}

TEST(ClosedTest, OtherWordsAreErrors) {
  for (const char* text : {"", "Both", "left ", "unknown", "\x01"}) {
    expect_error(ErrorKind::kInvalidArgument, quote(text), [&] { static_cast<void>(parse_closed(text)); });
  }
}

TEST(DurationTest, IsWrittenInTheFewestUnits) {
  EXPECT_EQ(to_string(Duration{0}), "0s");
  EXPECT_EQ(to_string(Duration::seconds(5'400)), "1h30m");
  EXPECT_EQ(to_string(Duration::seconds(86'400)), "1d");
  EXPECT_EQ(to_string(Duration::milliseconds(250)), "250ms");
  EXPECT_EQ(to_string(Duration::seconds(-5)), "-5s");
  EXPECT_EQ(to_string(Duration{1'000'001}), "1ms1ns");
  EXPECT_EQ(to_string(Duration{kMin}), "-106751d23h47m16s854ms775us808ns");
}

TEST(DurationTest, ReadsCountsOfAnySize) {
  EXPECT_EQ(parse_duration("90m"), Duration::seconds(5'400));
  EXPECT_EQ(parse_duration("0s"), Duration{0});
  EXPECT_EQ(parse_duration("-0d"), Duration{0});
  EXPECT_EQ(parse_duration("1d1ns").nanoseconds, kNanosecondsPerDay + 1);
  EXPECT_EQ(parse_duration("-9223372036854775808ns").nanoseconds, kMin);
  EXPECT_EQ(parse_duration("007us"), Duration::microseconds(7));
  EXPECT_EQ(parse_duration("2w"), parse_duration("14d"));
  EXPECT_EQ(to_string(parse_duration("-1w1h")), "-7d1h");
}

TEST(DurationTest, AnythingElseIsAnError) {
  for (const char* text : {"",
                           "-",
                           "5",
                           "s",
                           "1.5h",
                           "1h 30m",
                           "30m1h",
                           "1h1h",
                           "1H",
                           "+1h",
                           "1h-30m",
                           "--1h",
                           "1 h",
                           "1min",
                           "1d1w",
                           "15251w",
                           "106752d",
                           "9223372036854775808ns",
                           "99999999999999999999d",
                           "106751d24h",
                           "1h30"}) {
    expect_error(ErrorKind::kInvalidArgument, quote(text), [&] { static_cast<void>(parse_duration(text)); });
  }
}

TEST(DurationTest, TextGoesThereAndBack) {
  Random random;
  for (int i = 0; i < 10'000; ++i) {
    const Duration duration{random.edgy()};
    ASSERT_EQ(parse_duration(to_string(duration)), duration) << to_string(duration);
  }
}

}  // namespace
}  // namespace varve
