#include "varve/lake/options.h"

#include <gtest/gtest.h>

#include "support/errors.h"

namespace varve {
namespace {

std::string start(const TimeBound& bound, std::string_view zone = {}) { return to_string(bound.as_start(zone)); }
std::string end(const TimeBound& bound, std::string_view zone = {}) { return to_string(bound.as_end(zone)); }

TEST(TimeBoundTest, AMomentIsItself) {
  EXPECT_EQ(start(parse_timestamp("2024-03-05T10:00:00Z")), "2024-03-05T10:00:00Z");
  EXPECT_EQ(end("2024-03-05T10:00:00+02:00"), "2024-03-05T08:00:00Z");
}

TEST(TimeBoundTest, ADayReachesFromItsFirstToItsLastInstant) {
  EXPECT_EQ(start("2024-03-05"), "2024-03-05T00:00:00Z");
  EXPECT_EQ(end("2024-03-05"), "2024-03-05T23:59:59.999999999Z");
  EXPECT_EQ(end(parse_date("2024-03-05")), "2024-03-05T23:59:59.999999999Z");
}

TEST(TimeBoundTest, ADayIsTheZonesDay) {
  EXPECT_EQ(start("2024-03-05", "America/New_York"), "2024-03-05T05:00:00Z");
  EXPECT_EQ(end("2024-03-05", "America/New_York"), "2024-03-06T04:59:59.999999999Z");
}

TEST(TimeBoundTest, ADayOfChangedClocksIsLongerOrShorter) {
  EXPECT_EQ(start("2024-03-10", "America/New_York"), "2024-03-10T05:00:00Z");
  EXPECT_EQ(end("2024-03-10", "America/New_York"), "2024-03-11T03:59:59.999999999Z");
}

TEST(TimeBoundTest, ADayWithoutMidnightBeginsWhenItBegins) {
  EXPECT_EQ(start("2018-11-04", "America/Sao_Paulo"), "2018-11-04T03:00:00Z");
  EXPECT_EQ(end("2018-11-03", "America/Sao_Paulo"), "2018-11-04T02:59:59.999999999Z");
}

TEST(TimeBoundTest, ANaiveTimeNeedsAZone) {
  EXPECT_EQ(start("2024-03-05T10:00", "America/New_York"), "2024-03-05T15:00:00Z");
  testing::expect_error(ErrorKind::kInvalidArgument, "zone", [] { start("2024-03-05T10:00"); });
}

TEST(TimeBoundTest, DaysOutOfReachAreTheEndsOfTime) {
  EXPECT_EQ(TimeBound("9999-12-31").as_end(""), Timestamp::max());
  EXPECT_EQ(TimeBound("0001-01-01").as_start("Europe/Berlin"), Timestamp::min());
}

std::string moments(const TimeBound& first, const TimeBound& last, Closed closed, std::string_view zone = {}) {
  const Moments within = moments_of({first, last, closed, std::string(zone)});
  return to_string(within.first) + " " + to_string(within.last);
}

TEST(MomentsTest, ADayThatIsLeftOutIsLeftOutAsAWhole) {
  const Date first = parse_date("2024-03-05");
  const Date last = parse_date("2024-03-07");
  EXPECT_EQ(moments(first, last, Closed::kBoth), "2024-03-05T00:00:00Z 2024-03-07T23:59:59.999999999Z");
  EXPECT_EQ(moments(first, last, Closed::kLeft), "2024-03-05T00:00:00Z 2024-03-06T23:59:59.999999999Z");
  EXPECT_EQ(moments(first, last, Closed::kRight), "2024-03-06T00:00:00Z 2024-03-07T23:59:59.999999999Z");
  EXPECT_EQ(moments(first, "2024-03-07", Closed::kNone), "2024-03-06T00:00:00Z 2024-03-06T23:59:59.999999999Z");
  EXPECT_EQ(moments(first, last, Closed::kNone, "Asia/Tokyo"), "2024-03-05T15:00:00Z 2024-03-06T14:59:59.999999999Z");
}

TEST(MomentsTest, AMomentThatIsLeftOutIsOneNanosecond) {
  const Timestamp first = parse_timestamp("2024-03-05T10:00Z");
  EXPECT_EQ(moments(first, first + Duration::seconds(1), Closed::kNone),
            "2024-03-05T10:00:00.000000001Z 2024-03-05T10:00:00.999999999Z");
}

TEST(MomentsTest, LeftOutDaysOutOfReachLeaveTheRestOfTime) {
  const Moments all = moments_of({.start = "0001-01-01", .end = "9999-12-31", .closed = Closed::kNone});
  EXPECT_EQ(all.first, Timestamp::min() + Duration{1});
  EXPECT_EQ(all.last, Timestamp::max() - Duration{1});
  const Moments none = moments_of({.start = "9999-12-31", .closed = Closed::kNone});
  EXPECT_GT(none.first, none.last);
}

TEST(TimeBoundTest, BadTextIsAnError) {
  testing::expect_error(ErrorKind::kInvalidArgument, "yesterday", [] { start("yesterday"); });
  testing::expect_error(ErrorKind::kInvalidArgument, "2024-02-30", [] { end("2024-02-30"); });
}

}  // namespace
}  // namespace varve
